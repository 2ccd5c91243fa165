import type { LinkedProgram } from '../program/run.js';
import type { Engine } from './engine.js';
import type { Outcome } from './outcome.js';
import { beginStep, finishStep, runsOf } from './steps.js';

/** Does work that lets others in between, who are not to change what it works on. */
export async function inParts<T>({ steps }: Engine, work: () => Promise<T>): Promise<T> {
  steps.midway = true;
  try {
    return await work();
  } finally {
    steps.midway = false;
  }
}

/**
 * Runs a staged training step, handing over to `pause` between calls. Where `unwanted` says so before any weight has
 * changed, the step is as if it had not begun, and there is no outcome; after that it runs to its end.
 */
export async function stepInParts(
  engine: Engine,
  program: LinkedProgram,
  pause: () => Promise<void> | undefined,
  unwanted?: () => boolean,
): Promise<Outcome | undefined> {
  const step = beginStep(engine, program);
  const undoable = step.kind === 'solved' ? 0 : program.undoable;
  return inParts(engine, async () => {
    for (const _ of runsOf(engine, step)) {
      for (let i = 0; i < program.steps.length; i++) {
        if (i < undoable && unwanted?.()) {
          engine.heap[engine.slots.factor.offset] = 1;
          return undefined;
        }
        (program.steps[i] as () => void)();
        const pausing = pause();
        if (pausing) await pausing;
      }
    }
    return finishStep(engine, step);
  });
}

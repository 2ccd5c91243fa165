import type { LinkedProgram } from '../program/run.js';
import type { Engine } from './engine.js';
import type { Outcome } from './outcome.js';

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
  const { steps, training } = engine;
  const undoable = training.optimizer.solver ? 0 : program.undoable;
  steps.midway = true;
  try {
    for (const _ of steps.begun(program)) {
      for (let i = 0; i < program.steps.length; i++) {
        if (i < undoable && unwanted?.()) {
          if (program.mode === 'train') steps.taken--;
          engine.heap[engine.slots.factor.offset] = 1;
          return undefined;
        }
        (program.steps[i] as () => void)();
        const pausing = pause();
        if (pausing) await pausing;
      }
    }
  } finally {
    steps.midway = false;
  }
  return steps.finish(program);
}

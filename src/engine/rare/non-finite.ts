import { allFinite } from '../../matrix.js';
import type { Tensor } from '../../program/plan.js';
import { type LinkedProgram, link, run } from '../../program/run.js';
import type { Engine } from '../engine.js';
import { readOutcome, type Trouble } from '../outcome.js';
import { keep, type Step } from '../steps.js';

function finite({ heap }: Engine, { offset, size }: Tensor): boolean {
  const part = heap.subarray(offset, offset + size);
  return part instanceof Float32Array ? allFinite(part) : part.every(Number.isFinite);
}

/** Returns the tensors that last from one update to the next, by name. */
function lasting({ network, training }: Engine): readonly (readonly [string, Tensor])[] {
  const { states, tables, update } = training;
  const named = [...states, ...tables.flatMap((table) => table.states)];
  const { average, accumulation } = update;
  if (average) named.push(average.values);
  if (accumulation) named.push(accumulation.sum);
  return [...network.parameters, ...named.map((value) => ({ name: value.name, value }))].map(
    ({ name, value }) => [name, value] as const,
  );
}

/** Copies what lasts from one update to the next; what it returns puts it back. */
export function keepLasting(engine: Engine): () => void {
  return keep(
    engine,
    lasting(engine).map(([, tensor]) => tensor),
  );
}

/** Finds what an update has made infinite. */
function findSpoilt(engine: Engine): Trouble | undefined {
  const spoilt = lasting(engine).find(([, tensor]) => !finite(engine, tensor));
  return spoilt && { tensor: 'weight', name: spoilt[0] };
}

/** Finds what is not finite of loss and gradients. */
export function findTrouble(engine: Engine, { rowGradients, mode }: LinkedProgram): Trouble | undefined {
  const { training, slots } = engine;
  const { gradients, clip, trackGradientNorm } = training;
  if (!Number.isFinite(readOutcome(engine).loss)) return { tensor: 'loss' };
  const tensors = [gradients, ...rowGradients.map((rows) => rows.gradients)];
  if (clip || (trackGradientNorm && mode === 'train')) tensors.push(slots.norm);
  return tensors.every((tensor) => finite(engine, tensor)) ? undefined : { tensor: 'gradient' };
}

/** Runs what follows the gradients in a program that has just run and left all else as it was. */
function runUpdate(engine: Engine, program: LinkedProgram): void {
  engine.heap[engine.slots.factor.offset] = 1;
  const calls = program.calls.filter(([kernel], i) => i >= program.update || kernel === 'clipFactor');
  const [, backend] = engine.withBackend(program);
  run(link({ ...program, calls }, backend, engine.network.threads));
}

/** Looks again at a step that the program's guard has stopped: takes it after all where numbers are merely large. */
function reconsider(engine: Engine, program: LinkedProgram): Trouble | undefined {
  const trouble = findTrouble(engine, program);
  if (trouble) return trouble;
  const putBack = keepLasting(engine);
  runUpdate(engine, program);
  const spoilt = findSpoilt(engine);
  if (spoilt) putBack();
  return spoilt;
}

/** Looks closely at a step that the program's guard has stopped, or that was risky. */
export function troubleOf(engine: Engine, step: Step, stopped: boolean): Trouble | undefined {
  const { heap, slots } = engine;
  const met = step.kind === 'solved' ? step.trouble : undefined;
  const refused = met ?? (stopped ? reconsider(engine, step.program) : undefined);
  heap[slots.factor.offset] = 1;
  if (refused || stopped || step.kind === 'guarded') return refused;
  // The gradients that a solver leaves may be those of weights which it did not take.
  const trouble = (step.kind === 'risky' ? findTrouble(engine, step.program) : undefined) ?? findSpoilt(engine);
  if (trouble) step.undo();
  return trouble;
}

declare module '../../rare.js' {
  interface RareParts {
    readonly keepLasting: typeof keepLasting;
    readonly findTrouble: typeof findTrouble;
    readonly troubleOf: typeof troubleOf;
  }
}

import { allFinite } from '../matrix.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import type { Engine } from './engine.js';
import { readOutcome, type Trouble } from './outcome.js';

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

/** Copies tensors; what it returns puts them back. */
export function keep(engine: Engine, tensors: readonly Tensor[]): () => void {
  const kept = tensors.map(({ offset, size }) => [offset, engine.heap.slice(offset, offset + size)] as const);
  return () => {
    for (const [offset, values] of kept) engine.heap.set(values, offset);
  };
}

/** Copies what lasts from one update to the next; what it returns puts it back. */
export function keepLasting(engine: Engine): () => void {
  return keep(
    engine,
    lasting(engine).map(([, tensor]) => tensor),
  );
}

/** Finds what an update has made infinite. */
export function findSpoilt(engine: Engine): Trouble | undefined {
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

/** Looks again at a step that the program's guard has stopped: takes it after all where numbers are merely large. */
export function reconsider(engine: Engine, program: LinkedProgram): Trouble | undefined {
  const trouble = findTrouble(engine, program);
  if (trouble) return trouble;
  const putBack = keepLasting(engine);
  engine.runUpdate(program);
  const spoilt = findSpoilt(engine);
  if (spoilt) putBack();
  return spoilt;
}

import { allFinite } from '../matrix.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import type { ModelMemory } from './memory.js';
import { readOutcome } from './outcome.js';

/** Says what is not finite, where a step was refused. */
export interface Trouble {
  readonly tensor: 'loss' | 'gradient' | 'weight';
  /** The name of what the update would have made infinite: a parameter, or the optimizer's state. */
  readonly name?: string;
}

function finite({ heap }: ModelMemory, { offset, size }: Tensor): boolean {
  const part = heap.subarray(offset, offset + size);
  return part instanceof Float32Array ? allFinite(part) : part.every(Number.isFinite);
}

/** Returns the tensors that last from one update to the next, by name. */
function lasting({ network, training }: ModelMemory): readonly (readonly [string, Tensor])[] {
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
export function keepLasting(memory: ModelMemory): () => void {
  const { heap } = memory;
  const kept = lasting(memory).map(([, { offset, size }]) => [offset, heap.slice(offset, offset + size)] as const);
  return () => {
    for (const [offset, values] of kept) memory.heap.set(values, offset);
  };
}

/** Finds what an update has made infinite. */
export function findSpoilt(memory: ModelMemory): Trouble | undefined {
  const spoilt = lasting(memory).find(([, tensor]) => !finite(memory, tensor));
  return spoilt && { tensor: 'weight', name: spoilt[0] };
}

/** Finds what is not finite of loss and gradients. */
export function findTrouble(memory: ModelMemory, { rowGradients, mode }: LinkedProgram): Trouble | undefined {
  const { training, slots } = memory;
  const { gradients, clip, trackGradientNorm } = training;
  if (!Number.isFinite(readOutcome(memory).loss)) return { tensor: 'loss' };
  const tensors = [gradients, ...rowGradients.map((rows) => rows.gradients)];
  if (clip || (trackGradientNorm && mode === 'train')) tensors.push(slots.norm);
  return tensors.every((tensor) => finite(memory, tensor)) ? undefined : { tensor: 'gradient' };
}

/** Looks again at a step that the program's guard has stopped: takes it after all where numbers are merely large. */
export function reconsider(memory: ModelMemory, program: LinkedProgram): Trouble | undefined {
  const trouble = findTrouble(memory, program);
  if (trouble) return trouble;
  const putBack = keepLasting(memory);
  memory.runUpdate(program);
  const spoilt = findSpoilt(memory);
  if (spoilt) putBack();
  return spoilt;
}

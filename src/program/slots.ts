import type { Tensor } from './plan.js';
import { vectorTensor } from './plan.js';

/** Heap elements for what changes from step to step or comes back from one; linked calls read and write them. */
export interface Slots {
  readonly block: Tensor;
  /** The gradient's scale after clipping; NaN makes optimizers leave everything alone. */
  readonly factor: Tensor;
  /** After the factor: the largest magnitude that `guard` last saw. */
  readonly largest: Tensor;
  readonly norm: Tensor;
  /** Magnitudes below these pass `guard`: of operands of a product, and of gradients. */
  readonly bound: Tensor;
  readonly ceiling: Tensor;
  /** Seed and step of the generator, 16 bits an element. */
  readonly random: Tensor;
}

const SIZE = 16;

/** Slots lie together in one block of the heap. */
export function makeSlots(): Slots {
  return {
    block: vectorTensor('slots', SIZE),
    factor: vectorTensor('factor', 1),
    largest: vectorTensor('largest', 1),
    norm: vectorTensor('norm', 1),
    bound: vectorTensor('bound', 1),
    ceiling: vectorTensor('ceiling', 1),
    random: vectorTensor('random', 8),
  };
}

export function placeSlots(slots: Slots): void {
  const { block, random, ...single } = slots;
  Object.values(single).forEach((tensor, i) => {
    tensor.offset = block.offset + i;
  });
  random.offset = block.offset + 8;
}

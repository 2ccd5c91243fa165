import { checkNumber } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { Emitter } from '../../program/emitter.js';
import type { Layer, Step } from '../../program/layer.js';
import type { Tensor } from '../../program/plan.js';

/** Emits what fills `mask` and y, of the size of x. */
type Draw = (emit: Emitter, x: Tensor, y: Tensor, mask: Tensor, rate: number) => void;

/**
 * Returns a layer that passes its input on in inference, and in training lets `times`, a kernel, multiply the gradient by
 * the mask that the forward pass has drawn.
 * @throws ValueError unless 0 <= rate < 1.
 */
export function masked(
  name: string,
  units: number,
  rate: number,
  times: 'dropoutBackward' | 'multiply',
  draw: Draw,
): readonly Layer[] {
  checkNumber(rate, `${name}.rate`, { min: 0, below: 1 });
  const forward = (emit: Emitter, x: Tensor): Step => {
    if (!emit.training || emit.inference || rate === 0) return { y: x, backward: (dy) => [dy] };
    const y = emit.matrix(`${name}.y`, units);
    const mask = emit.matrix(`${name}.mask`, units);
    draw(emit, x, y, mask, rate);
    return {
      y,
      backward(dy) {
        emit.call(k.dropoutBackward, { mask, dy, dx: dy }, times);
        return [dy];
      },
    };
  };
  return [{ name, units, parameters: [], forward }];
}

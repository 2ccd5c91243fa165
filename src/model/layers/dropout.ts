import { checkNumber } from '../../errors.js';
import { stream } from '../../kernels/philox.js';
import type { Step } from '../../program/layer.js';
import { defineLayer, type LayerOptions } from './kind.js';

export interface DropoutOptions extends LayerOptions {
  /** Share of the inputs that training drops, 0 <= rate < 1. */
  readonly rate: number;
}

/** Zeroes inputs at random in training and scales the rest by 1 / (1 - rate); does nothing in inference. */
export const dropout = /* @__PURE__ */ defineLayer<'dropout', DropoutOptions>('dropout', {
  options: ['rate'],

  build(spec, name, [units]: readonly [number], index) {
    const rate = checkNumber(spec.rate, `${name}.rate`, { min: 0, below: 1 });
    return [
      {
        name,
        units,
        parameters: [],
        forward(emit, x): Step {
          if (!emit.training || rate === 0) return { y: x, backward: (dy) => [dy] };
          const y = emit.matrix(`${name}.y`, units);
          const mask = emit.matrix(`${name}.mask`, units);
          emit.call('dropoutForward', x, y, mask, x.size, emit.slots.random, stream('dropout', index), rate, 0);
          return {
            y,
            backward(dy) {
              emit.call('dropoutBackward', mask, dy, dy, dy.size);
              return [dy];
            },
          };
        },
      },
    ];
  },
});

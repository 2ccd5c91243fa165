import { stream } from '../../kernels/lib/philox.js';
import * as k from '../../kernels/signatures/index.js';
import { defineLayer, type LayerOptions } from './kind.js';
import { masked } from './masked.js';

/** Options of the layer `dropout`. */
export interface DropoutOptions extends LayerOptions {
  /** Share of the inputs that training drops, 0 <= rate < 1. */
  readonly rate: number;
}

/** Zeroes inputs at random in training and scales the rest by 1 / (1 - rate); does nothing in inference. */
export const dropout = /* @__PURE__ */ defineLayer<'dropout', DropoutOptions>('dropout', {
  options: ['rate'],

  build(spec, name, [units]: readonly [number], index) {
    return masked(name, units, spec.rate, 'dropoutBackward', (emit, x, y, mask, rate) => {
      emit.call(k.dropoutForward, { x, y, mask, state: emit.slots.random, stream: stream('dropout', index), rate });
    });
  },
});

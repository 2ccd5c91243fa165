import { stream } from '../../kernels/lib/philox.js';
import * as k from '../../kernels/signatures/index.js';
import { defineLayer, type LayerOptions } from './kind.js';
import { masked } from './masked.js';

/** Options of the layer `alphaDropout`. */
export interface AlphaDropoutOptions extends LayerOptions {
  /** Share of the inputs that training drops, 0 <= rate < 1. */
  readonly rate: number;
}

/** The value that selu tends to for very negative inputs: -alpha lambda. */
const LOWEST = -1.0507009873554805 * 1.6732632423543772;

/**
 * Sets inputs at random to the lowest value of selu in training, then scales and shifts all of them so that mean 0 and
 * variance 1 stay (Klambauer et al. 2017); does nothing in inference. For networks of selu.
 */
export const alphaDropout = /* @__PURE__ */ defineLayer<'alphaDropout', AlphaDropoutOptions>('alphaDropout', {
  options: ['rate'],

  build(spec, name, [units]: readonly [number], index) {
    return masked(name, units, spec.rate, 'dropoutBackward', (emit, x, y, mask, rate) => {
      const scale = 1 / Math.sqrt((1 - rate) * (1 + rate * LOWEST ** 2));
      const shift = -scale * rate * LOWEST;
      const draw = { state: emit.slots.random, stream: stream('dropout', index), rate };
      emit.call(k.alphaDropoutForward, { x, y, mask, ...draw, scale, shift, dropped: scale * LOWEST + shift });
    });
  },
});

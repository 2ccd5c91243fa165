import { checkNumber } from '../../errors.js';
import { stream } from '../../kernels/philox.js';
import type { Step } from '../../program/layer.js';
import { defineLayer, type LayerOptions } from './kind.js';

export interface AlphaDropoutOptions extends LayerOptions {
  /** Share of the inputs that training drops, 0 <= rate < 1. */
  readonly rate: number;
}

/** What selu tends to for very negative inputs: -alpha lambda. */
const LOWEST = -1.0507009873554805 * 1.6732632423543772;

/**
 * Sets inputs at random to the lowest value of selu in training, then scales and shifts all of them so that mean 0 and
 * variance 1 stay (Klambauer et al. 2017); does nothing in inference. For networks of selu.
 */
export const alphaDropout = /* @__PURE__ */ defineLayer<'alphaDropout', AlphaDropoutOptions>('alphaDropout', {
  options: ['rate'],

  build(spec, name, [units]: readonly [number], index) {
    const rate = checkNumber(spec.rate, `${name}.rate`, { min: 0, below: 1 });
    const a = 1 / Math.sqrt((1 - rate) * (1 + rate * LOWEST ** 2));
    const b = -a * rate * LOWEST;
    return [
      {
        name,
        units,
        parameters: [],
        forward(emit, x): Step {
          if (!emit.training || rate === 0) return { y: x, backward: (dy) => [dy] };
          const y = emit.matrix(`${name}.y`, units);
          const mask = emit.matrix(`${name}.mask`, units);
          const { random } = emit.slots;
          const from = stream('dropout', index);
          emit.call('alphaDropoutForward', x, y, mask, x.size, random, from, rate, a, b, a * LOWEST + b, 0);
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

import { checkNumber } from '../../errors.js';
import { stream } from '../../kernels/philox.js';
import type { Step } from '../../program/layer.js';
import { defineLayer, type LayerOptions } from './kind.js';

export interface GaussianDropoutOptions extends LayerOptions {
  /** As of dropout, whose noise has the same variance: rate / (1 - rate). 0 <= rate < 1. */
  readonly rate: number;
}

/**
 * Multiplies the inputs in training by normally distributed numbers of mean 1 and variance rate / (1 - rate) (Srivastava
 * et al. 2014); does nothing in inference.
 */
export const gaussianDropout = /* @__PURE__ */ defineLayer<'gaussianDropout', GaussianDropoutOptions>(
  'gaussianDropout',
  {
    options: ['rate'],

    build(spec, name, [units]: readonly [number], index) {
      const rate = checkNumber(spec.rate, `${name}.rate`, { min: 0, below: 1 });
      const deviation = Math.sqrt(rate / (1 - rate));
      return [
        {
          name,
          units,
          parameters: [],
          forward(emit, x): Step {
            if (!emit.training || rate === 0) return { y: x, backward: (dy) => [dy] };
            const y = emit.matrix(`${name}.y`, units);
            const mask = emit.matrix(`${name}.mask`, units);
            emit.call('randomNormal', mask, mask.size, emit.slots.random, stream('noise', index), 1, deviation, 0);
            emit.call('multiply', x, mask, y, y.size);
            return {
              y,
              backward(dy) {
                emit.call('multiply', mask, dy, dy, dy.size);
                return [dy];
              },
            };
          },
        },
      ];
    },
  },
);

import { stream } from '../../kernels/lib/philox.js';
import * as k from '../../kernels/signatures/index.js';
import { defineLayer, type LayerOptions } from './kind.js';
import { masked } from './masked.js';

/** Options of the layer `gaussianDropout`. */
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
      return masked(name, units, spec.rate, 'multiply', (emit, x, y, mask, rate) => {
        const deviation = Math.sqrt(rate / (1 - rate));
        const draw = { state: emit.slots.random, stream: stream('noise', index) };
        emit.call(k.randomNormal, { y: mask, ...draw, mean: 1, deviation });
        emit.call(k.multiply, { a: x, b: mask, y });
      });
    },
  },
);

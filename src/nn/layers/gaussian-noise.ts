import { checkNumber } from '../../errors.js';
import { stream } from '../../kernels/lib/philox.js';
import * as k from '../../kernels/signatures/index.js';
import type { Step } from '../../program/layer.js';
import { defineLayer, type LayerOptions } from './kind.js';

/** Options of the layer `gaussianNoise`. */
export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise, in units of the inputs; 0 or more. */
  readonly stddev: number;
}

/** Adds normally distributed numbers of mean 0 to the inputs in training; does nothing in inference. */
export const gaussianNoise = /* @__PURE__ */ defineLayer<'gaussianNoise', GaussianNoiseOptions>('gaussianNoise', {
  options: ['stddev'],

  build(spec, name, [units]: readonly [number], index) {
    const stddev = checkNumber(spec.stddev, `${name}.stddev`, { min: 0 });
    return [
      {
        name,
        units,
        parameters: [],
        forward(emit, x): Step {
          if (!emit.training || emit.inference || stddev === 0) return { y: x, backward: (dy) => [dy] };
          const y = emit.matrix(`${name}.y`, units);
          const draw = { state: emit.slots.random, stream: stream('noise', index) };
          emit.call(k.randomNormal, { y, ...draw, mean: 0, deviation: stddev });
          emit.call(k.add, { a: x, b: y, y });
          return { y, backward: (dy) => [dy] };
        },
      },
    ];
  },
});

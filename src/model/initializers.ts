import { log } from '../kernels/math.js';
import { Generator } from '../kernels/philox.js';

/** How initial weights are distributed: all the same, between -limit and limit, or normally around 0. */
export type Distribution = { readonly constant: number } | { readonly limit: number } | { readonly deviation: number };

/**
 * Kernel and bias initializers by name. Variances are those of Glorot and Bengio 2010 and He et al. 2015 over
 * fan-in and fan-out; the normal ones are plain, where Keras truncates at two deviations.
 */
export const initializers = {
  zeros: () => ({ constant: 0 }),
  ones: () => ({ constant: 1 }),
  randomUniform: () => ({ limit: 0.05 }),
  glorotUniform: (fanIn, fanOut) => ({ limit: Math.sqrt(6 / (fanIn + fanOut)) }),
  glorotNormal: (fanIn, fanOut) => ({ deviation: Math.sqrt(2 / (fanIn + fanOut)) }),
  heUniform: (fanIn) => ({ limit: Math.sqrt(6 / fanIn) }),
  heNormal: (fanIn) => ({ deviation: Math.sqrt(2 / fanIn) }),
} satisfies Record<string, (fanIn: number, fanOut: number) => Distribution>;

export type InitializerName = keyof typeof initializers;

/**
 * Normally distributed weights from a stream of the seed, by Marsaglia's polar method. It needs no more than a square
 * root and a logarithm, and takes the logarithm of the compute kernels, so that every engine draws the same bits.
 */
export function drawNormal(size: number, deviation: number, seed: number, stream: number): Float32Array {
  const generator = new Generator(seed, stream);
  const weights = new Float32Array(size);
  for (let i = 0; i < size; ) {
    const a = 2 * generator.uniform() - 1;
    const b = 2 * generator.uniform() - 1;
    const s = a * a + b * b;
    if (s >= 1 || s === 0) continue;
    const scale = Math.sqrt((-2 * log(Math.fround(s))) / s);
    weights[i++] = a * scale * deviation;
    if (i < size) weights[i++] = b * scale * deviation;
  }
  return weights;
}

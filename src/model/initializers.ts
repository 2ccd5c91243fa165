import { log } from '../kernels/math.js';
import { Generator } from '../kernels/philox.js';

/** Fills in the weights of one parameter. */
type Fill = (weights: Float32Array, generator: Generator, fanIn: number, fanOut: number) => void;

function uniform(weights: Float32Array, generator: Generator, limit: number): void {
  for (let i = 0; i < weights.length; i++) weights[i] = (2 * generator.uniform() - 1) * limit;
}

/**
 * Marsaglia's polar method. It needs no more than a square root and a logarithm, and takes the logarithm of the
 * compute kernels, so that every engine draws the same bits.
 */
function normal(weights: Float32Array, generator: Generator, deviation: number): void {
  for (let i = 0; i < weights.length; ) {
    const a = 2 * generator.uniform() - 1;
    const b = 2 * generator.uniform() - 1;
    const s = a * a + b * b;
    if (s >= 1 || s === 0) continue;
    const scale = Math.sqrt((-2 * log(Math.fround(s))) / s);
    weights[i++] = a * scale * deviation;
    if (i < weights.length) weights[i++] = b * scale * deviation;
  }
}

/**
 * Kernel and bias initializers by name. Variances are those of Glorot and Bengio 2010 and He et al. 2015 over
 * fan-in and fan-out; the normal ones are plain, where Keras truncates at two deviations.
 */
export const initializers = {
  zeros: () => {},
  ones: (w) => void w.fill(1),
  glorotUniform: (w, g, fanIn, fanOut) => uniform(w, g, Math.sqrt(6 / (fanIn + fanOut))),
  glorotNormal: (w, g, fanIn, fanOut) => normal(w, g, Math.sqrt(2 / (fanIn + fanOut))),
  heUniform: (w, g, fanIn) => uniform(w, g, Math.sqrt(6 / fanIn)),
  heNormal: (w, g, fanIn) => normal(w, g, Math.sqrt(2 / fanIn)),
} satisfies Record<string, Fill>;

export type InitializerName = keyof typeof initializers;

/** Row-major fanIn x fanOut weights from a stream of the seed. `name` must be a key of `initializers`. */
export function initialize(
  name: InitializerName,
  fanIn: number,
  fanOut: number,
  seed: number,
  stream: number,
): Float32Array {
  const weights = new Float32Array(fanIn * fanOut);
  const fill: Fill = initializers[name];
  fill(weights, new Generator(seed, stream), fanIn, fanOut);
  return weights;
}

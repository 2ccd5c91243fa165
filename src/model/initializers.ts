import { log } from '../kernels/math.js';
import { Generator } from '../kernels/philox.js';

/** Draws one weight; a new one per parameter, so that fan-in and generator are bound once. */
type Draw = () => number;

function uniform(generator: Generator, limit: number): Draw {
  return () => (2 * generator.uniform() - 1) * limit;
}

/**
 * Marsaglia's polar method. It needs no more than a square root and a logarithm, and takes the logarithm of the
 * compute kernels, so that every engine draws the same bits.
 */
function normal(generator: Generator, deviation: number): Draw {
  let spare: number | undefined;
  return () => {
    if (spare !== undefined) {
      const value = spare;
      spare = undefined;
      return value * deviation;
    }
    for (;;) {
      const a = 2 * generator.uniform() - 1;
      const b = 2 * generator.uniform() - 1;
      const s = a * a + b * b;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * log(Math.fround(s))) / s);
      spare = b * scale;
      return a * scale * deviation;
    }
  };
}

/**
 * Kernel and bias initializers by name. Variances are those of Glorot and Bengio 2010, He et al. 2015 and LeCun
 * et al. 1998 over fan-in and fan-out; the normal ones are plain, where Keras truncates at two deviations.
 */
export const initializers = {
  zeros: () => () => 0,
  ones: () => () => 1,
  glorotUniform: (g, fanIn, fanOut) => uniform(g, Math.sqrt(6 / (fanIn + fanOut))),
  glorotNormal: (g, fanIn, fanOut) => normal(g, Math.sqrt(2 / (fanIn + fanOut))),
  heUniform: (g, fanIn) => uniform(g, Math.sqrt(6 / fanIn)),
  heNormal: (g, fanIn) => normal(g, Math.sqrt(2 / fanIn)),
  lecunNormal: (g, fanIn) => normal(g, Math.sqrt(1 / fanIn)),
} satisfies Record<string, (generator: Generator, fanIn: number, fanOut: number) => Draw>;

export type InitializerName = keyof typeof initializers;

/** Row-major fanIn x fanOut weights from a stream of the seed. `name` must be a key of `initializers`. */
export function initialize(
  name: InitializerName,
  fanIn: number,
  fanOut: number,
  seed: number,
  stream: number,
): Float32Array {
  const draw = initializers[name](new Generator(seed, stream), fanIn, fanOut);
  const data = new Float32Array(fanIn * fanOut);
  for (let i = 0; i < data.length; i++) data[i] = draw();
  return data;
}

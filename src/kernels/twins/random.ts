import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { philox } from '../lib/philox.js';

type Family = Pick<
  Twins,
  'randomUniform' | 'randomNormal' | 'uniformWeights' | 'dropoutForward' | 'alphaDropoutForward' | 'dropoutBackward'
>;

export function random(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const block = new Int32Array(4);

  function readState(h: Heap, state: number): [number, number, number, number] {
    const word = (i: number) => h[state + 2 * i]! | (h[state + 2 * i + 1]! << 16);
    return [word(0), word(1), word(2), word(3)];
  }

  function uniforms(h: Heap, out: number, n: number, state: number, stream: number, first: number): void {
    const [key0, key1, step0, step1] = readState(h, state);
    for (let i = 0; i < n; i += 4) {
      philox((first + i) >> 2, step0, step1, stream, key0, key1, block);
      for (let k = 0; k < 4 && i + k < n; k++) h[out + i + k] = (block[k]! >>> 8) * 2 ** -24;
    }
  }

  const fma = (a: number, b: number, c: number) => f(f(a * b) + c);
  const HALF_PI = f(Math.PI / 2);
  const SINE = [-1.9515295891e-4, 8.3321608736e-3, -1.6666654611e-1].map(f) as [number, number, number];
  const COSINE = [2.443315711809948e-5, -1.388731625493765e-3, 4.166664568298827e-2].map(f) as typeof SINE;
  const polynomial = ([a, b, c]: typeof SINE, z: number) => fma(fma(z, a, b), z, c);

  return {
    randomUniform: (h, y, n, state, stream) => uniforms(h, y, n, state, stream, 0),

    randomNormal(h, y, n, state, stream, mean, deviation, first) {
      uniforms(h, y, n, state, stream, first);
      const center = f(mean);
      const spread = f(deviation);
      for (let i = 0; i < n; i += 4) {
        for (let k = y + i; k < y + i + 2; k++) {
          const radius = f(f(Math.sqrt(f(arithmetic.log(f(1 - h[k]!)) * -2))) * spread);
          const turn = h[k + 2]! * 4;
          const quarter = Math.floor(turn);
          const angle = f((turn - quarter - 0.5) * HALF_PI);
          const z = f(angle * angle);
          const sine = fma(f(polynomial(SINE, z) * z), angle, angle);
          const plain = fma(f(polynomial(COSINE, z) * z), z, f(1 - f(z * 0.5)));
          const cosine = quarter > 1 ? -plain : plain;
          h[k] = fma(quarter & 1 ? sine : cosine, radius, center);
          h[k + 2] = fma(quarter & 1 ? cosine : sine, radius, center);
        }
      }
    },

    uniformWeights(h, w, _scratch, rows, columns, state, stream, limit) {
      const [key0, key1, step0, step1] = readState(h, state);
      let i = 0;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++, i++) {
          const word = 2 * (i & 1);
          if (word === 0) philox(i >> 1, step0, step1, stream, key0, key1, block);
          const bits = (block[word]! >>> 5) * 2 ** 26 + (block[word + 1]! >>> 6);
          h[w + ((column >> 3) * rows + row) * 8 + (column & 7)] = f((bits * 2 ** -52 - 1) * limit);
        }
      }
    },

    dropoutForward(h, x, y, mask, n, state, stream, rate, first) {
      const limit = f(rate);
      const scale = f(1 / f(1 - limit));
      uniforms(h, mask, n, state, stream, first);
      for (let i = 0; i < n; i++) {
        const keep = h[mask + i]! >= limit ? scale : 0;
        h[mask + i] = keep;
        h[y + i] = f(h[x + i]! * keep);
      }
    },

    alphaDropoutForward(h, x, y, mask, n, state, stream, rate, scale, shift, dropped, first) {
      const limit = f(rate);
      const factor = f(scale);
      const kept = f(shift);
      const other = f(dropped);
      uniforms(h, mask, n, state, stream, first);
      for (let i = 0; i < n; i++) {
        const keep = h[mask + i]! >= limit;
        h[mask + i] = keep ? factor : 0;
        h[y + i] = keep ? fma(h[x + i]!, factor, kept) : other;
      }
    },

    dropoutBackward(h, mask, dy, dx, n) {
      for (let i = 0; i < n; i++) h[dx + i] = f(h[mask + i]! * h[dy + i]!);
    },
  };
}

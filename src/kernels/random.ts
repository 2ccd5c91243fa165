import type { Arithmetic } from './arithmetic.js';
import type { Heap, Twins } from './contract.js';
import { philox } from './philox.js';

type Family = Pick<Twins, 'randomUniform' | 'uniformWeights' | 'dropoutForward' | 'dropoutBackward'>;

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

  return {
    randomUniform: (h, y, n, state, stream) => uniforms(h, y, n, state, stream, 0),

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

    dropoutBackward(h, mask, dy, dx, n) {
      for (let i = 0; i < n; i++) h[dx + i] = f(h[mask + i]! * h[dy + i]!);
    },
  };
}

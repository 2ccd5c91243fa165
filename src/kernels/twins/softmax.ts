import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<Twins, 'softmaxForward' | 'softmaxBackward' | 'logSoftmaxForward' | 'logSoftmaxBackward'>;

/** Makes the loops over a row that softmax and the losses which contain it share. @internal */
export function softmaxParts({ round: f, exp }: Arithmetic) {
  const TINY = f(1e-20);
  const lanes = [0, 0, 0, 0];
  const clear = () => lanes.fill(0);
  const total32 = () => f(f(lanes[0]! + lanes[2]!) + f(lanes[1]! + lanes[3]!));

  function rowMax(h: Heap, z: number, columns: number): number {
    let max = -Infinity;
    for (let c = 0; c < columns; c++) max = max < h[z + c]! ? h[z + c]! : max;
    return max;
  }

  function exponentials(h: Heap, z: number, out: number, columns: number, max: number): number {
    clear();
    for (let c = 0; c < columns; c++) {
      const e = exp(f(h[z + c]! - max));
      const live = e < TINY ? 0 : e;
      lanes[c & 3] = f(lanes[c & 3]! + live);
      h[out + c] = live;
    }
    return total32();
  }

  return { TINY, lanes, clear, total32, rowMax, exponentials };
}

/** Makes the loops in TypeScript. @internal */
export function softmaxes(arithmetic: Arithmetic): Family {
  const { round: f, exp, log } = arithmetic;
  const { lanes, clear, total32, rowMax, exponentials } = softmaxParts(arithmetic);

  return {
    softmaxForward(h, x, y, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        const z = x + r * stride;
        const out = y + r * stride;
        const sum = exponentials(h, z, out, columns, rowMax(h, z, columns));
        for (let c = 0; c < columns; c++) h[out + c] = f(h[out + c]! / sum);
      }
    },

    softmaxBackward(h, y, dy, dx, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        const row = r * stride;
        clear();
        for (let c = 0; c < columns; c++) {
          lanes[c & 3] = f(lanes[c & 3]! + f(h[y + row + c]! * h[dy + row + c]!));
        }
        const dot = total32();
        for (let c = 0; c < columns; c++) h[dx + row + c] = f(h[y + row + c]! * f(h[dy + row + c]! - dot));
      }
    },

    logSoftmaxForward(h, x, y, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        const row = r * stride;
        const max = rowMax(h, x + row, columns);
        clear();
        for (let c = 0; c < columns; c++) {
          const shifted = f(h[x + row + c]! - max);
          h[y + row + c] = shifted;
          lanes[c & 3] = f(lanes[c & 3]! + exp(shifted));
        }
        const logSum = log(total32());
        for (let c = 0; c < columns; c++) h[y + row + c] = f(h[y + row + c]! - logSum);
      }
    },

    logSoftmaxBackward(h, y, dy, dx, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        const row = r * stride;
        clear();
        for (let c = 0; c < columns; c++) lanes[c & 3] = f(lanes[c & 3]! + h[dy + row + c]!);
        const all = total32();
        for (let c = 0; c < columns; c++) {
          h[dx + row + c] = f(h[dy + row + c]! - f(exp(h[y + row + c]!) * all));
        }
      }
    },
  };
}

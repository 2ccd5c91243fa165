import type { Arithmetic } from './arithmetic.js';
import type { Heap, Twins } from './contract.js';

type Family = Pick<
  Twins,
  | 'softmaxForward'
  | 'softmaxBackward'
  | 'logSoftmaxForward'
  | 'logSoftmaxBackward'
  | 'sparseCategoricalCrossentropy'
  | 'categoricalCrossentropy'
  | 'binaryCrossentropy'
  | 'meanSquaredError'
>;

export function losses(arithmetic: Arithmetic): Family {
  const { round: f, exp, log, log1p } = arithmetic;
  const TINY = f(1e-20);
  const lanes = [0, 0, 0, 0];
  const clear = () => lanes.fill(0);
  const total = () => lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!);
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

    sparseCategoricalCrossentropy(h, z, labels, dz, loss, rows, columns, stride) {
      const scale = f(1 / rows);
      let sumOfLosses = 0;
      for (let r = 0; r < rows; r++) {
        const row = z + r * stride;
        const out = dz + r * stride;
        const label = Math.trunc(h[labels + r]!);
        const max = rowMax(h, row, columns);
        const picked = h[row + label]!;
        const sum = exponentials(h, row, out, columns, max);
        sumOfLosses += f(log(sum) + f(max - picked));
        for (let c = 0; c < columns; c++) h[out + c] = f(f(h[out + c]! / sum) * scale);
        h[out + label] = f(h[out + label]! - scale);
      }
      h[loss] = sumOfLosses / rows;
    },

    categoricalCrossentropy(h, z, targets, dz, loss, rows, columns, stride, targetStride) {
      const scale = f(1 / rows);
      const sums = [0, 0, 0, 0];
      for (let r = 0; r < rows; r++) {
        const row = z + r * stride;
        const out = dz + r * stride;
        const t = targets + r * targetStride;
        const max = rowMax(h, row, columns);
        const sum = exponentials(h, row, out, columns, max);
        const logSum = log(sum);
        clear();
        for (let c = 0; c < columns; c++) {
          const target = h[t + c]!;
          if (target !== 0) sums[c & 3]! += f(target * f(logSum + f(max - h[row + c]!)));
          lanes[c & 3] = f(lanes[c & 3]! + target);
        }
        const weight = total32();
        for (let c = 0; c < columns; c++) {
          h[out + c] = f(f(f(f(h[out + c]! / sum) * weight) - h[t + c]!) * scale);
        }
      }
      h[loss] = (sums[0]! + sums[2]! + (sums[1]! + sums[3]!)) / rows;
    },

    binaryCrossentropy(h, z, targets, dz, loss, rows, columns, stride, targetStride) {
      const scale = f(1 / f(rows * columns));
      clear();
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const x = h[z + r * stride + c]!;
          const target = h[targets + r * targetStride + c]!;
          const e = exp(-Math.abs(x));
          lanes[(columns === 1 ? r : c) & 3]! += f(f((x < 0 ? 0 : x) - f(x * target)) + log1p(e));
          const p = f((x < 0 ? e : 1) / f(1 + e));
          h[dz + r * stride + c] = f(f(p - target) * scale);
        }
      }
      h[loss] = total() / (rows * columns);
    },

    meanSquaredError(h, y, targets, dy, loss, rows, columns, stride, targetStride) {
      const scale = f(2 / f(rows * columns));
      clear();
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const difference = f(h[y + r * stride + c]! - h[targets + r * targetStride + c]!);
          lanes[c & 3]! += f(difference * difference);
          h[dy + r * stride + c] = f(difference * scale);
        }
      }
      h[loss] = total() / (rows * columns);
    },
  };
}

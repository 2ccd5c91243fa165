import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';

type Family = Pick<Twins, 'embeddingForward' | 'embeddingRows' | 'embeddingGradient' | 'gatherRows' | 'scatterRows'>;

export function embedding({ round: f }: Arithmetic): Family {
  const copyRow = (h: Heap, from: number, to: number, n: number) => {
    for (let k = 0; k < n; k++) h[to + k] = h[from + k]!;
  };

  return {
    embeddingForward(h, ids, table, y, rows, columns, dim, stride, yStride) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          copyRow(h, table + h[ids + r * stride + c]! * dim, y + r * yStride + c * dim, dim);
        }
      }
    },

    embeddingRows(h, ids, seen, places, distinct, rows, columns, stride) {
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) h[seen + h[ids + r * stride + c]!] = -1;
      }
      let count = 0;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const id = h[ids + r * stride + c]!;
          if (h[seen + id]! < 0) {
            h[seen + id] = count;
            h[distinct + count] = id;
            count++;
          }
          h[places + r * columns + c] = h[seen + id]!;
        }
      }
      h.fill(-1, distinct + count, distinct + rows * columns);
    },

    embeddingGradient(h, dy, places, g, rows, columns, dim, stride, size) {
      h.fill(0, g, g + size);
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          const to = g + h[places + r * columns + c]! * dim;
          const from = dy + r * stride + c * dim;
          for (let k = 0; k < dim; k++) h[to + k] = f(h[to + k]! + h[from + k]!);
        }
      }
    },

    gatherRows(h, table, distinct, y, n, dim, size) {
      let i = 0;
      for (; i < n && h[distinct + i]! >= 0; i++) copyRow(h, table + h[distinct + i]! * dim, y + i * dim, dim);
      h.fill(0, y + i * dim, y + size);
    },

    scatterRows(h, x, distinct, table, n, dim) {
      for (let i = 0; i < n && h[distinct + i]! >= 0; i++) copyRow(h, x + i * dim, table + h[distinct + i]! * dim, dim);
    },
  };
}

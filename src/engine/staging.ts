import { isSparse, type Matrix } from '../matrix.js';
import type { Tensor } from '../program/plan.js';
import { rare } from '../rare.js';
import type { SparseMatrix } from '../sparse-matrix.js';
import { touchRows } from './touch-rows.js';

/** Rows of fewer elements are copied faster one by one than by `set`. */
const NARROW = 64;

/** Copies rows for which `set` is slow and one element at a time, too. */
function gatherRows(
  heap: Float32Array | Float64Array,
  { offset, stride, rows }: Tensor,
  data: Float32Array,
  columns: number,
  start: number,
  order?: Uint32Array,
): void {
  const whole = columns & ~3;
  for (let r = 0; r < rows; r++) {
    let from = (order ? (order[start + r] as number) : start + r) * columns;
    let to = offset + r * stride;
    const four = to + whole;
    const end = to + columns;
    for (; to < four; to += 4, from += 4) {
      const a = data[from] as number;
      const b = data[from + 1] as number;
      const c = data[from + 2] as number;
      const d = data[from + 3] as number;
      heap[to] = a;
      heap[to + 1] = b;
      heap[to + 2] = c;
      heap[to + 3] = d;
    }
    for (; to < end; to++, from++) heap[to] = data[from] as number;
  }
}

/** Copies rows into the heap: those that `order` names from `start` on, or as they come. */
export function stageRows(
  heap: Float32Array | Float64Array,
  tensor: Tensor,
  from: Matrix,
  start: number,
  order?: Uint32Array,
): void {
  if (isSparse(from)) {
    rare().stageNonZeros(heap, tensor, from as SparseMatrix, start, order);
    return;
  }
  const { data, columns } = from;
  const { offset, stride, rows } = tensor;
  if (!order && stride === columns) {
    const whole = data.length === rows * columns;
    heap.set(whole ? data : data.subarray(start * columns, (start + rows) * columns), offset);
    return;
  }
  if (order && columns >= 8) heap[offset] = touchRows(data, columns, order, start, rows);
  if (columns >= 8 && columns < NARROW) {
    gatherRows(heap, tensor, data, columns, start, order);
    return;
  }
  for (let r = 0; r < rows; r++) {
    const from = (order ? (order[start + r] as number) : start + r) * columns;
    const to = offset + r * stride;
    if (columns >= NARROW) heap.set(data.subarray(from, from + columns), to);
    else for (let c = 0; c < columns; c++) heap[to + c] = data[from + c] as number;
  }
}

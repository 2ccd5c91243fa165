import { ValueError } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import type { ProgramName } from '../../program/emitter.js';
import type { Network } from '../../program/network.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { SparseMatrix } from '../../sparse-matrix.js';
import type { Engine } from '../engine.js';

/** Programs hold so many non-zeros at least. */
const LEAST = 16;

const isSparse = (matrix: Matrix): matrix is SparseMatrix => 'indptr' in matrix;

/** Returns whether all layers that an input feeds take it by its non-zeros. */
function takesNonZeros({ nodes }: Network, input: number): boolean {
  return nodes.every(({ layer, inputs }) => !inputs.includes(input) || layer.takesNonZeros);
}

/** Returns the non-zeros to have room for: a power of two, so that few programs do; 0 where half of the numbers or more are some. */
function roomFor({ indptr, columns }: SparseMatrix, rows: number, start: number, order?: Uint32Array): number {
  let count = order ? 0 : indptr[start + rows]! - indptr[start]!;
  if (order) {
    for (let r = start; r < start + rows; r++) count += indptr[order[r]! + 1]! - indptr[order[r]!]!;
  }
  const half = Math.floor((rows * columns) / 2);
  if (count > half || half < LEAST) return 0;
  return Math.min(half, Math.max(LEAST, 2 ** Math.ceil(Math.log2(count))));
}

/** Returns the program for rows that `order` names from `start` on, by their non-zeros where that is less to compute. */
export function sparseProgram(
  engine: Engine,
  mode: ProgramName,
  rows: number,
  weighted: boolean,
  x: readonly Matrix[],
  start: number,
  order?: Uint32Array,
): LinkedProgram {
  const { network } = engine;
  const rooms = x.map((matrix, i) =>
    isSparse(matrix) && takesNonZeros(network, i) ? roomFor(matrix, rows, start, order) : 0,
  );
  return engine.program(mode, rows, weighted, rooms.some(Boolean) ? rooms : undefined);
}

/**
 * Copies rows of a sparse matrix into the heap, as they are or, where the tensor takes no non-zeros, with their zeros.
 * @throws ValueError for arrays that were written to since and name no column.
 */
export function stageNonZeros(
  heap: Float32Array | Float64Array,
  tensor: Tensor,
  { indptr, indices, values, columns }: SparseMatrix,
  start: number,
  order?: Uint32Array,
): void {
  const { nonZeros, offset, stride, size } = tensor;
  const rows = nonZeros ? nonZeros.starts.columns - 1 : tensor.rows;
  const [starts, places] = nonZeros ? [nonZeros.starts.offset, nonZeros.indices.offset] : [0, 0];
  if (!nonZeros) heap.fill(0, offset, offset + size);
  let count = 0;
  for (let r = 0; r < rows; r++) {
    const row = order ? order[start + r]! : start + r;
    if (nonZeros) heap[starts + r] = count;
    const end = indptr[row + 1]!;
    for (let i = indptr[row]!; i < end; i++, count++) {
      const index = indices[i]!;
      // Kernels trust indices, and arrays may have been written to since they were checked.
      if (!(index < columns) || (nonZeros && count >= size)) {
        throw new ValueError({
          argument: `x, row ${row}`,
          given: index < columns ? 'more non-zeros than before' : `column ${index}`,
          expected: 'a sparse matrix as it was when it was made',
          hint: 'Something has written to its arrays since.',
        });
      }
      if (nonZeros) {
        heap[places + count] = index;
        heap[offset + count] = values[i]!;
      } else heap[offset + r * stride + index] = values[i]!;
    }
  }
  if (!nonZeros) return;
  heap[starts + rows] = count;
  heap.fill(0, offset + count, offset + size);
}

declare module '../../rare.js' {
  interface RareParts {
    readonly sparseProgram: typeof sparseProgram;
    readonly stageNonZeros: typeof stageNonZeros;
  }
}

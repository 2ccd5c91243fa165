import { ShapeError, show, ValueError } from '../../errors.js';
import { allFinite } from '../../matrix.js';
import type { SparseMatrix } from '../../sparse-matrix.js';

/**
 * Reads a sparse matrix, and looks at its non-zeros.
 * @throws ShapeError for no rows, ValueError for what is no sparse matrix and for numbers that are not finite.
 */
export function readSparse(x: SparseMatrix, argument: string): SparseMatrix {
  if (typeof x.take !== 'function') {
    throw new ValueError({
      argument,
      given: show(x),
      expected: 'rows of numbers, a matrix, or what sparse(...) returns',
    });
  }
  const { indptr, indices, values, rows } = x;
  if (rows === 0) throw new ShapeError({ argument, given: '0 rows', expected: 'at least one row' });
  if (allFinite(values)) return x;
  const i = values.findIndex((value) => !Number.isFinite(value));
  const row = indptr.findIndex((end) => end > i) - 1;
  throw new ValueError({
    argument: `${argument}, row ${row}, column ${indices[i]}`,
    given: String(values[i]),
    expected: 'a finite number',
    hint: 'Fill or drop missing values before training; numbers above 3.4e38 overflow float32.',
  });
}

declare module '../../rare.js' {
  interface RareParts {
    readonly readSparse: typeof readSparse;
  }
}

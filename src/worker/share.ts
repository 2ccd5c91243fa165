import { BackendError, ShapeError } from '../errors.js';
import { isMatrix, isNumericArray, type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../matrix.js';
import { type Copy, canShare, copyInto, copyOfNumbers, copyOfRows, copyOfView, makeShared } from './copying.js';

/**
 * Copies data to memory that all threads share, once and in slices, so that no call copies it again: a worker reads it
 * where it lies. Good for what several calls take. Needs Node, or an isolated page.
 * @throws BackendError where memory cannot be shared; ShapeError, ValueError for what is no matrix.
 */
export async function share(data: MatrixLike): Promise<Matrix> {
  if (!canShare()) {
    throw new BackendError(
      'share: there is no SharedArrayBuffer here; a page must be isolated (headers Cross-Origin-Opener-Policy: ' +
        'same-origin and Cross-Origin-Embedder-Policy: require-corp). transfer(data) moves data instead.',
    );
  }
  const { copy, rows, columns } = read(data);
  const shared = makeShared(copy);
  await copyInto(shared, copy);
  return makeMatrix(shared as Float32Array, rows, columns);
}

interface Source {
  readonly copy: Copy;
  readonly rows: number;
  readonly columns: number;
}

function read(given: MatrixLike): Source {
  if (isMatrix(given)) {
    const { data, rows, columns } = given;
    if (data?.length === rows * columns && rows > 0) return { copy: asFloats(data), rows, columns };
    throw new ShapeError({
      argument: 'data',
      given: `${data?.length} numbers`,
      expected: `${rows} x ${columns} numbers, of at least one row`,
    });
  }
  const list = (Array.isArray(given) || isNumericArray(given) ? given : []) as readonly unknown[];
  const [first] = list;
  const nested = Array.isArray(first) || isNumericArray(first);
  const columns = nested ? first.length : 1;
  // Empty values, and those that are no data at all, are left for toMatrix to refuse.
  if (list.length === 0 || columns === 0) toMatrix(given, 'data');
  const copy = nested ? copyOfRows(list, columns, 'data') : asFloats(list);
  return { copy, rows: list.length, columns };
}

const asFloats = (values: ArrayLike<unknown>) =>
  values instanceof Float32Array ? copyOfView(values) : copyOfNumbers(values, 'data');

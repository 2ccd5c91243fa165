import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../../errors.js';
import { Generator, stream } from '../../kernels/lib/philox.js';
import { type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../../matrix.js';
import { shuffle } from '../splits.js';

/** Rows and their targets, which an augmentation may change in place. */
export interface Batch {
  /** Inputs, rows x columns. */
  readonly x: Matrix;
  /** Targets, rows x columns, in the order of the rows of `x`. */
  readonly y: Matrix;
}

/** Changes a batch; draws from `random` alone. */
export type Augmentation = (batch: Batch, random: Generator) => void;

/** Options of `augmented`. */
export interface BatchOptions {
  /** Rows of a batch, an integer of at least 1; default 32. */
  readonly batchSize?: number;
  /** A new order each epoch; default true. */
  readonly shuffle?: boolean;
  /** The seed of orders and augmentations; default 0. */
  readonly seed?: number;
}

/**
 * Batches of rows that are changed anew in each epoch: a function that `fit` takes instead of x and y. Everything is a
 * function of seed, epoch and batch. The data stay as they are.
 * @throws ShapeError for targets of other rows; ValueError for anything but augmentations.
 */
export function augmented(
  x: MatrixLike,
  y: MatrixLike,
  augmentations: readonly Augmentation[],
  options: BatchOptions = {},
): (epoch: number) => globalThis.Generator<[Matrix, Matrix], void, undefined> {
  checkOptions(options, ['batchSize', 'shuffle', 'seed'], 'augmented');
  const rows = toMatrix(x, 'x');
  const targets = toMatrix(y, 'y');
  if (targets.rows !== rows.rows) {
    throw new ShapeError({ argument: 'y', given: `${targets.rows} rows`, expected: `${rows.rows}, as x has` });
  }
  augmentations.forEach((item, i) => {
    if (typeof item === 'function') return;
    throw new ValueError({ argument: `augmentations[${i}]`, given: show(item), expected: 'one such as addNoise()' });
  });
  const batchSize = checkNumber(options.batchSize ?? 32, 'batchSize', { min: 1, integer: true });
  const seed = checkNumber(options.seed ?? 0, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  const mixed = options.shuffle ?? true;
  const batches = Math.ceil(rows.rows / batchSize);
  return function* epoch(number: number) {
    const order = Uint32Array.from({ length: rows.rows }, (_, row) => row);
    if (mixed) shuffle(order, new Generator(seed, stream('shuffle'), number));
    for (let b = 0; b < batches; b++) {
      const chosen = order.subarray(b * batchSize, (b + 1) * batchSize);
      const batch = { x: gather(rows, chosen), y: gather(targets, chosen) };
      augmentations.forEach((augment, i) => {
        augment(batch, new Generator(seed, stream('augmentation', i), number * batches + b));
      });
      yield [batch.x, batch.y];
    }
  };
}

export function gather({ data, columns }: Matrix, rows: Uint32Array): Matrix {
  const out = new Float32Array(rows.length * columns);
  rows.forEach((row, i) => {
    out.set(data.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return makeMatrix(out, rows.length, columns);
}

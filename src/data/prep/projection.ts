import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import { Generator, stream } from '../../kernels/lib/philox.js';
import { EigenvalueDecomposition, Matrix as Mat } from './ml-matrix.js';
import type { Shape, State, StepSpec } from './preprocessing-step.js';
import { normalQuantile } from './statistics.js';

/** Rows of float64, for the steps that mix columns. */
export interface Block {
  readonly data: Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** A step that takes all columns together. */
export interface BlockKind<O, S> {
  readonly state: Shape;
  plan(options: Readonly<Record<string, unknown>>): O;
  fit(block: Block, options: O): S;
  names(names: readonly string[], state: S): readonly string[];
  transform(block: Block, state: S): Block;
  inverse(block: Block, state: S): Block;
}

export type AnyBlockStep = BlockKind<never, never>;

/** Options of `pca`. */
export interface PcaOptions {
  /** The number of components, or, below 1, the share of the variance that they must explain together; default: all. */
  readonly components?: number;
  /** Divide each by its standard deviation; default false. */
  readonly whiten?: boolean;
  /**
   * `'exact'`, `'randomized'` (Halko et al. 2011), or `'auto'` (default): randomized for a fifth or less of more than
   * 500 columns.
   */
  readonly method?: 'auto' | 'exact' | 'randomized';
  /** The seed of the randomized method; default 0. */
  readonly seed?: number;
}

/** Projects the columns onto principal components, those of most variance first. */
export function pca(options: PcaOptions = {}): StepSpec {
  return { step: 'pca', options: { ...options } };
}

/** Options of `zca`. */
export interface ZcaOptions {
  /** Added to variances, as a share of the mean variance; default 1e-5. */
  readonly epsilon?: number;
}

/** Uncorrelated columns of variance 1 that stay as near to the columns as they can; for images. */
export function zca(options: ZcaOptions = {}): StepSpec {
  return { step: 'zca', options: { ...options } };
}

/** Variances smaller than this share of the largest are rounding. */
const NOTHING = 1e-12;

function means({ data, rows, columns }: Block): Float64Array {
  const sums = new Float64Array(columns);
  for (let i = 0, r = 0; r < rows; r++) for (let c = 0; c < columns; c++, i++) sums[c]! += data[i]!;
  return sums.map((sum) => sum / rows);
}

function centred({ data, rows, columns }: Block, mean: ArrayLike<number>): Block {
  const moved = new Float64Array(data.length);
  for (let i = 0, r = 0; r < rows; r++) for (let c = 0; c < columns; c++, i++) moved[i] = data[i]! - mean[c]!;
  return { data: moved, rows, columns };
}

/** a b, where b is given by rows; four rows of a at a time share what is read of b. */
function product(a: Block, b: Block): Block {
  const out = new Float64Array(a.rows * b.columns);
  const n = b.columns;
  for (let r = 0; r < a.rows; r++) {
    const row = out.subarray(r * n, (r + 1) * n);
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[r * a.columns + k]!;
      if (factor === 0) continue;
      for (let c = 0, at = k * n; c < n; c++, at++) row[c]! += factor * b.data[at]!;
    }
  }
  return { data: out, rows: a.rows, columns: n };
}

/** Returns the transpose of a, times b. */
function crossProduct(a: Block, b: Block): Block {
  const n = b.columns;
  const out = new Float64Array(a.columns * n);
  for (let r = 0; r < a.rows; r++) {
    for (let k = 0; k < a.columns; k++) {
      const factor = a.data[r * a.columns + k]!;
      if (factor === 0) continue;
      for (let c = 0, at = k * n, from = r * n; c < n; c++, at++, from++) out[at]! += factor * b.data[from]!;
    }
  }
  return { data: out, rows: a.columns, columns: n };
}

function transposed({ data, rows, columns }: Block): Block {
  const out = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) out[c * rows + r] = data[r * columns + c]!;
  return { data: out, rows: columns, columns: rows };
}

interface Axes {
  /** An axis in each row, of length 1, that of most variance first. */
  readonly vectors: Block;
  readonly variances: Float64Array;
}

/** Eigenvectors of a symmetric matrix, those of the largest values first. */
function eigen({ data, rows }: Block): Axes {
  const { eigenvectorMatrix, realEigenvalues } = new EigenvalueDecomposition(Mat.from1DArray(rows, rows, data), {
    assumeSymmetric: true,
  });
  const order = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const vectors = new Float64Array(rows * rows);
  order.forEach((from, to) => {
    for (let i = 0; i < rows; i++) vectors[to * rows + i] = eigenvectorMatrix.get(i, from);
  });
  const variances = Float64Array.from(order, (i) => Math.max(0, realEigenvalues[i]!));
  return { vectors: { data: vectors, rows, columns: rows }, variances };
}

/** Returns the first `count` axes, each with its largest entry above 0. */
function firstAxes({ vectors, variances }: Axes, count: number): Axes {
  const { columns } = vectors;
  const data = vectors.data.slice(0, count * columns);
  for (let r = 0; r < count; r++) {
    let largest = 0;
    for (let c = 0; c < columns; c++) {
      const value = data[r * columns + c]!;
      if (Math.abs(value) > Math.abs(largest) * (1 + 1e-9)) largest = value;
    }
    if (largest < 0) for (let c = 0; c < columns; c++) data[r * columns + c] = -data[r * columns + c]!;
  }
  return { vectors: { data, rows: count, columns }, variances: variances.slice(0, count) };
}

function exactAxes(block: Block): Axes {
  const { rows, columns } = block;
  const scale = 1 / Math.max(1, rows - 1);
  if (columns <= rows) {
    const covariance = crossProduct(block, block);
    return eigen({ ...covariance, data: covariance.data.map((value) => value * scale) });
  }
  // The product of the rows with each other has the same eigenvalues other than 0, and is smaller.
  const gram = product(block, transposed(block));
  const { vectors, variances } = eigen({ ...gram, data: gram.data.map((value) => value * scale) });
  const axes = product(vectors, block);
  normalizeRows(axes);
  return { vectors: axes, variances };
}

function normalizeRows({ data, rows, columns }: Block): void {
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    let squares = 0;
    for (const value of row) squares += value * value;
    const norm = Math.sqrt(squares);
    for (let c = 0; c < columns; c++) row[c] = norm > 0 ? row[c]! / norm : 0;
  }
}

/** Rows made orthonormal, twice over so that rounding does not show. */
function orthonormalize(block: Block): void {
  const { data, rows, columns } = block;
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    for (let pass = 0; pass < 2; pass++) {
      for (let q = 0; q < r; q++) {
        const other = data.subarray(q * columns, (q + 1) * columns);
        let dot = 0;
        for (let c = 0; c < columns; c++) dot += row[c]! * other[c]!;
        for (let c = 0; c < columns; c++) row[c]! -= dot * other[c]!;
      }
    }
    normalizeRows({ data: row, rows: 1, columns });
  }
}

const EXTRA = 10;
const POWERS = 4;

/** Returns the axes of most variance, found in a random subspace that is multiplied by the covariance again and again. */
function randomAxes(block: Block, count: number, seed: number): Axes {
  const { rows, columns } = block;
  const size = Math.min(count + EXTRA, rows, columns);
  const generator = new Generator(seed, stream('augmentation'));
  let basis: Block = {
    data: Float64Array.from({ length: size * columns }, () => normalQuantile(generator.uniform() + 2 ** -54)),
    rows: size,
    columns,
  };
  const throughRows = (axes: Block) => product(block, transposed(axes));
  orthonormalize(basis);
  for (let i = 0; i < POWERS; i++) {
    basis = transposed(crossProduct(block, throughRows(basis)));
    orthonormalize(basis);
  }
  const small = throughRows(basis);
  const covariance = crossProduct(small, small);
  const scale = 1 / Math.max(1, rows - 1);
  const { vectors, variances } = eigen({ ...covariance, data: covariance.data.map((value) => value * scale) });
  return { vectors: product(vectors, basis), variances };
}

interface Pca extends Readonly<Record<string, unknown>> {
  readonly inputs: number;
  readonly components: number;
  readonly mean: readonly number[];
  /** An axis in each row. */
  readonly axes: readonly number[];
  readonly variances: readonly number[];
  /** Shares of the whole variance. */
  readonly explained: readonly number[];
  /** The factor that multiplies the coordinate on each axis. */
  readonly factors: readonly number[];
}

const asBlock = (data: readonly number[], rows: number, columns: number): Block => ({
  data: Float64Array.from(data),
  rows,
  columns,
});

function scaleColumns(block: Block, factors: ArrayLike<number>): Block {
  const { data, rows, columns } = block;
  const out = new Float64Array(data.length);
  for (let i = 0, r = 0; r < rows; r++) for (let c = 0; c < columns; c++, i++) out[i] = data[i]! * factors[c]!;
  return { data: out, rows, columns };
}

function checkLengths(state: State, lengths: Readonly<Record<string, number>>, argument: string): void {
  for (const [key, length] of Object.entries(lengths)) {
    const found = (state[key] as readonly number[]).length;
    if (found !== length)
      throw new ValueError({ argument: `${argument}.${key}`, given: `${found} numbers`, expected: `${length}` });
  }
}

/**
 * Checks what the shape of a state does not say.
 * @throws ValueError for a state of another number of columns, or with numbers that are not finite.
 */
export function checkBlockState(step: string, state: State, inputs: number, argument: string): void {
  if (state.inputs !== inputs) {
    throw new ValueError({ argument: `${argument}.inputs`, given: show(state.inputs), expected: `${inputs} columns` });
  }
  const n = inputs;
  if (step === 'zca') checkLengths(state, { mean: n, matrix: n * n, back: n * n }, argument);
  if (step !== 'pca') return;
  const k = checkNumber(state.components, `${argument}.components`, { min: 1, integer: true });
  checkLengths(state, { mean: n, axes: k * n, variances: k, explained: k, factors: k }, argument);
}

const METHODS = { auto: 'auto', exact: 'exact', randomized: 'randomized' } as const;

interface PcaPlan {
  readonly components: number | undefined;
  readonly whiten: boolean;
  readonly method: keyof typeof METHODS;
  readonly seed: number;
}

const pcaKind: BlockKind<PcaPlan, Pca> = {
  state: {
    inputs: 'number',
    components: 'number',
    mean: 'numbers',
    axes: 'numbers',
    variances: 'numbers',
    explained: 'numbers',
    factors: 'numbers',
  },
  plan: (options) => {
    checkOptions(options, ['components', 'whiten', 'method', 'seed'], 'pca');
    const { components, whiten = false, method = 'auto', seed = 0 } = options as PcaOptions;
    if (components !== undefined) checkNumber(components, 'components', { above: 0, integer: components >= 1 });
    if (typeof whiten !== 'boolean')
      throw new ValueError({ argument: 'whiten', given: show(whiten), expected: 'true or false' });
    checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
    return { components, whiten, method: lookUp(METHODS, method, 'method'), seed };
  },
  fit: (block, { components, whiten, method, seed }) => {
    const { rows, columns } = block;
    const most = Math.min(rows, columns);
    if (components !== undefined && components > most) {
      throw new ValueError({
        argument: 'components',
        given: String(components),
        expected: `at most ${most}, of ${rows} rows and ${columns} columns`,
      });
    }
    const mean = means(block);
    const moved = centred(block, mean);
    const few = components !== undefined && components >= 1 && components <= columns / 5;
    const random = method === 'randomized' || (method === 'auto' && few && columns > 500);
    const all = random
      ? randomAxes(moved, components !== undefined && components >= 1 ? components : most, seed)
      : exactAxes(moved);
    let total = 0;
    for (const value of moved.data) total += value * value;
    total = Math.max(total / Math.max(1, rows - 1), Number.MIN_VALUE);
    let count = components ?? most;
    if (components !== undefined && components < 1) {
      let sum = 0;
      count = 0;
      while (count < most && sum < components * total) sum += all.variances[count++]!;
      count = Math.max(1, count);
    }
    const { vectors, variances } = firstAxes(all, count);
    const least = NOTHING * (variances[0] ?? 0);
    return {
      inputs: columns,
      components: count,
      mean: [...mean],
      axes: [...vectors.data],
      variances: [...variances],
      explained: [...variances].map((variance) => variance / total),
      factors: [...variances].map((variance) => (whiten ? (variance > least ? 1 / Math.sqrt(variance) : 0) : 1)),
    };
  },
  names: (_, { components }) => Array.from({ length: components }, (_, i) => `pca${i + 1}`),
  transform: (block, { mean, axes, components, factors, inputs }) => {
    const across = transposed(asBlock(axes, components, inputs));
    return scaleColumns(product(centred(block, mean), across), factors);
  },
  inverse: (block, { mean, axes, components, factors, inputs }) => {
    const back = scaleColumns(
      block,
      factors.map((factor) => (factor === 0 ? 0 : 1 / factor)),
    );
    const moved = product(back, asBlock(axes, components, inputs));
    return centred(
      moved,
      mean.map((value) => -value),
    );
  },
};

interface Zca extends Readonly<Record<string, unknown>> {
  readonly inputs: number;
  readonly mean: readonly number[];
  readonly matrix: readonly number[];
  readonly back: readonly number[];
}

const zcaKind: BlockKind<{ epsilon: number }, Zca> = {
  state: { inputs: 'number', mean: 'numbers', matrix: 'numbers', back: 'numbers' },
  plan: (options) => {
    checkOptions(options, ['epsilon'], 'zca');
    return { epsilon: checkNumber(options.epsilon ?? 1e-5, 'epsilon', { min: 0 }) };
  },
  fit: (block, { epsilon }) => {
    const { rows, columns } = block;
    const mean = means(block);
    const moved = centred(block, mean);
    const covariance = crossProduct(moved, moved);
    const { vectors, variances } = eigen({
      ...covariance,
      data: covariance.data.map((value) => value / Math.max(1, rows - 1)),
    });
    const floor = (epsilon * variances.reduce((sum, value) => sum + value, 0)) / columns;
    const least = NOTHING * (variances[0] ?? 0);
    const roots = variances.map((variance) => (variance + floor > least ? Math.sqrt(variance + floor) : 0));
    const between = (factors: Float64Array) => [...product(scaleColumns(transposed(vectors), factors), vectors).data];
    return {
      inputs: columns,
      mean: [...mean],
      matrix: between(roots.map((root) => (root > 0 ? 1 / root : 0))),
      back: between(roots),
    };
  },
  names: (names) => names,
  transform: (block, { mean, matrix, inputs }) => product(centred(block, mean), asBlock(matrix, inputs, inputs)),
  inverse: (block, { mean, back, inputs }) =>
    centred(
      product(block, asBlock(back, inputs, inputs)),
      mean.map((value) => -value),
    ),
};

export const blockSteps: Readonly<Record<string, AnyBlockStep>> = {
  pca: pcaKind as unknown as AnyBlockStep,
  zca: zcaKind as unknown as AnyBlockStep,
};

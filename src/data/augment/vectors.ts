import { checkNumber, checkOptions, ShapeError, ValueError } from '../../errors.js';
import { Generator, stream } from '../../kernels/lib/philox.js';
import { type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../../matrix.js';
import { drawBeta } from '../../rows/mixup.js';
import { normalQuantile } from '../prep/statistics.js';
import type { Augmentation } from './augmented.js';

/** Draws from the normal distribution of mean 0 and variance 1. */
export function drawNormal(random: Generator): number {
  return normalQuantile(random.uniform() + 2 ** -54);
}

/** Options of `addNoise`. */
export interface AddNoiseOptions {
  /** Standard deviation; default 0.1. */
  readonly stddev?: number;
  /** Columns that get it; default all. */
  readonly columns?: readonly number[];
}

/** Adds noise of a normal distribution to the inputs. */
export function addNoise(options: AddNoiseOptions = {}): Augmentation {
  checkOptions(options, ['stddev', 'columns'], 'addNoise');
  const stddev = checkNumber(options.stddev ?? 0.1, 'stddev', { min: 0 });
  const { columns } = options;
  return ({ x }, random) => {
    if (!columns) for (let i = 0; i < x.data.length; i++) x.data[i]! += stddev * drawNormal(random);
    else {
      checkColumns(columns, x.columns);
      for (let row = 0; row < x.rows; row++) {
        for (const column of columns) x.data[row * x.columns + column]! += stddev * drawNormal(random);
      }
    }
  };
}

function checkColumns(columns: readonly number[], width: number): void {
  columns.forEach((column, i) => {
    checkNumber(column, `columns[${i}]`, { min: 0, max: width - 1, integer: true });
  });
}

/** Options of `dropFeatures`. */
export interface DropFeaturesOptions {
  /** Probability of each; default 0.1. */
  readonly rate?: number;
  /** The value that replaces the masked ones; default 0, the mean of standardized values. */
  readonly value?: number;
}

/** Puts a value in place of inputs, each drawn for itself. */
export function dropFeatures(options: DropFeaturesOptions = {}): Augmentation {
  checkOptions(options, ['rate', 'value'], 'dropFeatures');
  const rate = checkNumber(options.rate ?? 0.1, 'rate', { min: 0, below: 1 });
  const value = checkNumber(options.value ?? 0, 'value');
  return ({ x }, random) => {
    for (let i = 0; i < x.data.length; i++) if (random.uniform() < rate) x.data[i] = value;
  };
}

/** Options of `mixUp`. */
export interface MixUpOptions {
  /** The parameter of the Beta distribution that shares are drawn from; above 0, default 0.2. */
  readonly alpha?: number;
}

/**
 * Each row becomes a share of itself and the rest of another, targets alike (Zhang et al. 2018); a share for each row.
 * Targets must be such as can be mixed: numbers, or one-hot rows for `categoricalCrossentropy`.
 */
export function mixUp(options: MixUpOptions = {}): Augmentation {
  checkOptions(options, ['alpha'], 'mixUp');
  const alpha = checkNumber(options.alpha ?? 0.2, 'alpha', { above: 0 });
  return ({ x, y }, random) => {
    const [oldX, oldY] = [x.data.slice(), y.data.slice()];
    for (let row = 0; row < x.rows; row++) {
      const other = random.integer(x.rows);
      const share = drawBeta(random, alpha);
      mixRow(x, oldX, row, other, share);
      mixRow(y, oldY, row, other, share);
    }
  };
}

function mixRow({ data, columns }: Matrix, old: Float32Array, row: number, other: number, share: number): void {
  for (let c = 0; c < columns; c++) {
    data[row * columns + c] = share * old[row * columns + c]! + (1 - share) * old[other * columns + c]!;
  }
}

/** Options of `oversample`. */
export interface OversampleOptions {
  /** Nearest rows of the same class that a new one may lie towards; default 5. 0 repeats rows as they are. */
  readonly neighbours?: number;
  /** Rows of each class, as a share of those of the largest; default 1. */
  readonly ratio?: number;
  /** The seed of the draws; default 0. */
  readonly seed?: number;
}

/** Rows of a class among which neighbours are looked for: time stays linear in rows. */
const CANDIDATES = 1000;

/**
 * Adds rows to classes that have few, each between a row of the class and one of its nearest (SMOTE, Chawla et al. 2002).
 * The rows that were there come first. Classes are whole numbers, a column of them. For training data only.
 * @throws ShapeError for targets that are not a class for each row; ValueError for a class that is not a whole number.
 */
export function oversample(x: MatrixLike, y: MatrixLike, options: OversampleOptions = {}): { x: Matrix; y: Matrix } {
  checkOptions(options, ['neighbours', 'ratio', 'seed'], 'oversample');
  const rows = toMatrix(x, 'x');
  const labels = toMatrix(y, 'y');
  if (labels.columns !== 1 || labels.rows !== rows.rows) {
    const expected = `${rows.rows} x 1, a class for each row`;
    throw new ShapeError({ argument: 'y', given: `${labels.rows} x ${labels.columns}`, expected });
  }
  const neighbours = checkNumber(options.neighbours ?? 5, 'neighbours', { min: 0, integer: true });
  const ratio = checkNumber(options.ratio ?? 1, 'ratio', { above: 0, max: 1 });
  const seed = checkNumber(options.seed ?? 0, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  const classes = new Map<number, number[]>();
  labels.data.forEach((label, row) => {
    if (!Number.isInteger(label)) {
      throw new ValueError({ argument: `y[${row}]`, given: String(label), expected: 'a class, a whole number' });
    }
    const members = classes.get(label);
    if (members) members.push(row);
    else classes.set(label, [row]);
  });
  const wanted = Math.round(ratio * Math.max(...[...classes.values()].map((members) => members.length)));
  const random = new Generator(seed, stream('augmentation'));
  const added: { label: number; row: Float32Array }[] = [];
  for (const [label, members] of [...classes].sort(([a], [b]) => a - b)) {
    const known = new Map<number, number[]>();
    for (let count = members.length; count < wanted; count++) {
      const from = members[random.integer(members.length)]!;
      const near = known.get(from) ?? nearestRows(rows, from, members, neighbours, random);
      known.set(from, near);
      const towards = near.length > 0 ? near[random.integer(near.length)]! : from;
      added.push({ label, row: between(rows, from, towards, random.uniform()) });
    }
  }
  const { columns } = rows;
  const data = new Float32Array((rows.rows + added.length) * columns);
  data.set(rows.data);
  const all = new Float32Array(rows.rows + added.length);
  all.set(labels.data);
  added.forEach(({ label, row }, i) => {
    data.set(row, (rows.rows + i) * columns);
    all[rows.rows + i] = label;
  });
  return { x: makeMatrix(data, all.length, columns), y: makeMatrix(all, all.length, 1) };
}

function between({ data, columns }: Matrix, from: number, to: number, share: number): Float32Array {
  return Float32Array.from({ length: columns }, (_, c) => {
    const start = data[from * columns + c]!;
    return start + share * (data[to * columns + c]! - start);
  });
}

function nearestRows(
  { data, columns }: Matrix,
  row: number,
  members: readonly number[],
  count: number,
  random: Generator,
): number[] {
  if (count === 0) return [];
  const some =
    members.length <= CANDIDATES
      ? members
      : Array.from({ length: CANDIDATES }, () => members[random.integer(members.length)]!);
  const distances = some.map((other) => {
    let sum = 0;
    for (let c = 0; c < columns; c++) {
      const off = data[row * columns + c]! - data[other * columns + c]!;
      sum += off * off;
    }
    return { other, sum };
  });
  return distances
    .filter(({ other }) => other !== row)
    .sort((a, b) => a.sum - b.sum || a.other - b.other)
    .slice(0, count)
    .map(({ other }) => other);
}

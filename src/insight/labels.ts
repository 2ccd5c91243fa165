import { oneNaN } from '../kernels/lib/one-nan.js';
import type { Matrix } from '../matrix.js';
import { strideOf } from './columns.js';
import type { Finding } from './finding.js';

/** Fewer rows say little about classes. */
const FEWEST_ROWS = 100;
const FEWEST_HELD = 10;

/** A class this many times rarer than the largest one is hardly learned. */
const IMBALANCE = 100;

/** Rows for validation that may be rows for training; repeated rows of the training data that say they all repeat. */
const DUPLICATED = 0.05;
const REPEATS = 0.1;

/** Numbers to hash at most, of wide rows a part; and between two chances to stop. */
const MOST_HASHED = 2 ** 21;
const SLICE = 2 ** 18;

/** More classes than this are numbers. */
const MOST_CLASSES = 10_000;

/** Returns the class of a row: the number itself, or the place of the largest. */
function classOf({ data, columns }: Matrix, row: number): number {
  if (columns === 1) return data[row] as number;
  let best = 0;
  for (let c = 1; c < columns; c++) {
    if ((data[row * columns + c] as number) > (data[row * columns + best] as number)) best = c;
  }
  return best;
}

function countClasses(y: Matrix): ReadonlyMap<number, number> | undefined {
  const counts = new Map<number, number>();
  for (let row = 0; row < y.rows; row += strideOf(y)) {
    const value = classOf(y, row);
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > MOST_CLASSES) return undefined;
  }
  return counts;
}

/** Several columns are a class by one number for each where rows add up to 1, else labels that do not exclude each other. */
function excludes({ data, columns, rows }: Matrix): boolean {
  if (columns === 1) return true;
  for (let row = 0; row < Math.min(rows, 100); row++) {
    let sum = 0;
    for (let c = 0; c < columns; c++) sum += data[row * columns + c] as number;
    if (Math.abs(sum - 1) > 1e-3) return false;
  }
  return true;
}

/** Looks for faults in labels. */
export function classFindings(y: Matrix, label: string, held: Matrix | undefined): readonly Finding[] {
  const found: Finding[] = [];
  const at = y.data.findIndex((v) => v - v === 0 && v !== Math.floor(v));
  if (at >= 0) {
    const column = at % y.columns;
    const place = y.columns > 1 ? `column ${column} of ${label}` : label;
    const value = Number((y.data[at] as number).toPrecision(3));
    found.push({
      code: 'fractionalLabels',
      message: `${place} holds ${value} in row ${Math.floor(at / y.columns)}, which is no class`,
      column,
      suggestion: 'Give classes as whole numbers or as rows of 0 and 1; for numbers to predict take meanSquaredError.',
    });
  }
  const counts = at < 0 && excludes(y) ? countClasses(y) : undefined;
  if (!counts || y.rows < FEWEST_ROWS) return found;
  const sorted = [...counts].sort((a, b) => b[1] - a[1]);
  const [most, least] = [sorted[0], sorted.at(-1)] as [[number, number], [number, number]];
  if (most[1] > IMBALANCE * least[1]) {
    found.push({
      code: 'classImbalance',
      message: `${label} has ${most[1]} rows of class ${most[0]} for ${least[1]} of class ${least[0]}`,
      suggestion: "Weigh classes by fit({ classWeight: 'balanced' }), and look at f1 or prAuc rather than accuracy.",
    });
  }
  if (!held || held.rows < FEWEST_HELD) return found;
  const heldCounts = countClasses(held) ?? new Map<number, number>();
  const suggestion = 'Shuffle the rows before they are split: validationSplit takes the last ones as they come.';
  if (heldCounts.size === 1 && counts.size > 1) {
    const [only] = heldCounts.keys();
    const message = `all ${held.rows} rows for validation are of class ${only}, of ${counts.size} in training`;
    found.push({ code: 'singleClassValidation', message, suggestion });
  }
  // A sample may have missed a rare class.
  const unseen = strideOf(y) === 1 ? [...heldCounts.keys()].find((value) => !counts.has(value)) : undefined;
  if (unseen !== undefined) {
    const message = `class ${unseen} occurs in validation (${heldCounts.get(unseen)} rows) and not in training`;
    found.push({ code: 'unseenClass', message, suggestion });
  }
  return found;
}

/** Rows of several matrices side by side. */
class Rows {
  readonly count: number;
  readonly #bits: readonly Uint32Array[];
  readonly #widths: readonly number[];
  /** Between columns that count for the hash. */
  readonly #step: number;

  constructor(matrices: readonly Matrix[], step: number) {
    this.count = (matrices[0] as Matrix).rows;
    this.#bits = matrices.map((matrix) => {
      const data = oneNaN(matrix.data);
      return new Uint32Array(data.buffer, data.byteOffset, data.length);
    });
    this.#widths = matrices.map(({ columns }) => columns);
    this.#step = step;
  }

  hash(row: number): number {
    let a = 0x811c9dc5;
    for (let i = 0; i < this.#bits.length; i++) {
      const bits = this.#bits[i] as Uint32Array;
      const columns = this.#widths[i] as number;
      for (let c = row * columns; c < (row + 1) * columns; c += this.#step) {
        a = Math.imul(a ^ (bits[c] as number), 0x01000193);
        a ^= a >>> 15;
      }
    }
    return a;
  }

  equal(row: number, other: Rows, its: number): boolean {
    return this.#bits.every((bits, i) => {
      const columns = this.#widths[i] as number;
      const theirs = other.#bits[i] as Uint32Array;
      for (let c = 0; c < columns; c++) if (bits[row * columns + c] !== theirs[its * columns + c]) return false;
      return true;
    });
  }
}

/** Rows by their hashes. Of rows with one hash, which are equal but for rare accidents, it knows the first. */
class RowTable {
  size = 0;
  readonly #rows: Int32Array;
  readonly #hashes: Int32Array;

  constructor(count: number) {
    const places = 2 ** Math.ceil(Math.log2(2 * count + 1));
    this.#rows = new Int32Array(places).fill(-1);
    this.#hashes = new Int32Array(places);
  }

  #placeOf(hash: number): number {
    const mask = this.#rows.length - 1;
    let place = (hash ^ (hash >>> 16)) & mask;
    while (this.#rows[place] !== -1 && this.#hashes[place] !== hash) place = (place + 1) & mask;
    return place;
  }

  /** Returns the row of this hash, or -1. */
  get(hash: number): number {
    return this.#rows[this.#placeOf(hash)] as number;
  }

  add(hash: number, row: number): void {
    const place = this.#placeOf(hash);
    if (this.#rows[place] !== -1) return;
    this.#rows[place] = row;
    this.#hashes[place] = hash;
    this.size++;
  }
}

/** Rows for validation that are rows for training, unless rows repeat in training anyway. May stop now and then. */
export function* duplicateFindings(
  train: readonly Matrix[],
  held: readonly Matrix[],
): Generator<void, readonly Finding[]> {
  const width = train.reduce((sum, { columns }) => sum + columns, 0);
  const { rows } = train[0] as Matrix;
  const heldRows = (held[0] as Matrix).rows;
  if (heldRows < FEWEST_HELD || rows > MOST_HASHED) return [];
  const step = Math.ceil((rows * width) / MOST_HASHED);
  const slice = Math.ceil(SLICE / width);
  const [all, looked] = [new Rows(train, step), new Rows(held, step)];
  const known = new RowTable(rows);
  for (let row = 0; row < rows; row++) {
    known.add(all.hash(row), row);
    if (row % slice === slice - 1) yield;
  }
  if (known.size < (1 - REPEATS) * rows) return [];
  const stride = Math.ceil((heldRows * width) / MOST_HASHED);
  let [again, total] = [0, 0];
  for (let row = 0; row < heldRows; row += stride, total++) {
    const like = known.get(looked.hash(row));
    if (like >= 0 && looked.equal(row, all, like)) again++;
    if (total % slice === slice - 1) yield;
  }
  if (again <= DUPLICATED * total) return [];
  return [
    {
      code: 'duplicatedRows',
      message: `${again} of ${total} rows for validation occur in training, too`,
      suggestion:
        'Drop repeated rows before the split: what the model has learned by heart says nothing about new rows.',
    },
  ];
}

import { ShapeError, show, ValueError } from '../../errors.js';
import { checkFinite, type MatrixLike, type Numbers, toNumbers } from '../../matrix.js';
import { rare } from '../../rare.js';
import type { Kind, Reads } from './metric.js';

/** For each class, or each label: how many rows are of it and taken for it, are taken for it, are of it. */
export interface Counts {
  readonly right: Float64Array;
  readonly predicted: Float64Array;
  readonly actual: Float64Array;
}

/** Targets and predictions of a number of rows. */
export class Sample {
  /** Classes, of which a binary output has two; labels; or columns of values. */
  readonly classes: number;
  #labels: ArrayLike<number> | undefined;
  #counts: Counts | undefined;
  #threshold = Number.NaN;

  constructor(
    readonly kind: Kind,
    readonly predictions: Numbers,
    readonly targets: Numbers,
    classes?: number,
  ) {
    this.classes = classes ?? (kind === 'binary' ? 2 : predictions.columns);
  }

  get rows(): number {
    return this.predictions.rows;
  }

  /** The class of each row: its label, or the column with the largest target. */
  get labels(): ArrayLike<number> {
    const { targets } = this;
    this.#labels ??=
      targets.columns === 1 ? targets.data : Float32Array.from({ length: this.rows }, (_, r) => largest(targets, r));
    return this.#labels;
  }

  /** Returns, of a binary output or of labels, whether the row is of it. */
  isPositive(row: number, column: number): boolean {
    if (this.kind === 'classes') return this.labels[row] === column;
    return this.targets.data[row * this.targets.columns + column]! > 0.5;
  }

  /** Returns the class that a row of a binary output or of classes is of. */
  actualClass(row: number): number {
    return this.kind === 'binary' ? Number(this.isPositive(row, 0)) : this.labels[row]!;
  }

  /** Returns the class that it is taken for: the first of the largest; of a binary output 1 above the threshold. */
  predictedClass(row: number, threshold: number): number {
    const { kind, predictions } = this;
    if (kind === 'binary') return predictions.data[row]! > threshold ? 1 : 0;
    return predictions.columns === 1 ? predictions.data[row]! : largest(predictions, row);
  }

  /** Kept until another threshold is asked for. */
  counts(threshold: number): Counts {
    if (this.#counts && this.#threshold === threshold) return this.#counts;
    const [right, predicted, actual] = [0, 1, 2].map(() => new Float64Array(this.classes)) as [
      Float64Array,
      Float64Array,
      Float64Array,
    ];
    const { rows, classes, predictions } = this;
    if (this.kind === 'multiLabel') {
      for (let i = 0; i < rows * classes; i++) {
        const c = i % classes;
        const is = this.isPositive((i - c) / classes, c);
        const taken = predictions.data[i]! > threshold;
        if (is) actual[c]!++;
        if (taken) predicted[c]!++;
        if (is && taken) right[c]!++;
      }
    } else {
      for (let r = 0; r < rows; r++) {
        const is = this.actualClass(r);
        const taken = this.predictedClass(r, threshold);
        actual[is]!++;
        predicted[taken]!++;
        if (is === taken) right[is]!++;
      }
    }
    this.#threshold = threshold;
    this.#counts = { right, predicted, actual };
    return this.#counts;
  }
}

/** Returns the first of a row's largest numbers, as the kernels that count accuracy have it. */
function largest({ data, columns }: Numbers, row: number): number {
  const first = row * columns;
  let best = 0;
  let most = data[first]!;
  for (let c = 1; c < columns; c++) {
    const value = data[first + c]!;
    if (value > most) {
      most = value;
      best = c;
    }
  }
  return best;
}

/**
 * Reads what users pass to a metric.
 * @throws ShapeError, ValueError for targets and predictions that do not go together.
 */
export function readSample(yTrue: MatrixLike, yPred: MatrixLike, reads: Reads, multiLabel: boolean): Sample {
  const targets = toNumbers(yTrue, 'yTrue');
  const predictions = toNumbers(yPred, 'yPred');
  checkFinite(targets, 'yTrue');
  checkFinite(predictions, 'yPred');
  const { rows, columns } = predictions;
  if (targets.rows !== rows) {
    throw new ShapeError({ argument: 'yTrue', given: `${targets.rows} rows`, expected: `${rows}, as many as yPred` });
  }
  const labelled = reads !== 'values' && !multiLabel && columns > 1 && targets.columns === 1;
  if (!labelled && targets.columns !== columns) {
    throw new ShapeError({
      argument: 'yTrue',
      given: `${targets.columns} columns`,
      expected: `${columns}, as many as yPred${reads === 'values' || multiLabel ? '' : ', or one with class indices'}`,
    });
  }
  if (reads === 'values') return new Sample('values', predictions, targets);
  if (reads === 'probabilities') check(predictions, 'yPred', 'a probability from 0 to 1', isShare);
  if (columns > 1 || multiLabel) {
    const index = (v: number) => isIndex(v) && v < columns;
    if (labelled) check(targets, 'yTrue', `a class index from 0 to ${columns - 1}`, index, columns);
    else check(targets, 'yTrue', 'a target from 0 to 1', isShare);
    return new Sample(multiLabel ? 'multiLabel' : 'classes', predictions, targets);
  }
  if (reads === 'decisions' && predictions.data.every(isIndex)) {
    check(targets, 'yTrue', 'a class index, as yPred holds', isIndex);
    const classes = 1 + Math.max(1, greatest(predictions), greatest(targets));
    if (classes > MOST_CLASSES) {
      throw new ValueError({
        argument: greatest(targets) < greatest(predictions) ? 'yPred' : 'yTrue',
        given: `class ${classes - 1}`,
        expected: `class indices below ${MOST_CLASSES}, which count classes from 0`,
      });
    }
    return new Sample(classes === 2 ? 'binary' : 'classes', predictions, targets, classes);
  }
  check(targets, 'yTrue', '0 or 1, as yPred is one column of scores', (v) => v === 0 || v === 1, 2);
  return new Sample('binary', predictions, targets);
}

/** Class indices may go so far: there is memory for each of them. */
const MOST_CLASSES = 2 ** 24;

function greatest({ data }: Numbers): number {
  let most = 0;
  for (const value of data) if (value > most) most = value;
  return most;
}

const isShare = (value: number): boolean => value >= 0 && value <= 1;
const isIndex = (value: number): boolean => value >= 0 && value === Math.floor(value);

/** `classes`: what labels would number, where these are some. */
function check(
  { data, columns }: Numbers,
  argument: string,
  expected: string,
  fine: (value: number) => boolean,
  classes?: number,
): void {
  const i = data.findIndex((value) => !fine(value));
  if (i < 0) return;
  const place = columns === 1 ? `[${i}]` : `, row ${Math.floor(i / columns)}, column ${i % columns}`;
  const hint = classes === undefined ? undefined : rare().labelHint(data, classes);
  const complaint = { argument: `${argument}${place}`, given: show(data[i]), expected };
  throw new ValueError(hint === undefined ? complaint : { ...complaint, hint });
}

import { log } from '../../../kernels/lib/elementary.js';
import { dense, type Numbers } from '../../../matrix.js';
import { accuracy, auc, confusionMatrix, f1, logLoss } from '../../../nn/metrics/classification.js';
import { mae, r2, rmse } from '../../../nn/metrics/regression.js';
import type { Task } from '../design.js';
import type { Truth } from '../target.js';

/** Holds what a prediction without looking at a row needs: the frequency of each class in training, or the mean. */
export type Prior =
  | {
      /** The share of training rows of each class, in the order of the classes. */
      readonly shares: readonly number[];
    }
  | {
      /** The mean of the target in training, in its unit. */
      readonly mean: number;
    };

/** The metrics of a prediction that is the same for all rows: the most frequent class of training, or the mean. */
export interface Baseline {
  /** The class, or the mean in the target's units. */
  readonly prediction: string | number;
  /** The share of rows that are right, from 0 to 1; of classes. */
  readonly accuracy?: number;
  /** The mean negative log of the probability of the true class, for the shares of training, in nats; of classes. */
  readonly logLoss?: number;
  /** The mean over classes of F1, from 0 to 1; of classes. */
  readonly f1?: number;
  /** The area under the ROC curve, 0.5 for a constant; of two classes. */
  readonly auc?: number;
  /** The root of the mean squared error, in the target's unit; of numbers. */
  readonly rmse?: number;
  /** The mean absolute error, in the target's unit; of numbers. */
  readonly mae?: number;
  /** The coefficient of determination: 1 is perfect, 0 as good as the mean of these rows; of numbers. */
  readonly r2?: number;
}

/**
 * Measures predictions: of classes accuracy, logLoss, f1, auc and the confusion matrix, rows being the true classes; of
 * numbers rmse, mae, r2.
 */
export interface Metrics {
  /** The number of rows that were measured. */
  readonly rows: number;
  /**
   * Rows of classes that training did not know, where there are any: wrong in accuracy and f1, left out of the others.
   */
  readonly unknownRows?: number;
  /** The rows that logLoss, auc and confusion are of, where there are unknown ones. */
  readonly knownRows?: number;
  /** The classes of unknown rows; at most 20. */
  readonly unknownClasses?: readonly string[];
  /** The share of rows that are right, from 0 to 1; of classes. */
  readonly accuracy?: number;
  /** The mean negative log of the probability of the true class, in nats; of classes. */
  readonly logLoss?: number;
  /** The mean over classes. */
  readonly f1?: number;
  /** The area under the ROC curve; of two classes. */
  readonly auc?: number;
  /**
   * The number of rows of each class that were predicted as each: classes x classes, with true classes as rows; absent for
   * more than 500 classes.
   */
  readonly confusion?: readonly (readonly number[])[];
  /** The root of the mean squared error, in the target's unit; of numbers. */
  readonly rmse?: number;
  /** The mean absolute error, in the target's unit; of numbers. */
  readonly mae?: number;
  /** The coefficient of determination: 1 is perfect, 0 as good as the mean of these rows; of numbers. */
  readonly r2?: number;
  /** The same figures of a prediction that is the same for all rows. Files of earlier builds have none. */
  readonly baseline?: Baseline;
}

/** Classes up to which a confusion matrix is kept. */
export const MOST_CONFUSED = 500;

const CLIP = 2 ** -23;

/** Measures predictions against targets; `classes` are the names of classes, `prior` what a baseline goes by. */
export function measure(
  task: Task,
  truth: Truth,
  outputs: Numbers,
  classes: readonly string[] = [],
  prior?: Prior,
): Metrics {
  if (task === 'classification') return measureClasses(truth, outputs, classes, prior);
  const { rows } = truth;
  const of = (predictions: Numbers) => ({
    rmse: rmse(truth, predictions),
    mae: mae(truth, predictions),
    r2: r2(truth, predictions),
  });
  if (!prior || !('mean' in prior)) return { rows, ...of(outputs) };
  const { mean } = prior;
  const same = dense(new Float64Array(rows).fill(mean), rows, 1);
  return { rows, ...of(outputs), baseline: { prediction: mean, ...of(same) } };
}

function measureClasses(truth: Truth, outputs: Numbers, classes: readonly string[], prior: Prior | undefined): Metrics {
  const { rows, unknown } = truth;
  const known = unknown.length === 0 ? undefined : knownRows(truth);
  const [wanted, scores] = known ? [taken(truth, known), taken(outputs, known)] : [truth, outputs];
  const both = outputs.columns === 2 && wanted.data.includes(0) && wanted.data.includes(1);
  const right = wanted.rows === 0 ? 0 : accuracy(wanted, scores) * wanted.rows;
  return {
    rows,
    ...(known && {
      unknownRows: rows - known.length,
      knownRows: known.length,
      unknownClasses: unknown.slice(0, 20),
    }),
    accuracy: known ? right / rows : accuracy(truth, outputs),
    ...(wanted.rows > 0 && { logLoss: logLoss(wanted, scores) }),
    f1: known ? f1OfClasses(truth, predictedOf(outputs), outputs.columns) : f1(truth, outputs),
    ...(both && { auc: auc(wanted, scores) }),
    ...(outputs.columns <= MOST_CONFUSED && wanted.rows > 0 && { confusion: confusionMatrix(wanted, scores) }),
    ...(prior && 'shares' in prior && { baseline: baselineOf(truth, wanted, prior.shares, classes, both) }),
  };
}

function knownRows({ data }: Numbers): Uint32Array {
  const rows: number[] = [];
  for (let row = 0; row < data.length; row++) if (data[row]! >= 0) rows.push(row);
  return Uint32Array.from(rows);
}

function taken({ data, columns }: Numbers, rows: Uint32Array): Numbers {
  const chosen =
    data instanceof Float32Array ? new Float32Array(rows.length * columns) : new Float64Array(rows.length * columns);
  rows.forEach((row, i) => {
    chosen.set(data.subarray(row * columns, (row + 1) * columns), i * columns);
  });
  return dense(chosen, rows.length, columns);
}

/** Returns the first of each row's most probable classes. */
export function predictedOf({ data, rows, columns }: Numbers): Float32Array {
  return Float32Array.from({ length: rows }, (_, row) => {
    let best = row * columns;
    for (let i = best; i < (row + 1) * columns; i++) if (data[i]! > data[best]!) best = i;
    return best - row * columns;
  });
}

/** Returns the mean of f1 over classes, those that are not known together as one more. */
function f1OfClasses({ data }: Numbers, predicted: Float32Array, classes: number): number {
  const wanted = Float32Array.from(data, (number) => (number < 0 ? classes : number));
  return f1(wanted, predicted, { average: 'macro' });
}

function baselineOf(
  truth: Truth,
  known: Numbers,
  shares: readonly number[],
  classes: readonly string[],
  both: boolean,
): Baseline {
  const most = shares.indexOf(shares.reduce((a, b) => Math.max(a, b), 0));
  let met = 0;
  let total = 0;
  for (const number of known.data) {
    if (number === most) met++;
    total -= log(Math.min(1 - CLIP, Math.max(CLIP, shares[number] ?? 0)));
  }
  return {
    prediction: classes[most] ?? String(most),
    accuracy: met / truth.rows,
    ...(known.rows > 0 && { logLoss: total / known.rows }),
    f1: f1OfClasses(truth, new Float32Array(truth.rows).fill(most), shares.length),
    ...(both && { auc: 0.5 }),
  };
}

/**
 * Metrics as they are expected of all networks together, where those given are of the mean of those that left out a
 * row: `losses` are what to expect for each row, `measured` the mean square of what is given. Errors of numbers shrink
 * alike; accuracy, f1, auc and confusion stay as they are.
 */
export function expected(metrics: Metrics, losses: Float64Array, measured: number): Metrics {
  const loss = losses.reduce((sum, value) => sum + value, 0) / losses.length;
  const { logLoss, rmse, mae, r2 } = metrics;
  // With few rows the estimate may fall below 0, where it means nothing.
  if (!(loss > 0)) return metrics;
  if (logLoss !== undefined) return { ...metrics, logLoss: loss };
  if (rmse === undefined || mae === undefined || r2 === undefined || !(measured > 0)) return metrics;
  const ratio = Math.min(1, loss / measured);
  const shrunk = Math.sqrt(ratio);
  return { ...metrics, rmse: rmse * shrunk, mae: mae * shrunk, r2: 1 - (1 - r2) * ratio };
}

import type { Matrix } from '../../matrix.js';
import { accuracy, auc, confusionMatrix, f1, logLoss } from '../../model/metrics/classification.js';
import { mae, r2, rmse } from '../../model/metrics/regression.js';
import type { Task } from './design.js';

/** Of classes: accuracy, logLoss, f1, auc and the confusion matrix, rows being the true classes. Of numbers: rmse, mae, r2. */
export interface Metrics {
  readonly rows: number;
  readonly accuracy?: number;
  readonly logLoss?: number;
  readonly f1?: number;
  /** Of two classes. */
  readonly auc?: number;
  readonly confusion?: readonly (readonly number[])[];
  readonly rmse?: number;
  readonly mae?: number;
  readonly r2?: number;
}

export function measure(task: Task, truth: Matrix, outputs: Matrix): Metrics {
  const { rows } = truth;
  if (task === 'regression') {
    return { rows, rmse: rmse(truth, outputs), mae: mae(truth, outputs), r2: r2(truth, outputs) };
  }
  const both = outputs.columns === 2 && new Set(truth.data).size === 2;
  return {
    rows,
    accuracy: accuracy(truth, outputs),
    logLoss: logLoss(truth, outputs),
    f1: f1(truth, outputs),
    ...(both && { auc: auc(truth, outputs) }),
    confusion: confusionMatrix(truth, outputs),
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
  if (logLoss !== undefined) return { ...metrics, logLoss: Math.max(0, loss) };
  if (rmse === undefined || mae === undefined || r2 === undefined || !(measured > 0)) return metrics;
  const ratio = Math.min(1, Math.max(0, loss / measured));
  const shrunk = Math.sqrt(ratio);
  return { ...metrics, rmse: rmse * shrunk, mae: mae * shrunk, r2: 1 - (1 - r2) * ratio };
}

import type { Metrics, TabularRecord } from '../../data/index.js';
import { short } from '../terminal.js';
import { share } from './markup.js';
import type { Measured } from './measured.js';

/** One figure of some rows, and that of the baseline. */
function figure(name: 'accuracy' | 'rmse', metrics: Metrics): string {
  const value = metrics[name];
  if (value === undefined) return '';
  return name === 'accuracy' ? share(value, 1) : short(value);
}

/** What is always predicted by somebody who does not look at the rows. */
function against({ baseline }: Metrics, classes: readonly string[]): string {
  if (!baseline) return '';
  if (classes.length > 0) {
    return `Always answering '${baseline.prediction}', the most frequent class of training, is right in ${share(baseline.accuracy ?? 0, 1)}.`;
  }
  return `Always answering ${short(Number(baseline.prediction))}, the mean of training, is off by ${short(baseline.rmse ?? Number.NaN)}.`;
}

/** How long something took, as people say it. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}

/** What was learned, how good it is, against which baseline, and how long it took, in sentences. */
export function headline(record: TabularRecord, { rows, metrics, classes }: Measured, seconds: number): string {
  const { target, inputs, members } = record;
  const columns = inputs.length === 1 ? 'one column' : `${inputs.length} columns`;
  const good =
    classes.length > 0
      ? `the class is right in ${figure('accuracy', metrics)} of ${rows}, of ${classes.length} classes`
      : `predictions are off by ${figure('rmse', metrics)} (root mean squared error) on ${rows}, and explain ${share(metrics.r2 ?? 0, 1)} of the variance`;
  const networks = members.length === 1 ? 'A network' : `${members.length} networks`;
  return [
    `'${target}' is predicted from ${columns}: ${good}.`,
    against(metrics, classes),
    `${networks} learned from ${record.rows} rows in ${duration(seconds)}.`,
  ]
    .filter(Boolean)
    .join(' ');
}

import { shorten } from '../../data/data-error.js';
import type { ColumnKind, Metrics, TabularRecord } from '../../data/index.js';
import { errorText, meanText } from '../terminal.js';
import { share } from './html.js';
import type { Measured } from './measured.js';
import type { ReportData } from './report-data.js';

/** Describes the prediction that is the same for all rows. */
function against({ baseline }: Metrics, classes: readonly string[], kind: ColumnKind | undefined): string {
  if (!baseline) return '';
  if (classes.length > 0) {
    return `Always answering '${shorten(String(baseline.prediction))}', the most frequent class in training, is right in ${share(baseline.accuracy ?? 0, 1)}.`;
  }
  return `Always answering ${meanText(baseline, kind)}, the mean in training, is off by ${errorText(baseline.rmse ?? Number.NaN, kind)}.`;
}

/** Formats a duration in seconds for people, such as '2 minutes'. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${seconds.toFixed(0)} s`;
  if (seconds < 7200) return `${(seconds / 60).toFixed(0)} minutes`;
  return `${(seconds / 3600).toFixed(1)} hours`;
}

/** Summarizes in sentences what was learned, how well, against which baseline, and how long it took. */
export function headline(
  record: TabularRecord,
  { rows, metrics, classes }: Measured,
  { seconds, interrupted, kind }: Pick<ReportData, 'seconds' | 'interrupted' | 'kind'>,
): string {
  const { target, inputs, members } = record;
  const columns = inputs.length === 1 ? 'one column' : `${inputs.length} columns`;
  const r2 = metrics.r2 ?? Number.NaN;
  const explained = r2 > 0 ? `, and explain ${share(r2, 1)} of the variance` : ', and explain none of the variance';
  const good =
    classes.length > 0
      ? `${share(metrics.accuracy ?? 0, 1)} of ${rows} get the right one of ${classes.length} classes`
      : `predictions are off by ${errorText(metrics.rmse ?? Number.NaN, kind)} (root mean squared error) on ${rows}${explained}`;
  const networks = members.length === 1 ? 'A network' : `${members.length} networks`;
  return [
    `'${shorten(target)}' is predicted from ${columns}: ${good}.`,
    against(metrics, classes, kind),
    `${networks} learned from ${record.rows} rows in ${duration(seconds)}${interrupted ? ', until training was interrupted' : ''}.`,
  ]
    .filter(Boolean)
    .join(' ');
}

import { shorten } from '../data/errors.js';
import type { Baseline, ColumnKind, Metrics, TabularRecord } from '../data/index.js';
import { numberText } from '../data/tabular/inputs.js';
import { printable } from '../printable.js';

const BARS = '\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588';

/** Numbers as a row of bars, at most `width` of them. */
export function sparkline(values: readonly number[], width = 60): string {
  const finite = values.filter(Number.isFinite);
  const [low, high] = [Math.min(...finite), Math.max(...finite)];
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, i) => {
    const value = values[Math.floor((i * values.length) / count)]!;
    const level = high > low ? (value - low) / (high - low) : 0;
    return Number.isFinite(value) ? BARS[Math.round(level * (BARS.length - 1))] : ' ';
  }).join('');
}

export function short(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e7 ? String(Number(value.toPrecision(5))) : value.toExponential(3);
}

/** A number of a column: dates as dates. */
export function shown(value: number | undefined, kind: ColumnKind): string {
  return kind === 'date' && value !== undefined ? numberText(Math.round(value), kind) : short(value ?? Number.NaN);
}

/** Rows of cells as lines, columns below one another, numbers to the right. */
export function grid(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

const MANY = 12;

/** The figures among metrics, each with that of the baseline, empty where it has none. */
export function metricRows({ baseline, ...metrics }: Metrics): readonly (readonly [string, string, string])[] {
  return Object.entries(metrics).flatMap(([name, value]) => {
    if (typeof value !== 'number') return [];
    const beside = baseline?.[name as keyof Baseline];
    const figure = /rows$/i.test(name) ? String(value) : short(value);
    return [[name, figure, typeof beside === 'number' ? short(beside) : ''] as const];
  });
}

/** What figures beside those of a model are of. */
export function baselineText({ baseline }: Metrics): string {
  if (!baseline) return '';
  const { prediction } = baseline;
  if (typeof prediction === 'number') return `the mean in training, ${short(prediction)}, for every row`;
  return `'${shorten(prediction)}', the most frequent class in training, for every row`;
}

/** What became of rows of classes that training did not know. */
export function unknownText({ unknownRows, unknownClasses = [] }: Metrics): string {
  if (unknownRows === undefined) return '';
  const named = unknownClasses.slice(0, 5).map((text) => `'${shorten(text)}'`);
  const classes = `${named.join(', ')}${unknownClasses.length > 5 ? ', ...' : ''}`;
  return `${unknownRows} rows of classes that training did not know (${classes}) are wrong in accuracy and f1, and left out of the others`;
}

/** Metrics for people. */
export function metricsText(metrics: Metrics, classes?: readonly string[]): string {
  const { confusion } = metrics;
  const lines = [grid(metricRows(metrics))];
  const baseline = baselineText(metrics);
  if (baseline) lines.push(`(on the right: ${baseline})`);
  const unknown = unknownText(metrics);
  if (unknown) lines.push(unknown);
  if (confusion && classes && classes.length <= MANY) {
    const rows = confusion.map((counts, i) => [classes[i]!, ...counts.map(String)]);
    lines.push('', grid([['true \\ predicted', ...classes], ...rows]));
  }
  return lines.join('\n');
}

/** How training went, as curves. */
export function curves({ members }: TabularRecord): string {
  const rows = members.map(({ history, bestEpoch }, i) => {
    const losses = history.valLoss ?? history.loss ?? [];
    if (losses.length === 0) return `network ${i + 1}  interrupted in its first epoch`;
    const best = short(losses[bestEpoch] ?? Number.NaN);
    return `network ${i + 1}  ${sparkline(losses, 40)}  validation loss ${best} in epoch ${bestEpoch + 1} of ${losses.length}`;
  });
  return rows.join('\n');
}

/** A word as a shell takes it. */
export const quoted = (text: string) => (/^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

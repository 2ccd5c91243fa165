import { shorten } from '../data/data-error.js';
import type { Baseline, ColumnKind, Metrics, TabularRecord } from '../data/index.js';
import { FEWEST_ROWS } from '../data/tabular/estimate/parts.js';
import { numberText } from '../data/tabular/inputs.js';
import { printable } from '../printable.js';
import { type Curve, spreadOf } from './spread.js';

/** Returns a name that fits a line, with what a terminal would obey as escapes. */
const brief = (name: string) => shorten(printable(name));

const BARS = '\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588';

/**
 * Draws numbers as a row of bars, at most `width` of them, between `low` and `high`; by default their least and their most.
 */
export function sparkline(values: Curve, width = 60, [low, high] = endsOf(values)): string {
  const count = Math.min(width, values.length);
  return Array.from({ length: count }, (_, i) => {
    const value = values[Math.floor((i * values.length) / count)] ?? Number.NaN;
    const level = high > low ? (value - low) / (high - low) : 0;
    return Number.isFinite(value) ? BARS[Math.round(level * (BARS.length - 1))] : ' ';
  }).join('');
}

function endsOf(...curves: readonly Curve[]): [number, number] {
  const ends: [number, number] = [Infinity, -Infinity];
  for (const value of curves.flat()) {
    if (value === null || !Number.isFinite(value)) continue;
    ends[0] = Math.min(ends[0], value);
    ends[1] = Math.max(ends[1], value);
  }
  return ends;
}

/** Returns a number in a few significant digits. */
export function short(value: number, digits = 5): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e7
    ? String(Number(value.toPrecision(digits)))
    : value.toExponential(Math.min(3, digits - 1));
}

/** Returns a number of a column: dates as dates. */
export function shown(value: number | undefined, kind: ColumnKind): string {
  return kind === 'date' && value !== undefined ? numberText(Math.round(value), kind) : short(value ?? Number.NaN);
}

/** Formats rows of cells as lines, columns below one another, numbers to the right. */
export function grid(cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printable));
  const widths = (rows[0] ?? []).map((_, c) => Math.max(...rows.map((row) => row[c]?.length ?? 0)));
  return rows
    .map((row) => row.map((cell, c) => (c === 0 ? cell.padEnd(widths[c]!) : cell.padStart(widths[c]!))).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

/** Says which rows the validation metrics were measured on. */
export function validationText({ design, rows }: TabularRecord): string {
  if (design.members === 1 && rows < FEWEST_ROWS) return 'rows that the network was trained on, since there are few';
  return design.members === 1
    ? 'rows that the network was not trained on'
    : 'rows, each predicted by the networks that were not trained on it';
}

const MANY = 12;

/** Names what metrics refer to when they are shown: the classes, or the kind of a numeric target. */
export interface Meaning {
  readonly classes?: readonly string[] | undefined;
  readonly kind?: ColumnKind | undefined;
}

const TIMES = [
  { unit: 86_400_000, name: 'days' },
  { unit: 3_600_000, name: 'hours' },
  { unit: 60_000, name: 'minutes' },
  { unit: 1000, name: 's' },
] as const;

/** Returns the unit in which people would say this many milliseconds. */
export const unitOfTime = (milliseconds: number): { readonly unit: number; readonly name: string } =>
  TIMES.find(({ unit }) => Math.abs(milliseconds) >= unit) ?? { unit: 1, name: 'ms' };

/** Returns an error in the unit of the target; those of dates, which are milliseconds, in one that people use. */
export function errorText(value: number, kind: ColumnKind | undefined): string {
  if (kind !== 'date' || !Number.isFinite(value)) return short(value);
  const { unit, name } = unitOfTime(value);
  return `${short(value / unit)} ${name}`;
}

/** Returns a figure as people read it. */
export function figureText(name: string, value: number, kind: ColumnKind | undefined): string {
  if (/rows$/i.test(name)) return String(value);
  return name === 'rmse' || name === 'mae' ? errorText(value, kind) : short(value);
}

/** Returns the figures among metrics, each with that of the baseline, empty where it has none. */
export function metricRows(
  { baseline, ...metrics }: Metrics,
  kind?: ColumnKind,
): readonly (readonly [string, string, string])[] {
  return Object.entries(metrics).flatMap(([name, value]) => {
    if (typeof value !== 'number') return [];
    const beside = baseline?.[name as keyof Baseline];
    return [[name, figureText(name, value, kind), typeof beside === 'number' ? figureText(name, beside, kind) : '']];
  });
}

/**
 * Returns the mean that the baseline predicts, as exact as its error asks for; of dates the day, where they lie days apart.
 */
export function meanText({ prediction, rmse = 0 }: Baseline, kind: ColumnKind | undefined): string {
  const mean = Number(prediction);
  if (kind === 'date') {
    const text = shown(mean, kind);
    return unitOfTime(rmse).name === 'days' ? text.replace(/T.*/, '') : text;
  }
  const far = rmse > 0 ? Math.log10(Math.abs(mean) / rmse) : 0;
  return far > 2 ? String(Number(mean.toPrecision(Math.min(17, 3 + Math.ceil(far))))) : short(mean);
}

/** Returns the prediction that the baseline makes, and what it is. */
export function baselineText({ baseline }: Metrics, kind?: ColumnKind): string {
  if (!baseline) return '';
  const { prediction } = baseline;
  if (typeof prediction === 'number') return `${meanText(baseline, kind)}, the mean in training, for every row`;
  return `'${brief(prediction)}', the most frequent class in training, for every row`;
}

/** Says how rows were treated whose classes training did not know; '' where there are none. */
export function unknownText({ unknownRows, unknownClasses = [] }: Metrics): string {
  if (unknownRows === undefined) return '';
  const named = unknownClasses.slice(0, 5).map((text) => `'${brief(text)}'`);
  const classes = `${named.join(', ')}${unknownClasses.length > 5 ? ', ...' : ''}`;
  return `${unknownRows} rows of classes that training did not know (${classes}) are wrong in accuracy and f1, and left out of the others`;
}

/** Metrics for people, next to those of the baseline. */
export function metricsText(metrics: Metrics, { classes, kind }: Meaning): string {
  const { confusion } = metrics;
  const baseline = baselineText(metrics, kind);
  const rows = metricRows(metrics, kind);
  const lines = baseline
    ? [grid([['', 'model', 'baseline'], ...rows]), `(baseline: ${baseline})`]
    : [grid(rows.map(([name, value]) => [name, value]))];
  const unknown = unknownText(metrics);
  if (unknown) lines.push(unknown);
  if (confusion && classes && classes.length <= MANY) {
    const names = classes.map(brief);
    const rows = confusion.map((counts, i) => [names[i]!, ...counts.map(String)]);
    lines.push('', grid([['true \\ predicted', ...names], ...rows]));
  }
  return lines.join('\n');
}

const BAR_COUNT = 40;

/**
 * Draws validation loss by epoch: of one network its curve; of several the mean, the best and the worst of each epoch, on
 * one scale, and below them the epoch that was chosen.
 */
export function curves({ members }: TabularRecord): string {
  const runs = members.map(({ history }) => history.valLoss ?? history.loss ?? []);
  const spread = spreadOf(runs);
  const epochs = spread.mean.length;
  if (epochs === 0) return 'Training was interrupted in its first epoch.';
  const chosen = [...new Set(members.map(({ bestEpoch }) => bestEpoch))].sort((a, b) => a - b);
  const [first, last] = [chosen[0]!, chosen.at(-1)!];
  const many = first !== last;
  const at = (curve: Curve) => (many ? '' : `  ${short(curve[first] ?? Number.NaN)}`);
  const taken = many ? `epochs ${first + 1} to ${last + 1} are taken` : `epoch ${first + 1} is taken`;
  const ends = endsOf(spread.low, spread.high);
  const count = Math.min(BAR_COUNT, epochs);
  const marks = Array.from({ length: count }, () => ' ');
  for (const epoch of chosen) marks[Math.floor((epoch * count) / epochs)] = '^';
  const several = members.length > 1;
  const line = (name: string, curve: Curve) => `${name}${sparkline(curve, BAR_COUNT, ends)}${at(curve)}`;
  const lines = several
    ? [line('worst  ', spread.high), line('mean   ', spread.mean), line('best   ', spread.low)]
    : [line('', spread.mean)];
  const of = several ? ` of ${members.length} networks` : '';
  return [
    `Validation loss${of} over ${epochs} ${epochs === 1 ? 'epoch' : 'epochs'}, of which ${taken}:`,
    ...lines,
    `${several ? ' '.repeat(7) : ''}${marks.join('').trimEnd()}`,
  ].join('\n');
}

/** Returns a word as a shell takes it. */
export const quoted = (text: string) => (/^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

import type { ColumnKind, Metrics, TabularRecord } from '../data/index.js';
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

/** Metrics for people. */
export function metricsText({ confusion, ...metrics }: Metrics, classes?: readonly string[]): string {
  const named = Object.entries(metrics).map(([name, value]) => [name, name === 'rows' ? String(value) : short(value)]);
  const lines = [grid(named)];
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
    const best = short(Math.min(...losses));
    return `network ${i + 1}  ${sparkline(losses, 40)}  validation loss ${best} in epoch ${bestEpoch + 1} of ${losses.length}`;
  });
  return rows.join('\n');
}

/** A word as a shell takes it. */
export const quoted = (text: string) => (/^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

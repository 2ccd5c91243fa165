import { shorten } from '../data/data-error.js';
import type { Importance, TabularRecord } from '../data/index.js';
import { grid } from './terminal.js';

type Task = TabularRecord['task'];

/** Names the unit of the numbers of importance for a task. */
export const importanceUnit = (task: Task): string =>
  task === 'classification'
    ? 'percentage points of accuracy that are lost'
    : 'percent by which the root mean squared error grows';

function digits(value: number): string {
  const size = Math.abs(value);
  const text = value.toFixed(size >= 10 ? 0 : size >= 1 ? 1 : 2);
  return Number(text) === 0 ? '0' : text;
}

/** Returns an importance with its deviation and its unit. */
export function importanceText({ importance, deviation }: Importance, task: Task): string {
  const unit = task === 'classification' ? 'points' : '%';
  return `${digits(100 * importance)} \u00b1 ${digits(100 * deviation)} ${unit}`;
}

/** Rows that are measured, of those of a kind that could be. */
export function rowsMeasured(measured: number, all: number, kind: 'test' | 'training'): string {
  const noun = all === 1 ? 'row' : 'rows';
  return measured < all ? `${measured} of the ${all} ${kind} ${noun} (drawn at random)` : `${all} ${kind} ${noun}`;
}

/** Columns that are listed at most. */
const MOST = 10;

/** Formats the importance of columns as lines for a terminal. */
export function importanceLines(importance: readonly Importance[], task: Task, rows: string): string {
  if (importance.length === 0) return '';
  const what = importance.some(({ columns }) => columns) ? 'neighbouring columns are shuffled' : 'a column is shuffled';
  const rest = importance.length - MOST;
  return [
    `What is lost on ${rows} when ${what}, in ${importanceUnit(task)}:`,
    grid(importance.slice(0, MOST).map((item) => [shorten(item.column), importanceText(item, task)])),
    ...(rest > 0 ? [`(${rest} more matter less)`] : []),
  ].join('\n');
}

import type { Numbers } from '../../../matrix.js';
import type { Column } from '../../column.js';
import { Table } from '../../table.js';
import type { Task } from '../design.js';
import { predictedOf } from './measure.js';

/** A prediction of a class. */
export interface ClassPrediction {
  /** The most probable class. */
  readonly class: string;
  /** Its probability, from 0 to 1. */
  readonly probability: number;
  /** The probability of every class, by name; they add up to 1. */
  readonly probabilities: Readonly<Record<string, number>>;
}

/** The type that `predict` returns, by the task if it was given. */
export type Predictions<T extends Task = Task> = T extends 'classification' ? readonly ClassPrediction[] : Float64Array;

/** Outputs as `predict` returns them. */
export function predictionsOf(outputs: Numbers, classes: readonly string[] | undefined): Predictions {
  if (!classes) return Float64Array.from(outputs.data);
  const best = predictedOf(outputs);
  return Array.from({ length: outputs.rows }, (_, row): ClassPrediction => {
    const values = outputs.data.subarray(row * classes.length, (row + 1) * classes.length);
    const probabilities = Object.fromEntries(classes.map((name, i) => [name, values[i]!]));
    return { class: classes[best[row]!]!, probability: values[best[row]!]!, probabilities };
  });
}

/** Outputs as a table: the target, which may be a date, and of classes a column of probabilities for each. */
export function predictionTable(
  outputs: Numbers,
  target: string,
  classes: readonly string[] | undefined,
  isDate: boolean,
): Table {
  const { rows, columns, data } = outputs;
  if (!classes) {
    // Dates are predicted as dates, in whole milliseconds.
    const values = Float64Array.from(data, (value) => (isDate ? Math.round(value) : value));
    return new Table([{ name: target, kind: isDate ? 'date' : 'number', values }]);
  }
  return new Table([
    { name: target, kind: 'category', codes: Int32Array.from(predictedOf(outputs)), categories: classes },
    ...classes.map((name, c): Column => {
      const shares = Float64Array.from({ length: rows }, (_, row) => data[row * columns + c]!);
      return { name: `${target}=${name}`, kind: 'number', values: shares };
    }),
  ]);
}

import type { HeldOut, Metrics } from '../../data/index.js';

/** Some rows, what was predicted for them, and how well. */
export interface Measured extends HeldOut {
  /** Which rows these are and how many, as in '30 test rows'. */
  readonly rows: string;
  readonly metrics: Metrics;
  /** Names of the classes; none for numbers. */
  readonly classes: readonly string[];
}

/** The most probable class of each row. */
export function predictedClasses({ outputs: { data, rows, columns } }: Measured): Int32Array {
  const predicted = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    let best = row * columns;
    for (let i = best; i < (row + 1) * columns; i++) if (data[i]! > data[best]!) best = i;
    predicted[row] = best - row * columns;
  }
  return predicted;
}

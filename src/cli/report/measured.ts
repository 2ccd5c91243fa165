import type { HeldOut, Metrics } from '../../data/index.js';

/** Some rows, what was predicted for them, and how well. */
export interface Measured extends HeldOut {
  /** Names the rows and their number, as in '30 test rows'. */
  readonly rows: string;
  readonly metrics: Metrics;
  /** Names of the classes; none for numbers. */
  readonly classes: readonly string[];
}

import type { Optimizer } from '../nn/optimizers/optimizers.js';

/** Rates up to here, and roots from here on, keep updates finite. */
const LARGEST_RATE = 1e6;

const SMALLEST_EPSILON = 1e-12;

/** Returns the rate below which an update that the program's guard lets pass spoils nothing. */
export function safeRate({ spec, solver }: Optimizer, multipliers: readonly number[]): number {
  const { epsilon = 1, weightDecay = 0 } = spec as { epsilon?: number; weightDecay?: number };
  if (solver || epsilon < SMALLEST_EPSILON) return 0;
  return (
    Math.min(LARGEST_RATE, 1 / weightDecay) / multipliers.reduce((most, multiplier) => Math.max(most, multiplier), 1)
  );
}

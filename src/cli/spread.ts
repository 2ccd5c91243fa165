/** A number for each epoch; null where no network has one. */
export type Curve = readonly (number | null)[];

/** Networks side by side. */
export interface Spread {
  readonly mean: Curve;
  readonly low: Curve;
  readonly high: Curve;
}

/** Mean, least and most over networks, epoch by epoch, of those that had the epoch. */
export function spreadOf(runs: readonly (readonly number[])[]): Spread {
  const length = runs.reduce((most, run) => Math.max(most, run.length), 0);
  const each = Array.from({ length }, (_, epoch) => {
    const values = runs.flatMap((run) => (Number.isFinite(run[epoch]) ? [run[epoch] as number] : []));
    if (values.length === 0) return [null, null, null] as const;
    const sum = values.reduce((a, b) => a + b, 0);
    return [sum / values.length, Math.min(...values), Math.max(...values)] as const;
  });
  return { mean: each.map(([mean]) => mean), low: each.map(([, low]) => low), high: each.map(([, , high]) => high) };
}

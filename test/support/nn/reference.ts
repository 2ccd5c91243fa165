import { expect } from 'vitest';

/** Numbers as fixtures hold them. */
export type Values = number[] | number[][];

/** All numbers of rows of numbers. */
export const flat = (values: Values | undefined): number[] => (values ?? []).flat();
const largest = (values: readonly number[]): number => Math.max(...values.map(Math.abs));
const clamp = (value: number, low: number, high: number): number => Math.min(Math.max(value, low), high);

/** Names the element that is farthest outside its tolerance; NaN is. */
function expectClose(
  what: string,
  actual: ArrayLike<number>,
  reference: readonly number[],
  tolerance: (index: number) => number,
): void {
  expect(actual.length, `${what}: elements`).toBe(reference.length);
  const excess = reference.map((value, i) => Math.abs((actual[i] as number) - value) / tolerance(i));
  const bad = excess.findIndex((value) => !(value <= 1) && !excess.some((other) => other > value));
  const told = bad < 0 ? 'close' : `${actual[bad]} for ${reference[bad]}, ${excess[bad]} tolerances off`;
  expect(`${what}[${bad}]: ${told}`).toBe(`${what}[-1]: close`);
}

/**
 * A float32 computation against a float64 one: rtol 1.3e-6 and atol 1e-5, where atol shrinks with the tensor so that
 * small gradients are checked too, down to the rounding of sums of terms around 1 that cancel.
 */
export function expectComputed(what: string, actual: ArrayLike<number>, reference: readonly number[]): void {
  const absolute = clamp(1e-6 * largest(reference), 1e-7, 1e-5);
  expectClose(what, actual, reference, (i) => 1.3e-6 * Math.abs(reference[i] as number) + absolute);
}

/**
 * Weights after a step that both sides began with the same weights. Measured by what the step changed: 1e-5 of the
 * weights would let an update be wrong by a percent. 2e-6 of the tensor's largest change tells a `1 - beta2` taken from
 * a float32 beta2 (6e-6 off); one and a half spacings of float32 are the three roundings of a moving moment's two terms
 * and their sum, and 1e-8 is for gradients that are 0 but for rounding.
 */
export function expectStep(
  what: string,
  actual: ArrayLike<number>,
  reference: readonly number[],
  before: readonly number[],
): void {
  const change = largest(reference.map((value, i) => value - (before[i] as number)));
  const rounding = (i: number) =>
    1.5 * 2 ** -23 * Math.max(Math.abs(reference[i] as number), Math.abs(before[i] as number));
  expectClose(what, actual, reference, (i) => 2e-6 * change + rounding(i) + 1e-8);
}

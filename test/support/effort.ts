import { test } from 'vitest';

/** How much tests try that could go on for ever: MYELIN_EFFORT is 'full' in .ci/run, 'long' in .ci/long, else 'quick'. */
export type Effort = 'quick' | 'full' | 'long';

const EFFORTS: readonly Effort[] = ['quick', 'full', 'long'];

function readEffort(given = 'quick'): Effort {
  const effort = EFFORTS.find((name) => name === given);
  if (!effort) throw new Error(`MYELIN_EFFORT is '${given}'; expected 'quick', 'full' or 'long'.`);
  return effort;
}

export const effort = readEffort(process.env.MYELIN_EFFORT);

/** Returns the value for the effort of this run; 'long' takes that of 'full' where it has none of its own. */
export function byEffort<T>(quick: T, full: T, long: T = full): T {
  return { quick, full, long }[effort];
}

/** Every fourth of many cases alike where the effort is quick, since each starts processes of its own; else all of them. */
export const testSome = ((cases: readonly unknown[]) =>
  test.each(effort === 'quick' ? cases.filter((_, i) => i % 4 === 0) : cases)) as typeof test.each;

/** A test that takes seconds and shares what it covers with quicker ones: it does not run where the effort is quick. */
export const thorough = test.skipIf(effort === 'quick');

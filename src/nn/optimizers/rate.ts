import { checkNumber } from '../../errors.js';
import { type OptionRanges, resolve } from '../../kernels/definition.js';
import type { Schedule } from '../../kernels/lib/update.js';

/** The learning rate of step t, from 0 on. */
export type Rate = (t: number) => number;

/**
 * Returns a schedule with all of its options and what it means, or a rate.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function readRate(given: number | Schedule, argument: string) {
  if (typeof given === 'number') return checkNumber(given, argument, { min: 0 });
  return resolve<Schedule, ScheduleDefinition<Schedule>>(given, {}, argument, 'cosine', {
    functions: 'scheduleFunctions',
  });
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeRate(given: number | Schedule, argument: string): Rate {
  const read = readRate(given, argument);
  return typeof read === 'number' ? () => read : read.definition.rate(read.spec);
}

/** Defines a schedule. */
export interface ScheduleDefinition<O> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns the function that computes the rate of step t, from 0 on. */
  rate(options: O): Rate;
}

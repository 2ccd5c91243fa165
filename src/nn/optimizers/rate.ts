import { checkNumber } from '../../errors.js';
import { type OptionRanges, resolve } from '../../kernels/definition.js';
import type { LearningRate, RateFunction, Schedule } from '../../kernels/lib/update.js';
import type { Registrable } from '../registrations.js';

/** The learning rate of step t, from 0 on. */
export type Rate = (t: number) => number;

/** A schedule of your own; as plain data it tells its name only. */
export interface CustomSchedule extends Registrable {
  readonly [option: string]: unknown;
}

/** The schedules that a program has registered. */
export const scheduleNames: Readonly<Record<string, unknown>> = {};

/** Asks a function once a step. */
export function checkedRate(rate: RateFunction, argument: string): Rate {
  let last = -1;
  let value = 0;
  return (t) => {
    if (t !== last) value = checkNumber(rate(t), `${argument}, step ${t}`, { min: 0 });
    last = t;
    return value;
  };
}

/**
 * Returns a schedule with all of its options and what it means, or a rate.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function readRate(given: LearningRate, argument: string) {
  if (typeof given === 'number') return checkNumber(given, argument, { min: 0 });
  // The functions of the library make schedules, and are none.
  if (typeof given === 'function' && !('definition' in given)) return checkedRate(given, argument);
  return resolve<Schedule, ScheduleDefinition<Schedule>>(given, scheduleNames, argument, 'cosine', {
    functions: 'scheduleFunctions',
  });
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeRate(given: LearningRate, argument: string): Rate {
  const read = readRate(given, argument);
  if (typeof read === 'number') return () => read;
  return typeof read === 'function' ? read : read.definition.rate(read.spec);
}

/** Defines a schedule. */
export interface ScheduleDefinition<O> {
  /** The range and default of each option. */
  readonly options: OptionRanges<O>;
  /** Returns the function that computes the rate of step t, from 0 on. */
  rate(options: O): Rate;
}

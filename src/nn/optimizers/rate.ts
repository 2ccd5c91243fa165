import { checkNumber } from '../../errors.js';
import { resolve } from '../../kernels/definition.js';
import type { Schedule } from '../../kernels/lib/update.js';
import { scheduleFunctions } from '../function-names.js';
import type { ScheduleDefinition, ScheduleSpec } from './schedules.js';

/** The learning rate of step t, from 0 on. */
export type Rate = (t: number) => number;

/** A schedule with all of its options and what it means, or a rate. @throws UnknownNameError, ValueError for options out of range. */
export function readRate(given: number | Schedule, argument: string) {
  if (typeof given === 'number') return checkNumber(given, argument, { min: 0 });
  return resolve<ScheduleSpec, ScheduleDefinition<ScheduleSpec>>(given, {}, argument, 'cosine', {
    functions: scheduleFunctions,
  });
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeRate(given: number | Schedule, argument: string): Rate {
  const read = readRate(given, argument);
  return typeof read === 'number' ? () => read : read.definition.rate(read.spec);
}

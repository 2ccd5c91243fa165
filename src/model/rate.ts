import { checkNumber } from '../errors.js';
import { resolve } from '../kernels/definition.js';
import type { Schedule } from '../kernels/update.js';
import type { ScheduleDefinition, ScheduleSpec } from './schedules.js';

/** The learning rate of step t, from 0 on. */
export type Rate = (t: number) => number;

const FUNCTIONS = [
  'constantRate',
  'stepDecay',
  'exponentialDecay',
  'inverseTimeDecay',
  'polynomial',
  'cosine',
  'cosineRestarts',
  'oneCycle',
  'warmup',
];

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeRate(given: number | Schedule, argument: string): Rate {
  if (typeof given === 'number') {
    checkNumber(given, argument, { min: 0 });
    return () => given;
  }
  const { spec, definition } = resolve<ScheduleSpec, ScheduleDefinition<ScheduleSpec>>(given, {}, argument, 'cosine', {
    functions: FUNCTIONS,
  });
  return definition.rate(spec);
}

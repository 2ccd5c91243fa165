import { show, ValueError } from '../../errors.js';
import { carry } from '../../kernels/definition.js';
import type { RateFunction } from '../../kernels/lib/update.js';
import { type CustomSchedule, checkedRate, type ScheduleDefinition, scheduleNames } from '../optimizers/rate.js';
import { scheduleFunctions } from '../rare/function-names.js';
import { FAMILY, type Family } from '../registrations.js';

const SCHEDULES: Family = {
  family: 'schedule',
  names: scheduleNames,
  functions: ['constant', ...scheduleFunctions],
  functional: true,
};

/**
 * A schedule from a function of the step, from 0 on, for `learningRate` and `warmup`:
 *
 *     register('halving', customSchedule((step) => 0.1 / 2 ** Math.floor(step / 1000)))
 *
 * A plain function does as well; this gives it a name, by which models with it are saved. It is asked once a step. Rates reach
 * weights: for the same bits on every engine compute them by + - * / and Math.sqrt.
 * @throws ValueError for anything but a function; in the step, for a rate below 0 or not finite.
 */
export function customSchedule(rate: RateFunction): CustomSchedule {
  if (typeof rate !== 'function') {
    const expected = 'a function of the step that returns a rate';
    throw new ValueError({ argument: 'customSchedule', given: show(rate), expected });
  }
  const item: CustomSchedule = { name: 'custom', [FAMILY]: SCHEDULES };
  const definition: ScheduleDefinition<object> = { options: {}, rate: () => checkedRate(rate, 'customSchedule') };
  const made = Object.assign((options: object) => carry({ ...item, ...options }, made), { definition });
  return carry(item, made);
}

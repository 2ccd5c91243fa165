import { checkOptions, lookUp, show, ValueError } from '../../errors.js';
import type { NumberColumn } from '../column.js';
import { cos, sin } from './circle.js';
import { define, numbersOf, type StepSpec } from './preprocessing-step.js';

/** A number that `dateParts` takes from a date, in UTC. */
export type DatePart = 'year' | 'month' | 'day' | 'weekday' | 'dayOfYear' | 'hour' | 'minute' | 'second' | 'days';

/** Options of `dateParts`. */
export interface DatePartsOptions {
  /**
   * The parts in the order of the columns; default year, month, day and weekday. `'days'` are days since 1970 with
   * fractions; weekday 0 is Monday.
   */
  readonly parts?: readonly DatePart[];
  /** Months, days, weekdays and times as points on a circle: a sine and a cosine for each. Default false. */
  readonly cyclic?: boolean;
}

/** Splits a date into its parts, in UTC, as numbers. */
export function dateParts(options: DatePartsOptions = {}): StepSpec {
  return { step: 'dateParts', options: { ...options } };
}

const DAY = 86_400_000;

/** The value of a part, the first one and how many there are before it comes round. */
const PARTS: Readonly<Record<DatePart, { of(date: Date): number; from: number; cycle: number }>> = {
  year: { of: (date) => date.getUTCFullYear(), from: 0, cycle: 0 },
  month: { of: (date) => date.getUTCMonth() + 1, from: 1, cycle: 12 },
  day: { of: (date) => date.getUTCDate(), from: 1, cycle: 31 },
  weekday: { of: (date) => (date.getUTCDay() + 6) % 7, from: 0, cycle: 7 },
  dayOfYear: {
    of: (date) => Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / DAY) + 1,
    from: 1,
    cycle: 366,
  },
  hour: { of: (date) => date.getUTCHours(), from: 0, cycle: 24 },
  minute: { of: (date) => date.getUTCMinutes(), from: 0, cycle: 60 },
  second: { of: (date) => date.getUTCSeconds(), from: 0, cycle: 60 },
  days: { of: (date) => date.getTime() / DAY, from: 0, cycle: 0 },
};

interface Plan {
  readonly parts: readonly DatePart[];
  readonly cyclic: boolean;
}

const onCircle = (part: DatePart, cyclic: boolean) => cyclic && PARTS[part].cycle > 0;

export const dateSteps = {
  dateParts: define<Plan, Record<string, never>>({
    takes: 'dates',
    state: {},
    plan: (options) => {
      checkOptions(options, ['parts', 'cyclic'], 'dateParts');
      const { parts = ['year', 'month', 'day', 'weekday'], cyclic = false } = options as DatePartsOptions;
      if (!Array.isArray(parts) || parts.length === 0) {
        throw new ValueError({ argument: 'parts', given: show(parts), expected: 'an array of parts' });
      }
      parts.forEach((part, i) => {
        lookUp(PARTS, part, `parts[${i}]`);
      });
      return { parts, cyclic: cyclic === true };
    },
    fit: () => ({}),
    names: (name, _, { parts, cyclic }) =>
      parts.flatMap((part) =>
        onCircle(part, cyclic) ? [`${name} ${part} sin`, `${name} ${part} cos`] : [`${name} ${part}`],
      ),
    transform: (column, _, { parts, cyclic }) => {
      const { name, values } = numbersOf(column);
      const made: NumberColumn[] = [];
      for (const part of parts) {
        const { of, from, cycle } = PARTS[part];
        const numbers = values.map((time) => (Number.isNaN(time) ? Number.NaN : of(new Date(time))));
        if (!onCircle(part, cyclic)) {
          made.push({ name: `${name} ${part}`, kind: 'number', values: numbers });
          continue;
        }
        const angle = (value: number) => (2 * Math.PI * (value - from)) / cycle;
        made.push({ name: `${name} ${part} sin`, kind: 'number', values: numbers.map((v) => sin(angle(v))) });
        made.push({ name: `${name} ${part} cos`, kind: 'number', values: numbers.map((v) => cos(angle(v))) });
      }
      return made;
    },
  }),
};

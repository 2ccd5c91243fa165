import { show, ValueError } from '../../errors.js';
import { dateReader } from './date-formats.js';

import { MISSING } from './markers.js';
import { looseNumber, THOUSANDS, type Thousands } from './numerals.js';
import { withoutSpaces } from './scalars.js';

/** Options for how the cells of a table are written. All readers take them, and pipelines remember them. */
export interface CellOptions {
  /**
   * Texts that stand for a missing value; default '', ?, NA, N/A, #N/A, NaN, nan, null, NULL. Of numbers and dates all
   * spellings are meant: -999 is -999.0 too. In columns whose other cells are numbers, dates or booleans, what people
   * commonly write for a missing value (n/a, None, -, #DIV/0! and more) is missing in addition to these, unless there are none.
   */
  readonly missing?: readonly (string | number)[];
  /** The decimal separator of numbers in texts; default '.'. */
  readonly decimal?: '.' | ',';
  /**
   * The separator between thousands, for all columns or by name: ',', '.', ' ' (no-break and narrow spaces too) or "'";
   * default: inferred where it is unambiguous.
   */
  readonly thousands?: Thousands | Readonly<Record<string, Thousands>>;
  /**
   * The format of dates, for all columns or by name: 'DMY', 'MDY' or 'YMD' for the order of day, month and year, or a format
   * in the letters of Day.js ('DD/MM/YYYY HH:mm') or strptime ('%d/%m/%Y'); default: inferred where it is unambiguous.
   */
  readonly dateFormat?: string | Readonly<Record<string, string>>;
}

/** Settled. */
export interface CellPlan {
  readonly missing: ReadonlySet<string>;
  /** Numbers that are missing values, however they are written. */
  readonly missingNumbers: ReadonlySet<number> | undefined;
  /** Says whether common markers are missing values among numbers, dates and booleans. */
  readonly common: boolean;
  readonly decimalComma: boolean;
  readonly decimalGiven: boolean;
  readonly thousands: CellOptions['thousands'];
  readonly dateFormat: CellOptions['dateFormat'];
  /** The options as they were given. */
  readonly given: CellOptions;
}

/** @throws ValueError for options of another kind, or that contradict each other. */
export function planCells(options: CellOptions): CellPlan {
  const { missing = MISSING, decimal = '.', thousands, dateFormat } = options;
  if (!Array.isArray(missing) || missing.some((text) => typeof text !== 'string' && typeof text !== 'number')) {
    throw new ValueError({ argument: 'missing', given: show(missing), expected: 'an array of texts' });
  }
  if (decimal !== '.' && decimal !== ',') {
    throw new ValueError({ argument: 'decimal', given: show(decimal), expected: "'.' or ','" });
  }
  for (const [argument, by] of entriesOf('thousands', thousands)) {
    const expected = `one of ${THOUSANDS.filter((other) => other !== decimal)
      .map((other) => `"${other}"`)
      .join(', ')}`;
    const known = (THOUSANDS as readonly unknown[]).includes(by);
    const hint =
      by === decimal ? `That is the decimal separator: say decimal: '${by === '.' ? ',' : '.'}' as well.` : '';
    if (!known || by === decimal) throw new ValueError({ argument, given: show(by), expected, ...(hint && { hint }) });
  }
  for (const [argument, format] of entriesOf('dateFormat', dateFormat)) dateReader(format as string, argument);
  // Cells are compared without the spaces around them.
  const texts = missing.map((text) => withoutSpaces(String(text)));
  const style = { decimal, thousands: typeof thousands === 'string' ? thousands : undefined } as const;
  const numbers = texts.map((text) => looseNumber(text, style)).filter((value) => !Number.isNaN(value));
  return {
    missing: new Set(texts),
    missingNumbers: numbers.length > 0 ? new Set(numbers) : undefined,
    common: texts.length > 0,
    decimalComma: decimal === ',',
    decimalGiven: options.decimal !== undefined,
    thousands,
    dateFormat,
    given: {
      ...(options.missing && { missing: texts }),
      ...(decimal === ',' && { decimal }),
      ...(thousands !== undefined && { thousands }),
      ...(dateFormat !== undefined && { dateFormat }),
    },
  };
}

function entriesOf(argument: string, value: unknown): (readonly [string, unknown])[] {
  if (value === undefined) return [];
  if (typeof value !== 'object' || value === null) return [[argument, value]];
  return Object.entries(value).map(([name, one]) => [`${argument}.${name}`, one]);
}

function optionFor<V>(value: V | Readonly<Record<string, V>> | undefined, name: string): V | undefined {
  if (typeof value !== 'object' || value === null) return value;
  const byName = value as Readonly<Record<string, V>>;
  return Object.hasOwn(byName, name) ? byName[name] : undefined;
}

/** Returns the settings of a plan for one column. */
export function settingsOf(plan: CellPlan, name: string, separator?: string): Settings {
  const { missing, missingNumbers, common, decimalComma, decimalGiven } = plan;
  const thousands = optionFor(plan.thousands, name);
  const dateFormat = optionFor(plan.dateFormat, name);
  return { missing, missingNumbers, common, decimalComma, decimalGiven, thousands, dateFormat, separator };
}

/** Returns whether options name this column's date format, which makes it a column of dates. */
export function saysDates({ dateFormat }: CellPlan, name: string): boolean {
  return typeof dateFormat === 'object' && Object.hasOwn(dateFormat, name);
}

/** Holds the settings of a reader for the texts of one column. */
export interface Settings
  extends Pick<CellPlan, 'missing' | 'missingNumbers' | 'common' | 'decimalComma' | 'decimalGiven'> {
  /** As options or an earlier table say. */
  readonly thousands?: Thousands | undefined;
  readonly dateFormat?: string | undefined;
  /** The separator of the file's fields; undefined in JSON and in memory. */
  readonly separator?: string | undefined;
  /** Returns whether other columns have '.' before decimals. */
  readonly pointElsewhere?: (() => boolean) | undefined;
}

import { checkNumber, checkOptions, lookUp, show, ValueError } from '../errors.js';

/** What an option may be, and what it is where nothing is said. */
export type OptionRange =
  | {
      /** undefined: it must be given. */
      readonly default: number | undefined;
      readonly min?: number;
      readonly max?: number;
      readonly above?: number;
      readonly below?: number;
      readonly integer?: boolean;
    }
  | { readonly default: boolean }
  | { readonly default: string; readonly oneOf: readonly string[] };

/** The ranges of a set of options. */
export type OptionRanges<O> = { readonly [K in keyof O]-?: OptionRange };

/** The options with defaults filled in, each within its range, or an error that names the option and the range. */
export function fillOptions<O extends object>(ranges: OptionRanges<O>, given: Partial<O>, argument: string): O {
  checkOptions(given, Object.keys(ranges), argument);
  const filled = Object.entries<OptionRange>(ranges).map(([key, range]) => {
    const value = (given as Record<string, unknown>)[key] ?? range.default;
    return [key, checkOption(value, range, `${argument}.${key}`)];
  });
  return Object.fromEntries(filled) as O;
}

function checkOption(value: unknown, range: OptionRange, argument: string): number | boolean | string {
  if ('oneOf' in range) return lookUp(Object.fromEntries(range.oneOf.map((name) => [name, name])), value, argument);
  if (typeof range.default !== 'boolean') return checkNumber(value, argument, range as { min?: number });
  if (typeof value === 'boolean') return value;
  throw new ValueError({ argument, given: show(value), expected: 'true or false' });
}

import { checkBoolean, checkNumber, checkOptions, lookUp, prefixed, show, ValueError } from '../errors.js';
import { rare } from '../rare.js';

/** Bounds an option, and says its default. */
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

/** Returns the options with defaults filled in, each within its range, or an error that names the option and the range. */
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
  return checkBoolean(value, argument);
}

/** A spec as plain data. */
interface Named {
  readonly name: string;
}

/** Under this symbol a spec carries the function that made it; JSON, structuredClone and spread do not see it. */
const MAKER = Symbol('maker');

/** A function that makes specs, and what they mean to the library. */
export interface Maker<D = unknown> {
  (options: object): Named;
  readonly definition: D;
}

/**
 * Makes a function whose specs carry it, and with it their definition: a reader of a spec finds there what it means,
 * and a program holds the definitions of those that it calls. Definitions are made when they are first asked for, so that
 * bundlers see nothing happen where a function is defined.
 */
export function maker<A extends readonly unknown[], S extends object, D>(
  define: () => D,
  make: (definition: D, ...args: A) => S,
): ((...args: A) => S) & { readonly definition: D } {
  let known: D | undefined;
  const definition = () => {
    known ??= define();
    return known;
  };
  const made = (...args: A): S => carry(make(definition(), ...args), made);
  return Object.defineProperty(made, 'definition', { get: definition }) as typeof made & { readonly definition: D };
}

/** Lets a spec know what makes specs of its name. */
export function carry<S extends object>(spec: S, made: unknown): S {
  return Object.defineProperty(spec, MAKER, { value: made });
}

/** Returns what a spec carries; undefined for plain data. */
export function makerOf(spec: unknown): Maker | undefined {
  return (spec as { readonly [MAKER]?: Maker } | null | undefined)?.[MAKER];
}

/** Names that errors suggest, by family. */
interface FunctionNames {
  readonly optimizerFunctions: readonly string[];
  readonly initializerFunctions: readonly string[];
  readonly metricFunctions: readonly string[];
  readonly scheduleFunctions: readonly string[];
  readonly averagingFunctions: readonly string[];
}

declare module '../rare.js' {
  interface RareParts {
    readonly functionNames: FunctionNames;
  }
}

/** Words for errors of `resolve`. */
interface Hints {
  /** Names the list in nn/rare/function-names.ts of what has no name in the table, and must come from its function. */
  readonly functions?: keyof FunctionNames;
  /** The function that makes one of the user's own. */
  readonly own?: string;
}

/** Looks up a name, in whose error `functions` suggest others. */
function find<T>(
  names: Readonly<Record<string, unknown>>,
  name: unknown,
  argument: string,
  functions: keyof FunctionNames | undefined,
): T {
  if (name === 'custom') throw rare().plainData(argument);
  const known = typeof name === 'string' && Object.hasOwn(names, name);
  return lookUp(names, name, argument, known || !functions ? [] : rare().functionNames[functions]) as T;
}

/**
 * Returns the spec, with all options, and the definition of what functions returned, of a name in the table, or of plain
 * data with such a name.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function resolve<S extends Named, D>(
  given: unknown,
  names: Readonly<Record<string, unknown>>,
  argument: string,
  example: string,
  { functions, own }: Hints = {},
): { readonly spec: S; readonly definition: D } {
  if (typeof given === 'function') {
    throw new ValueError({
      argument,
      given: 'a function',
      expected: `what it returns, such as ${example}()`,
      hint: own && `A function of your own: ${own}(...).`,
    });
  }
  const spec = typeof given === 'string' ? { name: given } : given;
  if (typeof spec !== 'object' || spec === null || !('name' in spec)) {
    throw new ValueError({ argument, given: show(given), expected: `a name or a spec, such as ${example}()` });
  }
  const { name, ...options } = spec;
  const made = (spec as { [MAKER]?: Maker<D> })[MAKER] ?? find<Maker<D>>(names, name, argument, functions);
  try {
    return { spec: made(options) as S, definition: made.definition };
  } catch (error) {
    throw argument.includes('.') ? prefixed(error, argument) : error;
  }
}

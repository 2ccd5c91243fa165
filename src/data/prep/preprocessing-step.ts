import { show, ValueError } from '../../errors.js';
import { type Coded, codedOf, mappedBytes, type Readable, readable } from '../bytes-column.js';
import type { Column, NumberColumn } from '../column.js';

/** A step of preprocessing as plain data: its name and its options. */
export interface StepSpec {
  /** The name of the function that returned it, such as 'standardize'. */
  readonly step: string;
  /** The options that were given; defaults are filled in when it is fitted. */
  readonly options: Readonly<Record<string, unknown>>;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** The statistics that a step has learned from a column, as plain data. */
export type State = { readonly [key: string]: Json };

/** Describes the form of a state, which is checked when it is read from a file. */
export type Shape = Readonly<
  Record<string, 'number' | 'numbers' | 'texts' | 'boolean' | 'text?' | 'number?' | 'number|text'>
>;

/** Implements the step of a name. It takes one column and makes one or several. */
export interface StepKind<O = Readonly<Record<string, unknown>>, S = State> {
  readonly takes: 'numbers' | 'categories' | 'dates' | 'any';
  readonly state: Shape;
  /** Checks options and fills in what is missing. */
  plan(options: Readonly<Record<string, unknown>>): O;
  fit(column: Column, options: O): S;
  /** Names of what comes out of a column of this name. */
  names(name: string, state: S, options: O): readonly string[];
  transform(column: Column, state: S, options: O): readonly Column[];
  /** Undone, as far as it can be; undefined where nothing can be. */
  readonly inverse?: (columns: readonly Column[], state: S, options: O) => Column;
}

/** A step in the form that the table of steps holds. */
export type AnyStep = StepKind<never, never>;

export function define<O, S>(kind: StepKind<O, S>): AnyStep {
  return kind as unknown as AnyStep;
}

/** Makes a step that maps each number by itself. */
export function numeric<O, S>(kind: {
  readonly state: Shape;
  plan(options: Readonly<Record<string, unknown>>): O;
  fit(values: Readable, options: O, name: string): S;
  /** The same of a column of bytes, without its numbers; undefined where they are needed. */
  fitBytes?(coded: Coded, options: O): S | undefined;
  map(state: S, options: O): (value: number) => number;
  unmap(state: S, options: O): (value: number) => number;
}): AnyStep {
  const mapped = (given: Column, map: (value: number) => number): NumberColumn => {
    const column = numbersOf(given);
    const coded = codedOf(column);
    if (coded) return mappedBytes(column.name, coded, map);
    const { name, values } = column;
    const made = new Float64Array(values.length);
    for (let row = 0; row < values.length; row++) made[row] = map(values[row]!);
    return { name, kind: 'number', values: made };
  };
  return define<O, S>({
    takes: 'numbers',
    state: kind.state,
    plan: kind.plan,
    fit: (column, options) => {
      const numbers = numbersOf(column);
      const coded = codedOf(numbers);
      const learned = coded && kind.fitBytes?.(coded, options);
      if (learned) return learned;
      return kind.fit(readable(numbers), options, numbers.name);
    },
    names: (name) => [name],
    transform: (column, state, options) => [mapped(column, kind.map(state, options))],
    inverse: ([column], state, options) => mapped(column!, kind.unmap(state, options)),
  });
}

/** @throws ValueError for a column of texts. */
export function numbersOf(column: Column): NumberColumn {
  if (column.kind !== 'category') return column;
  throw new ValueError({
    argument: `column '${column.name}'`,
    given: `texts such as ${show(column.categories[0] ?? '')}`,
    expected: 'numbers',
    hint: 'Encode categories first: oneHot(), ordinal(), frequency(), embeddingIds().',
  });
}

/** Checks a state from a file, and returns it. @throws ValueError for a state of another form. */
export function checkState(value: unknown, shape: Shape, argument: string): State {
  const fail = (key: string, given: unknown, expected: string) =>
    new ValueError({ argument: `${argument}.${key}`, given: show(given), expected });
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ValueError({ argument, given: show(value), expected: 'an object' });
  }
  const state = value as Record<string, unknown>;
  for (const [key, type] of Object.entries(shape)) {
    const part = Object.hasOwn(state, key) ? state[key] : undefined;
    const finite = (item: unknown) => typeof item === 'number' && Number.isFinite(item);
    const text = (item: unknown) => typeof item === 'string';
    const ok = {
      number: finite(part),
      numbers: Array.isArray(part) && part.every(finite),
      texts: Array.isArray(part) && part.every(text),
      boolean: typeof part === 'boolean',
      'text?': part === null || text(part),
      'number?': part === null || finite(part),
      'number|text': finite(part) || text(part),
    }[type];
    if (!ok) throw fail(key, part, type);
  }
  return state as State;
}

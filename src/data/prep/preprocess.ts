import { checkOptions, lookUp, ShapeError, StateError, show, ValueError } from '../../errors.js';
import { type Matrix, type MatrixLike, makeMatrix, toNumbers } from '../../matrix.js';
import type { Column, ColumnKind } from '../column.js';
import { type Row, tableFromRows } from '../rows.js';
import { Table } from '../table.js';
import { adapted } from './adapted.js';
import { Chain, readSteps } from './chain.js';
import { dateParts } from './dates.js';
import { oneHot, textsOf } from './encoding.js';
import { blockOf, COLUMNS_AT_A_TIME, fill, MOST_HELD, type Narrow, narrow, narrowed, toFloats } from './filling.js';
import { fillMissing } from './missing.js';
import { checkState, type State, type StepSpec } from './preprocessing-step.js';
import { type AnyBlockStep, type Block, blockSteps, checkBlockState } from './projection.js';
import { standardize } from './scaling.js';

/** One step of preprocessing, or several that follow each other. */
export type Steps = StepSpec | readonly StepSpec[];

/** Options of `preprocess`. */
export interface PreprocessOptions {
  /** Steps of columns by name; `'drop'` leaves a column out, `[]` takes it as it is. Default: those of their kind. */
  readonly columns?: Readonly<Record<string, Steps | 'drop'>>;
  /** Steps of columns of numbers; default `[standardize(), fillMissing({ indicator: true })]`. */
  readonly numbers?: Steps | 'drop';
  /** Steps of columns of texts; default `oneHot()`. */
  readonly categories?: Steps | 'drop';
  /** Steps of columns of booleans; default `fillMissing({ strategy: 'mostFrequent', indicator: true })`. */
  readonly booleans?: Steps | 'drop';
  /** Steps of columns of dates; default `[dateParts(), standardize(), fillMissing({ indicator: true })]`. */
  readonly dates?: Steps | 'drop';
  /** Steps of all columns together, after those of each: `pca()`, `zca()`. Default: none. */
  readonly after?: Steps;
}

interface Input {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly words: readonly [string, string] | undefined;
  readonly chain: Chain;
  /** Columns that are made of it. */
  width: number;
}

interface After {
  readonly spec: StepSpec;
  readonly kind: OpenBlockStep;
  readonly options: unknown;
  state: State | undefined;
}

interface OpenBlockStep {
  readonly state: AnyBlockStep['state'];
  plan(options: unknown): unknown;
  fit(block: Block, options: unknown): State;
  names(names: readonly string[], state: State): readonly string[];
  transform(block: Block, state: State): Block;
  inverse(block: Block, state: State): Block;
}

const DEFAULTS: Readonly<Record<ColumnKind, readonly StepSpec[]>> = {
  number: [standardize(), fillMissing({ indicator: true })],
  category: [oneHot()],
  boolean: [fillMissing({ strategy: 'mostFrequent', indicator: true })],
  date: [dateParts(), standardize(), fillMissing({ indicator: true })],
};

const VERSION = 1;

/**
 * Turns tables into matrices: steps for each column, then steps for all of them. What `fit` learns goes through JSON and
 * comes back by `preprocessingFromJSON`.
 */
export class Preprocessing {
  #inputs: readonly Input[] | undefined;
  #after: readonly After[];

  constructor(private readonly options: PreprocessOptions = {}) {
    checkOptions(options, ['columns', 'numbers', 'categories', 'booleans', 'dates', 'after'], 'preprocess');
    this.#after = readAfter(options.after ?? []);
    const { columns = {}, numbers, categories, booleans, dates } = options;
    for (const [name, steps] of Object.entries({ ...columns, numbers, categories, booleans, dates })) {
      if (steps !== undefined && steps !== 'drop') new Chain(name, readSteps(steps, name), name);
    }
  }

  #stepsOf({ name, kind }: Column): readonly StepSpec[] | 'drop' {
    const { columns = {}, numbers, categories, booleans, dates } = this.options;
    const byKind = { number: numbers, category: categories, boolean: booleans, date: dates }[kind];
    const steps = (Object.hasOwn(columns, name) ? columns[name] : undefined) ?? byKind ?? DEFAULTS[kind];
    return steps === 'drop' ? steps : readSteps(steps, `column '${name}'`);
  }

  get #fitted(): readonly Input[] {
    if (this.#inputs) return this.#inputs;
    throw new StateError('This preprocessing has learned nothing yet: call fit(table) first.');
  }

  /** Returns whether `fit` was called, or what it learned was loaded. */
  get isFitted(): boolean {
    return this.#inputs !== undefined;
  }

  /** Learns from a table, or from rows. Returns itself. */
  fit(data: Table | readonly Row[]): this {
    this.#learn(data instanceof Table ? data : tableFromRows(data));
    return this;
  }

  /** Calls `fit` and `transform` on the same table. */
  fitTransform(data: Table | readonly Row[]): Matrix {
    const table = data instanceof Table ? data : tableFromRows(data);
    const { columns, block } = this.#learn(table);
    if (block) return narrowed(block);
    return columns ? toFloats(columns, table.rows) : this.#filled(table);
  }

  #learn(table: Table): { columns?: readonly Narrow[] | undefined; block?: Block } {
    for (const name of Object.keys(this.options.columns ?? {})) table.column(name);
    const inputs: Input[] = [];
    const made: Column[] = [];
    let floats: Narrow[] | undefined = [];
    let held = 0;
    for (const column of table.columns) {
      const steps = this.#stepsOf(column);
      if (steps === 'drop') continue;
      const chain = new Chain(column.name, steps, `column '${column.name}'`);
      const columns = chain.fit(column);
      const words = column.kind === 'category' ? undefined : column.words;
      inputs.push({ name: column.name, kind: column.kind, words, chain, width: columns.length });
      if (this.#after.length > 0) made.push(...columns);
      else if (floats) {
        // Columns that end up in a matrix need half of the memory meanwhile; large tables are transformed again instead.
        const narrower = columns.map(narrow);
        floats.push(...narrower);
        held += narrower.reduce((sum, { values, palette }) => sum + (palette ? 0 : values.length), 0);
        if (held > MOST_HELD) floats = undefined;
      }
    }
    if (inputs.length === 0)
      throw new ShapeError({
        argument: 'table',
        given: `${table.columns.length} of which none is kept`,
        expected: 'at least one column to learn from',
        hint: 'Columns are left out that say nothing, such as those of one value.',
      });
    if (this.#after.length === 0) {
      this.#inputs = inputs;
      return { columns: floats };
    }
    let block = blockOf(made, table.rows);
    for (const step of this.#after) {
      step.state = checkState(step.kind.fit(block, step.options), step.kind.state, step.spec.step);
      block = step.kind.transform(block, step.state);
    }
    this.#inputs = inputs;
    return { block };
  }

  /** The kinds of the columns that it takes; readers take this as `columns`. */
  get kinds(): Readonly<Record<string, ColumnKind>> {
    return Object.fromEntries(this.#fitted.map(({ name, kind }) => [name, kind]));
  }

  /** Names of the columns of the matrix. */
  get features(): readonly string[] {
    const names = this.#fitted.flatMap(({ chain }) => chain.names());
    return this.#after.reduce((before, { kind, state }) => [...kind.names(before, state!)], names);
  }

  /** For each feature the column that it came from; undefined after `pca` and `zca`, which mix them. */
  get origins(): readonly string[] | undefined {
    if (this.#after.length > 0) return undefined;
    return this.#fitted.flatMap(({ chain, name }) => chain.names().map(() => name));
  }

  /**
   * Returns a matrix of a table's rows. Other columns than those it was fitted with are left alone.
   * @throws UnknownNameError for a column that is missing, ValueError for texts among numbers and for values that are
   * missing or not finite after all steps; both name column and row.
   */
  transform(data: Table | readonly Row[]): Matrix {
    const inputs = this.#fitted;
    const table = data instanceof Table ? data : tableFromRows(data, { kinds: this.kinds });
    if (this.#after.length === 0) return this.#filled(table);
    const made = inputs.flatMap((input) => input.chain.transform(adapted(table, input)));
    const block = this.#after.reduce(
      (before, { kind, state }) => kind.transform(before, state!),
      blockOf(made, table.rows),
    );
    return narrowed(block);
  }

  /** Returns a matrix of a table's rows, a few columns at a time. */
  #filled(table: Table): Matrix {
    const inputs = this.#fitted;
    const width = inputs.reduce((sum, input) => sum + input.width, 0);
    const data = new Float32Array(table.rows * width);
    let problem: ValueError | undefined;
    let at = 0;
    let columns: Narrow[] = [];
    inputs.forEach((input, i) => {
      columns.push(...input.chain.transform(adapted(table, input)).map(narrow));
      if (columns.length < COLUMNS_AT_A_TIME && i + 1 < inputs.length) return;
      problem ??= columns.find((column) => column.problem)?.problem;
      fill(columns, table.rows, data, width, at);
      at += columns.length;
      columns = [];
    });
    if (problem) throw problem;
    return makeMatrix(data, table.rows, width);
  }

  /**
   * Returns the table that a matrix was made from, as far as its steps can be undone.
   * @throws ValueError where a step cannot, such as `frequency`; ShapeError for another number of columns.
   */
  inverseTransform(values: MatrixLike): Table {
    const inputs = this.#fitted;
    const given = toNumbers(values, 'values');
    const width = this.features.length;
    if (given.columns !== width) {
      throw new ShapeError({ argument: 'values', given: `${given.columns} columns`, expected: `${width}` });
    }
    let block: Block = { data: Float64Array.from(given.data), rows: given.rows, columns: given.columns };
    for (const { kind, state } of [...this.#after].reverse()) block = kind.inverse(block, state!);
    let at = 0;
    const columns = inputs.map(({ name, kind, words, chain, width }) => {
      const parts = Array.from({ length: width }, (_, i): Column => {
        return { name, kind: 'number', values: columnOf(block, at + i) };
      });
      at += width;
      const column = chain.inverse(parts);
      if (column.kind === 'category') return { ...column, name };
      if (kind === 'category') return { ...textsOf(column), name };
      return { name, kind, values: column.values, ...(words && { words }) };
    });
    return new Table(columns);
  }

  /**
   * Returns what `preprocessingFromJSON` takes: options and what was learned, as plain data. @throws StateError before
   * `fit`.
   */
  toJSON() {
    return {
      format: 'myelin.preprocessing',
      version: VERSION,
      columns: this.#fitted.map(({ name, kind, words, chain }) => ({
        name,
        kind,
        ...(words && { words }),
        steps: chain.toJSON(),
      })),
      after: this.#after.map(({ spec, state }) => ({ ...spec, state })),
    };
  }

  /** Restores fitted preprocessing. @throws ValueError, ShapeError for data that are not of `toJSON`. @internal */
  static restore(value: unknown): Preprocessing {
    const part = object(value, 'preprocessing');
    if (part.format !== 'myelin.preprocessing' || part.version !== VERSION) {
      throw new ValueError({
        argument: 'preprocessing',
        given: `format ${show(part.format)}, version ${show(part.version)}`,
        expected: `format 'myelin.preprocessing', version ${VERSION}`,
      });
    }
    const inputs = list(part.columns, 'preprocessing.columns').map((item, i): Input => {
      const argument = `preprocessing.columns[${i}]`;
      const { name, kind, steps, words } = object(item, argument);
      if (typeof name !== 'string')
        throw new ValueError({ argument: `${argument}.name`, given: show(name), expected: 'a name' });
      const known = lookUp(KINDS, kind, `${argument}.kind`);
      const chain = Chain.fromJSON(name, list(steps, `${argument}.steps`), `${argument}.steps`);
      const pair = Array.isArray(words) && words.length === 2 && words.every((word) => typeof word === 'string');
      return {
        name,
        kind: known,
        words: pair ? (words as [string, string]) : undefined,
        chain,
        width: chain.names().length,
      };
    });
    if (inputs.length === 0)
      throw new ShapeError({ argument: 'preprocessing.columns', given: 'none', expected: 'at least one' });
    const made = new Preprocessing();
    let width = inputs.reduce((sum, input) => sum + input.width, 0);
    const after = list(part.after, 'preprocessing.after');
    made.#after = readAfter(after);
    made.#after.forEach((step, i) => {
      const argument = `preprocessing.after[${i}].state`;
      step.state = checkState((after[i] as Record<string, unknown>).state, step.kind.state, argument);
      checkBlockState(step.spec.step, step.state, width, argument);
      width = step.kind.names(new Array(width).fill(''), step.state).length;
    });
    made.#inputs = inputs;
    return made;
  }
}

const KINDS: Readonly<Record<ColumnKind, ColumnKind>> = {
  number: 'number',
  category: 'category',
  boolean: 'boolean',
  date: 'date',
};

function object(value: unknown, argument: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new ValueError({ argument, given: show(value), expected: 'an object' });
}

function list(value: unknown, argument: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new ValueError({ argument, given: show(value), expected: 'an array' });
}

function readAfter(steps: unknown): After[] {
  return readSteps(steps, 'after').map((spec, i) => {
    const kind = lookUp(blockSteps, spec.step, `after[${i}].step`) as unknown as OpenBlockStep;
    return {
      spec: { step: spec.step, options: spec.options },
      kind,
      options: kind.plan(spec.options),
      state: undefined,
    };
  });
}

function columnOf({ data, rows, columns }: Block, column: number): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => data[row * columns + column]!);
}

/** Preprocessing that has yet to be fitted; see `PreprocessOptions` for what it does by default. */
export function preprocess(options: PreprocessOptions = {}): Preprocessing {
  return new Preprocessing(options);
}

/**
 * Restores preprocessing from the result of its `toJSON`, ready to transform.
 * @throws ValueError and ShapeError that name what is wrong in it.
 */
export function preprocessingFromJSON(value: unknown): Preprocessing {
  return Preprocessing.restore(value);
}

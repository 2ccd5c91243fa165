import { checkOptions, lookUp, ShapeError, StateError, show, ValueError } from '../../errors.js';
import { type Matrix, type MatrixLike, makeMatrix, toNumbers } from '../../matrix.js';
import { codedOf } from '../bytes-column.js';
import { type Row, tableFromRows } from '../rows.js';
import { type Column, type ColumnKind, type NumberColumn, Table } from '../table.js';
import { adapted } from './adapted.js';
import { Chain, readSteps } from './chain.js';
import { dateParts } from './dates.js';
import { oneHot, textsOf } from './encoding.js';
import { fillMissing } from './missing.js';
import { type AnyBlockStep, type Block, blockSteps, checkBlockState } from './projection.js';
import { standardize } from './scaling.js';
import { checkState, numbersOf, type State, type StepSpec } from './step.js';

export type Steps = StepSpec | readonly StepSpec[];

export interface PreprocessOptions {
  /** Steps of columns by name, instead of those of their kind; `'drop'` leaves a column out, `[]` takes it as it is. */
  readonly columns?: Readonly<Record<string, Steps | 'drop'>>;
  /** Of columns of numbers; default `[standardize(), fillMissing({ indicator: true })]`. */
  readonly numbers?: Steps | 'drop';
  /** Default `oneHot()`. */
  readonly categories?: Steps | 'drop';
  /** Default `fillMissing({ strategy: 'mostFrequent', indicator: true })`. */
  readonly booleans?: Steps | 'drop';
  /** Default `[dateParts(), standardize(), fillMissing({ indicator: true })]`. */
  readonly dates?: Steps | 'drop';
  /** Steps of all columns together, behind the others: `pca()`, `zca()`. */
  readonly after?: Steps;
}

interface Input {
  readonly name: string;
  readonly kind: ColumnKind;
  readonly words: readonly [string, string] | undefined;
  readonly chain: Chain;
  /** Columns that come of it. */
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

  /** Whether `fit` was called, or what it learned was loaded. */
  get isFitted(): boolean {
    return this.#inputs !== undefined;
  }

  /** Learns from a table, or from rows. Returns itself. */
  fit(data: Table | readonly Row[]): this {
    this.#learn(data);
    return this;
  }

  /** `fit` and `transform` of the same table. */
  fitTransform(data: Table | readonly Row[]): Matrix {
    const { columns, rows, block } = this.#learn(data);
    return block ? narrowed(block) : toFloats(columns, rows);
  }

  #learn(data: Table | readonly Row[]): { columns: readonly Narrow[]; rows: number; block?: Block } {
    const table = data instanceof Table ? data : tableFromRows(data);
    for (const name of Object.keys(this.options.columns ?? {})) table.column(name);
    const inputs: Input[] = [];
    const made: Column[] = [];
    const floats: Narrow[] = [];
    for (const column of table.columns) {
      const steps = this.#stepsOf(column);
      if (steps === 'drop') continue;
      const chain = new Chain(column.name, steps, `column '${column.name}'`);
      const columns = chain.fit(column);
      const words = column.kind === 'category' ? undefined : column.words;
      inputs.push({ name: column.name, kind: column.kind, words, chain, width: columns.length });
      // What is a matrix in the end needs half of the memory on the way.
      if (this.#after.length === 0) floats.push(...columns.map(narrow));
      else made.push(...columns);
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
      return { columns: floats, rows: table.rows };
    }
    let block = blockOf(made, table.rows);
    for (const step of this.#after) {
      step.state = checkState(step.kind.fit(block, step.options), step.kind.state, step.spec.step);
      block = step.kind.transform(block, step.state);
    }
    this.#inputs = inputs;
    return { columns: [], rows: table.rows, block };
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

  /** For each feature the column that it came of; undefined behind `pca` and `zca`, which mix them. */
  get origins(): readonly string[] | undefined {
    if (this.#after.length > 0) return undefined;
    return this.#fitted.flatMap(({ chain, name }) => chain.names().map(() => name));
  }

  /**
   * A matrix of a table's rows. Other columns than those it was fitted with are left alone.
   * @throws UnknownNameError for a column that is missing, ValueError for texts among numbers and for values that are
   * missing or not finite behind all steps; both name column and row.
   */
  transform(data: Table | readonly Row[]): Matrix {
    const inputs = this.#fitted;
    const table = data instanceof Table ? data : tableFromRows(data, { kinds: this.kinds });
    const transformed = (input: Input) => input.chain.transform(adapted(table, input));
    if (this.#after.length === 0) {
      return toFloats(
        inputs.flatMap((input) => transformed(input).map(narrow)),
        table.rows,
      );
    }
    const made = inputs.flatMap(transformed);
    const block = this.#after.reduce(
      (before, { kind, state }) => kind.transform(before, state!),
      blockOf(made, table.rows),
    );
    return narrowed(block);
  }

  /**
   * The table that a matrix came of, as far as its steps can be undone.
   * @throws ValueError where a step cannot, such as `frequency`.
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

  /** @internal */
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

/** Rows that are filled before the next ones: what they take stays in a processor's second-level cache. */
const ROWS_AT_A_TIME = 256;

/** Numbers of a column: values, or what bytes mean. */
interface Narrow {
  readonly values: Float32Array | Float64Array | Uint8Array;
  readonly palette?: Float32Array;
  /** What is wrong with the first that is not finite. */
  readonly problem?: ValueError;
}

/** Puts columns side by side. */
function fill(columns: readonly Narrow[], rows: number, data: Float32Array | Float64Array): void {
  const width = columns.length;
  for (let start = 0; start < rows; start += ROWS_AT_A_TIME) {
    const end = Math.min(rows, start + ROWS_AT_A_TIME);
    for (let c = 0; c < width; c++) {
      const { values, palette } = columns[c]!;
      if (palette) {
        for (let row = start, at = start * width + c; row < end; row++, at += width) data[at] = palette[values[row]!]!;
        continue;
      }
      for (let row = start, at = start * width + c; row < end; row++, at += width) data[at] = values[row]!;
    }
  }
}

/** In float32. */
function narrow(given: Column): Narrow {
  const column = numbersOf(given);
  const coded = codedOf(column);
  if (coded) {
    const palette = new Float32Array(coded.palette);
    if (palette.every(Number.isFinite)) return { values: coded.bytes, palette };
  }
  const values = new Float32Array(column.values);
  for (let row = 0; row < values.length; row++) {
    if (!Number.isFinite(values[row]!)) return { values, problem: unusable(column, row) };
  }
  return { values };
}

function unusable({ name, values }: NumberColumn, row: number): ValueError {
  const missing = Number.isNaN(values[row]);
  return new ValueError({
    argument: `column '${name}', row ${row}`,
    given: missing ? 'a missing value' : String(values[row]),
    expected: 'a finite number behind all steps',
    ...(missing ? { hint: 'fillMissing() puts one there.' } : {}),
    ...(Number.isFinite(values[row]) ? { hint: 'Networks take float32, which ends at 3.4e38: scale the column.' } : {}),
  });
}

function toFloats(columns: readonly Narrow[], rows: number): Matrix {
  for (const { problem } of columns) if (problem) throw problem;
  const data = new Float32Array(rows * columns.length);
  fill(columns, rows, data);
  return makeMatrix(data, rows, columns.length);
}

function blockOf(columns: readonly Column[], rows: number): Block {
  const data = new Float64Array(rows * columns.length);
  const numbers = columns.map(numbersOf);
  for (const column of numbers) {
    const row = column.values.findIndex((value) => !Number.isFinite(value));
    if (row >= 0) throw unusable(column, row);
  }
  fill(numbers, rows, data);
  return { data, rows, columns: columns.length };
}

function narrowed({ data, rows, columns }: Block): Matrix {
  return makeMatrix(Float32Array.from(data), rows, columns);
}

/** Preprocessing that has yet to be fitted; see `PreprocessOptions` for what it does by default. */
export function preprocess(options: PreprocessOptions = {}): Preprocessing {
  return new Preprocessing(options);
}

/**
 * Preprocessing out of what its `toJSON` gave, ready to transform.
 * @throws ValueError and ShapeError that name what is wrong in it.
 */
export function preprocessingFromJSON(value: unknown): Preprocessing {
  return Preprocessing.restore(value);
}

import { ValueError } from '../../errors.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import type { ReadOptions } from '../cells/reading.js';
import { type Preprocessing, preprocess } from '../prep/preprocess.js';
import type { Table } from '../table.js';
import type { BatchPlan, Prepared, TableSource } from './batch-options.js';
import { placeOf, RowSample } from './joined.js';
import { Rebatching } from './rebatch.js';

type Kinds = NonNullable<ReadOptions['kinds']>;

/** Makes the batches of one stream of tables, epoch by epoch. */
export class BatchMaker {
  readonly #inputs: Preprocessing;
  /** The kinds of columns as the file is read, where something else has taught the preprocessing. */
  #kinds: Kinds | undefined;
  readonly #remarks = new Set<string>();
  #begun = false;
  #pass: Promise<readonly string[] | undefined> | undefined;

  constructor(
    private readonly source: TableSource,
    private readonly plan: BatchPlan,
  ) {
    this.#inputs = plan.preprocess ?? preprocess();
  }

  async prepare(): Promise<Prepared> {
    const { target, targets } = this.plan;
    const classNames = target.length === 1 && targets === undefined ? await this.#learn() : undefined;
    if (!this.isFitted) await this.#learn();
    return { columns: this.#inputs.features.length, classNames, remarks: [...this.#remarks] };
  }

  async *epoch(number: number): AsyncGenerator<unknown, void, undefined> {
    if (!this.isFitted) await this.#learn();
    const { target } = this.plan;
    const cutting = new Rebatching(this.plan, number);
    const names = new Map<string, number>();
    const made = (parts: readonly Matrix[]) => {
      const [x, y, weight] = parts as readonly [Matrix, Matrix, Matrix?];
      if (target.length === 0) return x;
      const all = [...names.keys()];
      const labels = all.length > 0 ? Array.from(y.data, (code) => all[code]!) : y;
      return weight ? [x, labels, weight] : [x, labels];
    };
    for await (const table of this.#tables()) {
      for (const parts of cutting.add(this.#partsOf(table, names))) yield made(parts);
    }
    for (const parts of cutting.end()) yield made(parts);
  }

  /** Looks at what was learned elsewhere before the first row is read, and not sooner: it may be learned meanwhile. */
  #begin(): Kinds {
    const { targets, target } = this.plan;
    const learned = [this.#inputs, targets].flatMap((part) => (part?.isFitted ? [part.kinds] : []));
    const kinds: Kinds = Object.assign({}, ...learned);
    const twice = this.#inputs.isFitted && target.find((name) => Object.hasOwn(this.#inputs.kinds, name));
    if (typeof twice !== 'string') return kinds;
    throw new ValueError({
      argument: 'preprocess',
      given: `one that was fitted with the column '${twice}', the target`,
      expected: 'one without it',
      hint: 'A model sees the answer among its inputs otherwise: fit it with table.drop(target).',
    });
  }

  get isFitted(): boolean {
    return this.#inputs.isFitted && this.plan.targets?.isFitted !== false;
  }

  async *#tables(): AsyncGenerator<Table, void, undefined> {
    const { name, again } = this.source.about();
    if (this.#begun && !again) {
      throw new ValueError({
        argument: 'source',
        given: `${name}, which can be read but once, a second time`,
        expected: 'a path, bytes, a Blob or { text }',
        hint: 'Each epoch reads the source from its beginning, and so does a preprocess that has yet to learn.',
      });
    }
    this.#begun = true;
    this.#kinds ??= this.#begin();
    for await (const table of this.source.read(this.#kinds)) {
      for (const remark of table.report?.remarks ?? []) this.#remarks.add(remark);
      yield table;
    }
  }

  /** Reads everything once, for what is to be learned; returns the texts of the target. */
  #learn(): Promise<readonly string[] | undefined> {
    this.#pass ??= this.#learnNow();
    return this.#pass;
  }

  async #learnNow(): Promise<readonly string[] | undefined> {
    const { name, again } = this.source.about();
    if (!again) {
      throw new ValueError({
        argument: 'preprocess',
        given: `one that has yet to learn, with ${name}, which can be read but once`,
        expected: 'one that was fitted',
        hint: 'It learns in a pass of its own: give a path, bytes, a Blob or { text }, or fit it before.',
      });
    }
    const { target, targets, sampleWeight, fitRows, seed } = this.plan;
    const sample = new RowSample(fitRows, seed);
    const texts = new Map<string, number>();
    for await (const table of this.#tables()) {
      sample.add(table);
      for (const column of target.map((name) => table.column(name))) {
        if (column.kind === 'category') for (const text of column.categories) placeOf(texts, text);
      }
    }
    const { table } = sample;
    const others = sampleWeight === undefined ? target : [...target, sampleWeight];
    if (!this.#inputs.isFitted) this.#inputs.fit(table.drop(...others));
    if (targets?.isFitted === false) targets.fit(table.select(target));
    return texts.size === 0 ? undefined : [...texts.keys()].sort();
  }

  /** Returns inputs, targets and weights of the rows of a table; `names` are those of labels so far. */
  #partsOf(table: Table, names: Map<string, number>): readonly Matrix[] {
    const { target, targets, sampleWeight } = this.plan;
    const x = this.#inputs.transform(table);
    if (target.length === 0) return [x];
    const weights = sampleWeight === undefined ? [] : [numbersOf(table, [sampleWeight], 'sampleWeight')];
    if (targets) return [x, targets.transform(table), ...weights];
    const [first] = target as readonly [string];
    const column = table.column(first);
    if (column.kind !== 'category') return [x, numbersOf(table, target, 'target'), ...weights];
    if (target.length > 1) throw unread(first, 'texts', 'targets', 'ordinal()');
    const codes = Float32Array.from(column.codes, (code, row) => {
      if (code < 0) throw missing(table, first, row, 'target');
      return placeOf(names, column.categories[code]!);
    });
    return [x, makeMatrix(codes, table.rows, 1), ...weights];
  }
}

function missing({ lines }: Table, name: string, row: number, argument: string): ValueError {
  return new ValueError({
    argument,
    given: `no value of '${name}' in ${lines ? `line ${lines[row]}` : `row ${row}`}`,
    expected: 'one in every row',
    hint: 'Leave the row out of the file, or write a value.',
  });
}

function unread(name: string, kind: string, argument: string, step: string): ValueError {
  return new ValueError({
    argument,
    given: `${kind} in the column '${name}'`,
    expected: 'numbers',
    hint: `Say targets: preprocess(...) with a step such as ${step} for it.`,
  });
}

/** Returns columns of numbers or booleans as a matrix, as they are. */
function numbersOf(table: Table, names: readonly string[], argument: string): Matrix {
  const data = new Float32Array(table.rows * names.length);
  names.forEach((name, c) => {
    const column = table.column(name);
    if (column.kind === 'category') throw unread(name, 'texts', argument, 'ordinal()');
    if (column.kind === 'date') throw unread(name, 'dates', argument, 'standardize()');
    const { values } = column;
    for (let row = 0; row < table.rows; row++) {
      if (Number.isNaN(values[row])) throw missing(table, name, row, argument);
      data[row * names.length + c] = values[row]!;
    }
  });
  return makeMatrix(data, table.rows, names.length);
}

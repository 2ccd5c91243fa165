import { checkOptions, show, ValueError } from '../errors.js';
import { isA, isPromise } from '../realms.js';
import { COUNTS_ROWS } from './cells/counter.js';
import { givenKind, planReading, READ_OPTIONS, type ReadOptions, type ReadPlan } from './cells/reading.js';
import { Settling } from './cells/settle.js';
import { type Complain, collectColumn, writtenColumn } from './cells/values.js';
import type { CategoryColumn, Column, ColumnKind } from './column.js';
import { namesOf } from './csv/dialect.js';
import { shorten } from './data-error.js';
import { lateRemark, lateText, Said } from './remarks.js';
import { type ColumnReport, makeReport } from './report.js';
import { Table } from './table.js';

/** A row as an object of values by name, whatever its interface, or an array of values in the order of the columns. */
export type Row = object;

/** Options of `tableFromRows`, which readers of JSON take as well. */
export interface RowOptions extends ReadOptions {
  /** Names of the columns of rows that are arrays; default `column1`, `column2`, ... */
  readonly names?: readonly string[];
}

/** Fields that rows lack may make this many cells, and this many for each that is there. */
const SPARSE_CELLS = 2 ** 24;
const SPARSE_SHARE = 32;

/** Returns whether a table would consist of fields that its rows lack: its cost has no bound in what was read. */
export function isSparse(rows: number, columns: number, present: number): boolean {
  return rows * columns > SPARSE_CELLS + SPARSE_SHARE * present;
}

/** The values of a column from row `start` on, up to the last that is there. */
interface Values {
  readonly start: number;
  readonly values: unknown[];
}

/** Collects rows by column. */
export class RowCollector {
  /** Remarks about how the rows were found. */
  readonly notes: string[] = [];
  rows = 0;
  /** Keys of a stream that came too late for a column, and that were not asked for. */
  readonly late = new Set<string>();
  readonly #columns = new Map<string, Values>();
  #width: number | undefined;
  #present = 0;

  constructor(
    private readonly source: string,
    public names: readonly string[] | undefined,
    private readonly complain: Complain,
    /** Says whether keys that come late make columns; those of a stream are settled with its first block. */
    private readonly open = true,
    private readonly maxColumns = Infinity,
    private readonly plan?: Pick<ReadPlan, 'kinds' | 'otherwise' | 'sampleRows'>,
  ) {}

  /** The columns, with null where rows lack a field. */
  get columns(): ReadonlyMap<string, readonly unknown[]> {
    const filled = new Map<string, readonly unknown[]>();
    for (const [name, { start, values }] of this.#columns) {
      while (start + values.length < this.rows) values.push(null);
      filled.set(name, start === 0 ? values : [...new Array<null>(start).fill(null), ...values]);
    }
    return filled;
  }

  /** Makes a column, of the values of all rows or of those to come. */
  setColumn(name: string, values: unknown[]): void {
    this.#columns.set(name, { start: 0, values });
  }

  add(row: unknown): void {
    if (Array.isArray(row)) this.#addArray(row);
    else if (this.names && ArrayBuffer.isView(row)) this.#addArray(Array.from(row as unknown as ArrayLike<unknown>));
    else if (typeof row === 'object' && row !== null && !isA(row, 'Date')) this.#addObject(row);
    else throw this.#wrong(`a row is ${shorten(show(row))}; an object or an array is expected`);
    this.rows++;
  }

  #wrong(problem: string, field?: string): Error {
    return this.complain({ row: this.rows, problem, ...(field === undefined ? {} : { field }) });
  }

  /**
   * Returns whether a key that the first block of a stream lacks is left out; else it is refused, as nothing is lost
   * without a word.
   */
  #leavesOut(name: string): boolean {
    const { kinds = {}, otherwise, sampleRows } = this.plan ?? {};
    const kind = Object.hasOwn(kinds, name) ? kinds[name] : undefined;
    if (kind === 'skip') return true;
    if (kind !== undefined || otherwise === undefined) {
      const problem = `the first rows of the stream, of which ${sampleRows} are looked at, do not have this field`;
      const hint = `Write it in the first row, with null where there is no value, or raise sampleRows.`;
      throw this.complain({ row: this.rows, problem, field: name, hint });
    }
    this.late.add(name);
    return true;
  }

  #tooMany(columns: number): Error {
    const problem = `the rows have ${columns} fields; the limit maxColumns is ${this.maxColumns}`;
    return this.complain({ row: this.rows, problem, limit: true });
  }

  #addArray(row: readonly unknown[]): void {
    if (this.#width === undefined) {
      if (this.rows > 0) throw this.#wrong('the row is an array; those before are objects');
      if (row.length === 0) throw this.#wrong('the row is empty');
      this.#width = row.length;
      if (row.length > this.maxColumns) throw this.#tooMany(row.length);
      for (const name of namesOf(undefined, row.length, this.source, this.names)) this.setColumn(name, []);
    }
    if (row.length !== this.#width) {
      throw this.#wrong(`the row has ${row.length} values where the first has ${this.#width}`);
    }
    let i = 0;
    for (const { values } of this.#columns.values()) values.push(row[i++]);
  }

  #addObject(row: object): void {
    if (this.#width !== undefined) throw this.#wrong('the row is an object; those before are arrays');
    const { rows } = this;
    const keys = Object.keys(row);
    for (const name of keys) {
      let column = this.#columns.get(name);
      if (!column) {
        if (!this.open && this.#leavesOut(name)) continue;
        if (name === '__proto__') throw this.#wrong('a column cannot have this name', name);
        column = { start: rows, values: [] };
        this.#columns.set(name, column);
        if (this.#columns.size > this.maxColumns) throw this.#tooMany(this.#columns.size);
      }
      const { start, values } = column;
      while (start + values.length < rows) values.push(null);
      values.push((row as Record<string, unknown>)[name]);
    }
    this.#present += keys.length;
    if (!isSparse(rows + 1, this.#columns.size, this.#present)) return;
    const problem = `${rows + 1} rows have ${this.#columns.size} different fields, and few of them each`;
    const hint = 'Are the keys values, such as ids? Write them as a field of their own.';
    throw this.complain({ row: rows, problem, hint, limit: true });
  }
}

/** Holds what the first block of a stream established about a column. */
interface Learned {
  readonly kind: ColumnKind;
  /** Says whether its values are written as most are, so that others are of another kind. */
  readonly plain: boolean;
  /** The unit of numbers that are not plain, such as '%' or a currency. */
  readonly unit?: string;
  /** Says whether the block has no value of it. */
  readonly empty: boolean;
}

/** Holds what applies to all blocks of a stream; empty before the first. */
export class Blocks {
  readonly said = new Said();
  readonly learned = new Map<string, Learned>();
}

/**
 * A table of what was collected, maybe the next block of a stream.
 * @throws ValueError for a kind of a column that does not exist.
 */
export function tableOf(
  collector: RowCollector,
  source: string,
  plan: ReadPlan,
  complain: Complain,
  lines?: ArrayLike<number>,
  blocks?: Blocks,
): Table {
  const { columns, rows } = collector;
  for (const name of Object.keys(plan.columns)) {
    if (columns.has(name)) continue;
    throw new ValueError({
      argument: `columns.${name}`,
      given: 'a kind',
      expected: `a column: ${[...columns.keys()].join(', ')}`,
    });
  }
  const reports: ColumnReport[] = [];
  const remarks: string[] = [];
  const collected = [...columns].map(([name, values]) => {
    const learned = blocks?.learned.get(name);
    const kind = learned?.kind ?? givenKind(plan, name);
    return { name, kind, values, ...(kind !== 'skip' && collectColumn(name, values, kind, plan, complain, learned)) };
  });
  const settling = new Settling(
    plan,
    collected.flatMap(({ column }) => column ?? []),
    (row) => lines?.[row],
    undefined,
    blocks?.said,
  );
  const made: Column[] = [];
  const written = new Map<string, CategoryColumn>();
  for (const { name, kind, values, column, findings, described, evidence } of collected) {
    if (plan.keep.has(name)) written.set(name, writtenColumn(name, values));
    if (!column || !findings || !evidence) {
      reports.push({ name, kind: 'skip', why: 'as given', missing: 0 });
      continue;
    }
    const settled = settling.settle(column, findings, kind === undefined ? evidence : undefined);
    made.push(settled.column);
    remarks.push(...settled.remarks);
    if (blocks && kind === undefined) {
      blocks.learned.set(name, {
        kind: settled.column.kind,
        plain: evidence.plain,
        ...(evidence.unit !== undefined && { unit: evidence.unit }),
        empty: evidence.values === 0 && settled.column.kind === 'category',
      });
    }
    const late = blocks?.learned.get(name)?.empty ? lateText(settled.column) : undefined;
    if (late !== undefined && blocks?.said.first(name, 'late')) remarks.push(lateRemark(name, late));
    const why = 'counter' in settled.column ? `${settled.why}, ${COUNTS_ROWS}` : settled.why;
    reports.push({
      name,
      kind: settled.column.kind,
      why,
      missing: 0,
      ...described,
      ...settled.described,
      ...settled.doubts,
    });
  }
  for (const name of collector.late) {
    if (blocks?.said.first(name, 'too late'))
      remarks.push(`'${shorten(name)}' is left out, since the first rows do not have it`);
  }
  const notes = [...collector.notes, ...remarks];
  const report = makeReport({ source, rows, notes, remarks, columns: reports });
  return new Table(made, report, lines, settling.reading, written);
}

/**
 * Returns a table of rows in memory, objects or arrays. Kinds are inferred as of files: numbers, true and false, texts,
 * Date; null, undefined and NaN are missing. Texts that all spell numbers or dates become such.
 * @throws ValueError naming row and column.
 */
export function tableFromRows(rows: readonly Row[], options: RowOptions = {}): Table {
  checkOptions(options, [...READ_OPTIONS, 'names'], 'options');
  const plan = { ...planReading(options), inMemory: true };
  if (!Array.isArray(rows) || rows.length === 0) {
    const given: unknown = rows;
    const hint = isPromise(given)
      ? 'Await it first.'
      : typeof given === 'string'
        ? 'Read it first: await readCsv(path).'
        : '';
    throw new ValueError({
      argument: 'rows',
      given: show(rows),
      expected: 'an array of at least one row',
      ...(hint && { hint }),
    });
  }
  const complain: Complain = ({ row, field, problem, hint }) =>
    new ValueError({
      argument: `rows[${row}]${field === undefined ? '' : `.${field}`}`,
      given: `one in which ${problem}`,
      expected: 'rows that are alike',
      ...(hint === undefined ? {} : { hint }),
    });
  const collector = new RowCollector('rows', options.names, complain);
  for (const row of rows) collector.add(row);
  return tableOf(collector, 'rows', plan, complain);
}

import { checkOptions, show, ValueError } from '../errors.js';
import { COUNTS_ROWS } from './counter.js';
import { givenKind, namesOf, planReading, READ_OPTIONS, type ReadOptions, type ReadPlan } from './csv/dialect.js';
import { shorten } from './errors.js';
import { type ColumnReport, makeReport } from './report.js';
import { Settling } from './settle.js';
import { type CategoryColumn, type Column, type ColumnKind, Table } from './table.js';
import { collectColumn, writtenColumn } from './values.js';

/** A row as an object of values by name, whatever its interface, or an array of values in the order of the columns. */
export type Row = object;

export interface RowOptions extends ReadOptions {
  /** Names of the columns of rows that are arrays; default `column1`, `column2`, ... */
  readonly names?: readonly string[];
}

/** What is wrong with a row, for whoever knows where it stands. */
export interface RowFlaw {
  readonly row: number;
  readonly field?: string;
  readonly problem: string;
  readonly hint?: string;
}

export type Complain = (flaw: RowFlaw) => Error;

/** Collects rows by column. */
export class RowCollector {
  readonly columns = new Map<string, unknown[]>();
  rows = 0;
  #width: number | undefined;

  constructor(
    private readonly source: string,
    private readonly names: readonly string[] | undefined,
    private readonly complain: Complain,
    /** Whether keys that the first rows do not have make columns. */
    private readonly open = true,
  ) {}

  add(row: unknown): void {
    if (Array.isArray(row)) this.#addArray(row);
    else if (typeof row === 'object' && row !== null && !(row instanceof Date)) this.#addObject(row);
    else throw this.#wrong(`a row is ${shorten(String(row))}; an object or an array is expected`);
    this.rows++;
  }

  #wrong(problem: string, field?: string): Error {
    return this.complain({ row: this.rows, problem, ...(field === undefined ? {} : { field }) });
  }

  #addArray(row: readonly unknown[]): void {
    if (this.#width === undefined) {
      if (this.rows > 0) throw this.#wrong('the row is an array; those before are objects');
      if (row.length === 0) throw this.#wrong('the row is empty');
      this.#width = row.length;
      for (const name of namesOf(undefined, row.length, this.source, this.names)) this.columns.set(name, []);
    }
    if (row.length !== this.#width) {
      throw this.#wrong(`the row has ${row.length} values where the first has ${this.#width}`);
    }
    let i = 0;
    for (const values of this.columns.values()) values.push(row[i++]);
  }

  #addObject(row: object): void {
    if (this.#width !== undefined) throw this.#wrong('the row is an object; those before are arrays');
    const keys = Object.keys(row);
    for (const name of keys) {
      if (this.columns.has(name)) continue;
      if (!this.open && this.rows > 0) throw this.#wrong('the first rows do not have this field', name);
      if (name === '__proto__') throw this.#wrong('a column cannot have this name', name);
      this.columns.set(name, new Array(this.rows).fill(null));
    }
    for (const [name, values] of this.columns) {
      values.push(Object.hasOwn(row, name) ? (row as Record<string, unknown>)[name] : null);
    }
  }
}

/** A table of what was collected. `kinds` are those that columns must have. */
export function tableOf(
  { columns, rows }: RowCollector,
  source: string,
  plan: ReadPlan,
  complain: Complain,
  kinds: Readonly<Record<string, ColumnKind | 'skip'>> = plan.columns,
  lines?: ArrayLike<number>,
): Table {
  for (const name of Object.keys(kinds)) {
    if (columns.has(name)) continue;
    throw new ValueError({
      argument: `columns.${name}`,
      given: 'a kind',
      expected: `a column: ${[...columns.keys()].join(', ')}`,
    });
  }
  const reports: ColumnReport[] = [];
  const notes: string[] = [];
  const collected = [...columns].map(([name, values]) => {
    const kind = givenKind({ ...plan, columns: kinds }, name);
    return { name, kind, values, ...(kind !== 'skip' && collectColumn(name, values, kind, plan, complain)) };
  });
  const settling = new Settling(
    plan,
    collected.flatMap(({ column }) => column ?? []),
    (row) => lines?.[row],
  );
  const made: Column[] = [];
  const written = new Map<string, CategoryColumn>();
  for (const { name, kind, values, column, findings, described, evidence } of collected) {
    if (plan.keep.has(name)) written.set(name, writtenColumn(name, values));
    if (!column || !findings) {
      reports.push({ name, kind: 'skip', why: 'as given', missing: 0 });
      continue;
    }
    const settled = settling.settle(column, findings, kind === undefined ? evidence : undefined);
    made.push(settled.column);
    notes.push(...settled.remarks);
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
  return new Table(made, makeReport({ source, rows, notes, columns: reports }), lines, settling.reading, written);
}

/**
 * A table of rows in memory, objects or arrays. Kinds are inferred as of files: numbers, true and false, texts, Date;
 * null, undefined and NaN are missing. Texts that all spell numbers or dates become such.
 * @throws ValueError naming row and column.
 */
export function tableFromRows(rows: readonly Row[], options: RowOptions = {}): Table {
  checkOptions(options, [...READ_OPTIONS, 'names'], 'options');
  const plan = planReading(options);
  if (!Array.isArray(rows) || rows.length === 0) {
    const given: unknown = rows;
    const hint =
      given instanceof Promise
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

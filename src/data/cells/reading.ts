import { checkNumber, lookUp, show, ValueError } from '../../errors.js';
import type { ColumnKind } from '../column.js';
import { type CellOptions, type CellPlan, planCells, saysDates } from './cell-options.js';

/** Options for reading texts, of CSV and of JSON. */
export interface ReadOptions extends CellOptions {
  /**
   * Kinds of columns by name; `'skip'` leaves a column out. Values of another kind are errors then. Default: inferred.
   */
  readonly columns?: Readonly<Record<string, ColumnKind | 'skip'>>;
  /**
   * Kinds of columns that may be absent: `kinds` of a pipeline, to read new files as the old one. Default: inferred.
   */
  readonly kinds?: Readonly<Record<string, ColumnKind | 'skip'>>;
  /** @internal The kind of columns that neither names; default: inferred. */
  readonly otherwise?: ColumnKind;
  /** @internal Columns whose cells are kept as they are written, as `table.written`. */
  readonly keep?: readonly string[];
  /**
   * In CSV: whether double quotes enclose fields; false: they are characters like others. Default: they do, unless tabs cut
   * all of the first lines into equally many fields only without them.
   */
  readonly quote?: boolean;
  /**
   * In CSV: what lines begin with that are left out, such as '#'; default: none, but for lines with '#' above the
   * table.
   */
  readonly comment?: string;
  /** As of TextDecoder, such as 'windows-1252'; default UTF-8. A byte order mark counts more. */
  readonly encoding?: string;
  /**
   * Rows to infer kinds from; default 1000. A column of numbers in which a text comes later is read anew as categories.
   */
  readonly sampleRows?: number;
}

/** The options with which a file was read, where they differ from the defaults: pass them to a reader of similar files. */
export type Reading = CellOptions & Pick<ReadOptions, 'encoding' | 'quote' | 'comment'>;

export const READ_OPTIONS = [
  'columns',
  'kinds',
  'otherwise',
  'keep',
  'missing',
  'decimal',
  'thousands',
  'dateFormat',
  'encoding',
  'quote',
  'comment',
  'sampleRows',
] as const;

export interface ReadPlan extends CellPlan {
  readonly columns: Readonly<Record<string, ColumnKind | 'skip'>>;
  readonly kinds: Readonly<Record<string, ColumnKind | 'skip'>>;
  readonly otherwise: ColumnKind | undefined;
  readonly keep: ReadonlySet<string>;
  readonly encoding: string | undefined;
  readonly sampleRows: number;
  /** Says whether numbers are those of JavaScript, whose digits were not read. */
  readonly inMemory?: boolean;
  readonly reading: Reading;
}

const KINDS = { number: 1, category: 1, boolean: 1, date: 1, skip: 1 };

/** @throws ValueError for options of another kind or out of range. */
export function planReading(options: ReadOptions): ReadPlan {
  const { columns = {}, kinds = {}, otherwise, keep = [], sampleRows = 1000, encoding } = options;
  if (typeof columns !== 'object' || columns === null) {
    throw new ValueError({ argument: 'columns', given: show(columns), expected: 'an object of kinds by name' });
  }
  for (const [name, kind] of Object.entries(columns)) lookUp(KINDS, kind, `columns.${name}`);
  for (const [name, kind] of Object.entries(kinds)) lookUp(KINDS, kind, `kinds.${name}`);
  checkNumber(sampleRows, 'sampleRows', { min: 1, integer: true });
  const cells = planCells(options);
  const reading: Reading = { ...cells.given, ...(encoding !== undefined && { encoding }) };
  return { ...cells, columns, kinds, otherwise, keep: new Set(keep), encoding, sampleRows, reading };
}

/** Returns the kind that options say a column has. */
export function givenKind(plan: ReadPlan, name: string): ColumnKind | 'skip' | undefined {
  const { columns, kinds, otherwise } = plan;
  if (Object.hasOwn(columns, name)) return columns[name];
  if (Object.hasOwn(kinds, name)) return kinds[name];
  return saysDates(plan, name) ? 'date' : otherwise;
}

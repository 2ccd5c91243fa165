import { MISSING } from '../data/cells/markers.js';
import { readTable, type Source, type Table, type TableOptions, type Tabular } from '../data/index.js';
import { remarksOn, type Say } from '../data/remarks.js';
import { UnknownNameError, ValueError } from '../errors.js';
import { say } from './console.js';
import { isUnnamed } from './first-line.js';
import { imagesInstead, readImages } from './idx-images.js';
import { itemOf } from './lists.js';
import { about, UsageError } from './messages.js';
import type { ReadFlags } from './read-flags.js';
import { quoted } from './terminal.js';

/** Returns the source of a path: for '-', standard input. */
export function sourceOf(path: string): Source {
  return path === '-' ? (process.stdin as AsyncIterable<Uint8Array>) : path;
}

/** Options of readers; of a pipeline what it says, and whether the file it learned from had names. */
export function readOptions(flags: ReadFlags, pipeline?: Tabular): TableOptions {
  const { separator, header, format, columns, keep, names, skipLines, key, maxBytes, maxRows } = flags;
  const { kinds: learned, ...reading }: Partial<Tabular['readOptions']> = pipeline?.readOptions ?? {};
  const { decimal = reading.decimal, encoding = reading.encoding, thousands = reading.thousands } = flags;
  const { quote = reading.quote, comment = reading.comment } = flags;
  const dateFormat = merged(reading.dateFormat, flags.dateFormat);
  const missing = flags.missing ? [...(reading.missing ?? MISSING), ...flags.missing] : reading.missing;
  const kinds = learned && { ...learned, ...flags.kinds };
  const unnamed = learned !== undefined && isUnnamed(Object.keys(learned));
  // Given names say nothing about the first line.
  const named = header ?? (learned === undefined || names ? undefined : !unnamed);
  return {
    // Columns that the model did not learn from are read as they are written, whatever their kind.
    ...(kinds && { kinds, otherwise: 'category' as const }),
    ...(separator !== undefined && { separator }),
    ...(names && { names }),
    ...(columns && { columns }),
    ...(missing && { missing }),
    ...(decimal && { decimal }),
    ...(thousands && { thousands }),
    ...(dateFormat && { dateFormat }),
    ...(encoding && { encoding }),
    ...(quote !== undefined && { quote }),
    ...(comment !== undefined && { comment }),
    ...(skipLines !== undefined && { skipLines }),
    ...(key !== undefined && { key }),
    ...(maxBytes !== undefined && { maxBytes }),
    ...(maxRows !== undefined && { maxRows }),
    duplicates: 'rename' as const,
    ...(keep && { keep }),
    ...(named !== undefined && format === undefined && { header: named }),
    ...(format !== undefined && { format: format as NonNullable<TableOptions['format']> }),
  };
}

/** Formats by name add up; one for all counts more than those before. */
function merged(learned: ReadFlags['dateFormat'], said: ReadFlags['dateFormat']): ReadFlags['dateFormat'] {
  return typeof learned === 'object' && typeof said === 'object' ? { ...learned, ...said } : (said ?? learned);
}

/** An option of a reader as a flag. */
const sayFlag: Say = (option, value, column) => {
  if (option === 'columns') return `--columns ${quoted(`${itemOf(column)}=${value}`)}`;
  if (option === 'dateFormat') return `--date-format ${quoted(`${column}=${value}`)}`;
  return `--${option} ${quoted(option === 'missing' ? itemOf(value) : value)}`;
};

/** Lists the spellings of a file's cells that differ from the usual ones, such as decimal commas, as sentences. */
export function cellRemarksOf({ report }: Table): readonly string[] {
  const doubts = new Set((report?.columns ?? []).flatMap((column) => remarksOn(column.name, column)));
  return (report?.remarks ?? []).filter((remark) => !doubts.has(remark));
}

/** Lists what was inferred in reading a file and may be wrong, as sentences. */
export function remarksOf({ report }: Table, counters: readonly string[]): readonly string[] {
  const doubts = (report?.columns ?? []).flatMap((column) => remarksOn(column.name, column, sayFlag));
  const counts = counters.map((name) => {
    return `'${name}' is left out, since it counts the rows; --columns ${quoted(`${itemOf(name)}=number`)} learns from it`;
  });
  return [...doubts, ...counts];
}

/** Says on standard error what is remarkable. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) say(`warning: ${warning}`);
}

/**
 * Returns a table, of idx files with a column for each number of an entry and `label`.
 * @throws UsageError for idx files whose labels are in a file of their own, without `--labels`.
 */
export async function readData(path: string, flags: ReadFlags, pipeline?: Tabular): Promise<Table> {
  const { labels } = flags;
  if (labels !== undefined) return readImages(sourceOf(path), { ...flags, labels });
  try {
    return await readTable(sourceOf(path), readOptions(flags, pipeline));
  } catch (error) {
    await imagesInstead(path, error, flags);
    throw new UsageError(`--labels: ${quoted(path)} is idx, whose labels are in a file of their own.`);
  }
}

/**
 * Returns the column that `target` means: a name, a number from 1, or `last`.
 * @throws ValueError for a number that no column has.
 */
export function targetOf(table: Table, target: string): string {
  if (table.has(target)) return target;
  const index = target === 'last' ? table.columns.length : Number(target);
  if (target.trim() === '' || !Number.isInteger(index)) return checkColumns(table, [target], '--target')[0]!;
  const name = table.names[index - 1];
  if (name !== undefined) return name;
  const expected = `a name, a number from 1 to ${table.columns.length} or 'last'`;
  throw new ValueError({ argument: '--target', given: target, expected });
}

/** These columns, if there are such. @throws UnknownNameError for names that no column has. */
export function checkColumns(table: Table, names: readonly string[], option: string): readonly string[] {
  try {
    return names.map((name) => table.column(name).name);
  } catch (error) {
    const given = new Set(names);
    const whole = table.names.find(
      (name) => name.includes(',') && name.split(',').every((part) => given.has(part.trim())),
    );
    if (!(error instanceof UnknownNameError) || whole === undefined) throw about(error, option);
    const hint = `A name with a comma needs double quotes: ${option} ${quoted(itemOf(whole))}.`;
    throw new UnknownNameError({ argument: option, given: error.given, expected: error.expected, hint });
  }
}

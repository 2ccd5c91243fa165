import { DataError, shorten } from '../data/data-error.js';
import type { Table, Tabular } from '../data/index.js';
import { UnknownNameError } from '../errors.js';
import { itemOf } from './lists.js';
import type { ReadFlags } from './read-flags.js';
import { quoted } from './terminal.js';

/** Names of columns that are shown. */
const SHOWN = 12;

const flagOf = (names: readonly string[]) =>
  `--names ${quoted(names.slice(0, SHOWN).map(itemOf).join(','))}${names.length > SHOWN ? ',...' : ''}`;

/** Returns whether a model learned from a file without names, whose columns are numbered. */
export const isUnnamed = (names: readonly string[]) => names.every((name) => /^column\d+$/.test(name));

const numbered = (names: readonly string[]) =>
  [...names].sort((a, b) => Number(a.slice('column'.length)) - Number(b.slice('column'.length)));

const adviceToName = (names: readonly string[]) =>
  `If the first line holds names, say --header and ${flagOf(numbered(names))}: the model was trained on a file without names.`;

/**
 * Returns an error about a file of which the first line was taken for what it is in the file that the model learned from,
 * with the options that say what it is. `table` is what was read.
 */
function aboutFirstLine(error: unknown, flags: ReadFlags, pipeline: Tabular, table?: Table): unknown {
  if (flags.header !== undefined || flags.names !== undefined) return error;
  const learned = Object.keys(pipeline.kinds);
  if (error instanceof DataError && error.code === 'value' && isUnnamed(learned)) {
    if (error.line !== 1 + (flags.skipLines ?? 0)) return error;
    const { code, source, line, column = 1, field = '', problem } = error;
    return new DataError({ code, source, line, column, field, problem, hint: adviceToName(learned) });
  }
  if (!(error instanceof UnknownNameError) || table?.report?.header !== true) return error;
  if (isUnnamed(learned) || learned.some((name) => table.has(name))) return error;
  const { argument, given, expected } = error;
  const inputs = pipeline.record.inputs.map(({ name }) => name);
  const whole = table.columns.length === inputs.length;
  const guess =
    table.columns.length === learned.length ? `, such as ${flagOf([...new Set([...inputs, ...learned])])}` : '';
  const which = whole
    ? flagOf(inputs)
    : `the names of all ${table.columns.length} columns in their order${guess || ': --names first,second'}`;
  const hint = `The first line was taken for names: if it holds values, say --no-header and ${which}.`;
  return new UnknownNameError({ argument, given, expected, hint });
}

/** Warns that the first line of a file, read as values, holds texts that training never saw; empty where it does not. */
export function firstLineRemarks(table: Table, flags: ReadFlags, pipeline: Tabular): readonly string[] {
  const { kinds, record } = pipeline;
  if (flags.header !== undefined || flags.names !== undefined || table.rows < 2) return [];
  if (table.report?.header !== false || !isUnnamed(Object.keys(kinds))) return [];
  const texts = record.inputs.flatMap(({ name, categories }) => {
    const column = table.has(name) ? table.column(name) : undefined;
    if (column?.kind !== 'category' || categories === undefined) return [undefined];
    const text = column.categories[column.codes[0]!];
    return [text === undefined || categories.includes(text) ? undefined : text];
  });
  if (texts.includes(undefined)) return [];
  return [
    `the first line is taken for values, though training saw none of its texts, such as '${shorten(texts[0]!)}'. ${adviceToName(Object.keys(kinds))}`,
  ];
}

/** Reads for a model; errors say what they have to do with the first line. */
export async function readFor<T>(pipeline: Tabular, flags: ReadFlags, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw aboutFirstLine(error, flags, pipeline);
  }
}

/** The same of what is done with a table that was read. */
export function usedFor<T>(pipeline: Tabular, flags: ReadFlags, table: Table, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw aboutFirstLine(error, flags, pipeline, table);
  }
}

import { formatOf } from '../data/read.js';
import { UsageError } from './messages.js';
import type { ReadFlags } from './read-flags.js';

type Names = Readonly<Partial<Record<keyof ReadFlags, string>>>;

/** Flags that say how lines are cut. */
const OF_CSV = {
  separator: '--separator',
  header: '--header',
  names: '--names',
  quote: '--no-quote',
  comment: '--comment',
  skipLines: '--skip-lines',
} as const satisfies Names;

/** Flags of files of text, which idx leaves without a meaning. */
const OF_TEXT = {
  ...OF_CSV,
  format: '--format',
  columns: '--columns',
  missing: '--missing',
  decimal: '--decimal',
  thousands: '--thousands',
  dateFormat: '--date-format',
  encoding: '--encoding',
  key: '--key',
} as const satisfies Names;

function refuse(names: Names, flags: ReadFlags, why: string): void {
  const given = (Object.keys(names) as (keyof ReadFlags)[]).find((name) => flags[name] !== undefined);
  if (given !== undefined) throw new UsageError(`${names[given]}: ${why}.`);
}

/** @throws UsageError for flags that say how text is read, beside idx. */
export function checkForIdx(flags: ReadFlags): void {
  refuse(OF_TEXT, flags, 'says how text is read, and the data of --labels are idx');
}

/** @throws UsageError for flags that the format of a file leaves without a meaning. */
export function checkForFormat(path: string, flags: ReadFlags): void {
  const format = path === '-' ? (flags.format ?? 'csv') : formatOf(path, flags.format as 'csv' | undefined);
  if (format === 'csv') refuse({ key: '--key' }, flags, 'says where the rows are in JSON, and the data are CSV');
  else refuse({ ...OF_CSV, maxRows: '--max-rows' }, flags, 'says how CSV is read, and the data are JSON');
}

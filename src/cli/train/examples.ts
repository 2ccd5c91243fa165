import { DataError } from '../../data/data-error.js';
import { split, type Table } from '../../data/index.js';
import { countersOf, inferTask } from '../../data/tabular/design.js';
import { checkColumns, readData, remarksOf, targetOf } from '../data.js';
import type { TrainFlags } from './flags.js';

/** Holds the rows to train and test on. */
export interface Examples {
  /** All rows that were read. */
  readonly table: Table;
  readonly target: string;
  readonly dropped: readonly string[];
  /** Remarks about what was inferred or left out in reading. */
  readonly remarks: readonly string[];
  /** The rows to train on: all but those of `--test-share`. */
  readonly training: Table;
  /** The rows of `--test-share`. */
  readonly held: Table | undefined;
}

/** Reads the data and finds the target in it. @throws DataError for a file without a row. */
export async function readExamples(data: string, flags: TrainFlags): Promise<Omit<Examples, 'training' | 'held'>> {
  const table = await readData(data, flags);
  if (table.rows === 1 && table.report?.header === false && flags.header === undefined) {
    const problem = 'there is no row below the names';
    throw new DataError({ code: 'empty', source: table.report.source, line: 2, column: 1, problem });
  }
  const target = targetOf(table, flags.target);
  const dropped = checkColumns(table, flags.drop ?? [], '--drop');
  const rest = table.names.filter((name) => name !== target && !dropped.includes(name));
  const remarks = remarksOf(table, rest.length > 0 ? countersOf(table.select(rest)) : []);
  return { table, target, dropped, remarks };
}

/** Holds back the rows of `--test-share`, of each class the same share. */
export function holdBack(examples: Omit<Examples, 'training' | 'held'>, flags: TrainFlags): Examples {
  const { table, target } = examples;
  if (!flags.testShare) return { ...examples, training: table, held: undefined };
  const classified = (flags.task ?? inferTask(table.column(target)).task) === 'classification';
  const stratify = classified ? { stratify: table.column(target) } : {};
  const parts = split(table, { test: flags.testShare, seed: flags.seed ?? 0, ...stratify });
  return { ...examples, training: table.take(parts.train), held: table.take(parts.test) };
}

import { show } from '../../errors.js';
import { isA } from '../../realms.js';
import type { CategoryColumn, Column, ColumnKind } from '../column.js';
import { shorten } from '../data-error.js';
import type { ColumnReport } from '../report.js';
import { KeepingBuilder, makeBuilder, readingOf, STRAY, TextFeed } from './builders.js';
import { settingsOf } from './cell-options.js';
import type { Findings } from './findings.js';
import { adviceFor, type Evidence, hintFor, inferKind } from './infer.js';
import type { ReadPlan } from './reading.js';

const isMissing = (value: unknown) => value === null || value === undefined || Number.isNaN(value);

/** Returns the text of a value among texts. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint') return String(value);
  if (isA<Date>(value, 'Date')) return Number.isNaN(value.getTime()) ? '' : value.toISOString();
  return undefined;
}

/** Returns a number as the texts around it spell it. */
function spelled(value: unknown, decimalComma: boolean): string | undefined {
  if (typeof value !== 'number') return textOf(value);
  // A number has the value that float64 holds, however large: it is not an id of many digits.
  const text = Number.isInteger(value) && !Number.isSafeInteger(value) ? value.toExponential() : String(value);
  return decimalComma ? text.replace('.', ',') : text;
}

function evidenceOf(name: string, values: readonly unknown[], plan: ReadPlan): Evidence {
  const present = values.filter((value) => !isMissing(value));
  const isAll = (type: string) => present.length > 0 && present.every((value) => typeof value === type);
  const is = { plain: true, values: present.length } as const;
  if (isAll('number')) return { ...is, kind: 'number', why: 'all values are numbers' };
  if (isAll('boolean')) return { ...is, kind: 'boolean', why: 'all values are true or false' };
  const texts = present.flatMap((value) => spelled(value, plan.decimalComma) ?? []);
  return inferKind(texts, settingsOf(plan, name));
}

/** Notes whole numbers that float64 may have rounded: of ids, as a column is in which all numbers are whole. */
function noteUnsafe(values: readonly unknown[], findings: Findings): void {
  const isId = (value: unknown) => typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 1e21;
  let [count, row] = [0, -1];
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (isMissing(value)) continue;
    if (!isId(value)) return;
    if (!Number.isSafeInteger(value) && count++ === 0) row = i;
  }
  if (count > 0) findings.unsafe = { text: String(values[row]), value: values[row] as number, row, count };
}

interface Collected {
  readonly column: Column;
  readonly evidence: Evidence;
  readonly findings: Findings;
  readonly described: Omit<ColumnReport, 'name' | 'why' | 'kind'>;
}

/** Returns one column of values, of a kind that is given or what its values say. */
export function collectColumn(
  name: string,
  values: readonly unknown[],
  given: ColumnKind | undefined,
  plan: ReadPlan,
  complain: Complain,
  /** The findings of a stream's first block; undefined before it has been read. */
  learned?: Pick<Evidence, 'plain' | 'unit'>,
): Collected {
  const evidence = evidenceOf(name, values, plan);
  const kind = given ?? (evidence.plain ? evidence.kind : 'category');
  const known = given !== undefined && learned?.plain !== true;
  const found = { ...evidence, ...learned };
  const builder = makeBuilder(kind, readingOf(plan, name, known, found, learned !== undefined));
  const feed = new TextFeed();
  if (plan.inMemory && kind === 'number') noteUnsafe(values, builder.findings);
  values.forEach((value, row) => {
    if (isMissing(value)) {
      builder.addMissing();
      return;
    }
    if (kind === 'number' && typeof value === 'number' && builder.push && learned?.unit !== '%') {
      builder.push(value);
      return;
    }
    const text =
      kind === 'number' || (given === undefined && evidence.kind === 'number')
        ? spelled(value, plan.decimalComma)
        : textOf(value);
    if (text === undefined) {
      const hint = 'Flatten the rows, or leave the column out with `skip`.';
      throw complain({
        row,
        field: name,
        problem: `the value is ${show(value)}, not a number, a text or a boolean`,
        hint,
      });
    }
    if (builder.add(feed.bytes, 0, feed.encode(text)) !== STRAY) return;
    // Rows in memory may be meant for a pipeline, which knows the kinds of its columns.
    const hint = plan.inMemory ? hintFor(text, kind) : adviceFor(text, kind, name);
    const problem = `'${shorten(text)}' is not a ${kind}`;
    throw complain({ row, field: name, problem, isValue: true, ...(hint && { hint }) });
  });
  const described = builder.describe();
  const { findings } = builder;
  return { column: builder.finish(name), evidence, findings, described };
}

/** Returns the values as texts, as they are. */
export function writtenColumn(name: string, values: readonly unknown[]): CategoryColumn {
  const builder = new KeepingBuilder(undefined);
  const feed = new TextFeed();
  for (const value of values) builder.add(feed.bytes, 0, feed.encode(isMissing(value) ? '' : (textOf(value) ?? '')));
  return builder.finishWritten(name);
}

/** Describes the fault in a row; the caller adds its place. */
export interface RowFlaw {
  readonly row: number;
  readonly field?: string;
  readonly problem: string;
  readonly hint?: string;
  /** Says whether it is too much rather than wrong. */
  readonly limit?: boolean;
  /** Says whether one value is wrong rather than the row. */
  readonly isValue?: boolean;
}

export type Complain = (flaw: RowFlaw) => Error;

import { lookUp, show, ValueError } from '../errors.js';
import { isSparse, type Matrix } from '../matrix.js';
import { columnFindings, columnsOf } from './columns.js';
import { type Finding, LINT_CODES, type LintCode } from './finding.js';
import { classFindings, duplicateFindings } from './labels.js';

/** The kind of target: one of several classes, or numbers. */
export type Task = 'classification' | 'regression';

/** Data with names for messages. */
export interface LintData {
  readonly x: readonly { readonly label: string; readonly data: Matrix }[];
  readonly y: readonly { readonly label: string; readonly data: Matrix; readonly task: Task }[];
  readonly validation?: { readonly x: readonly Matrix[]; readonly y: readonly Matrix[] } | undefined;
}

/**
 * @throws UnknownNameError for codes that there are not.
 * @throws ValueError for anything but an array.
 */
export function checkCodes(ignore: unknown, argument: string): readonly LintCode[] {
  if (ignore === undefined) return [];
  if (!Array.isArray(ignore)) throw new ValueError({ argument, given: show(ignore), expected: 'an array of codes' });
  const known = Object.fromEntries(LINT_CODES.map((code) => [code, code]));
  return ignore.map((code, i) => lookUp<LintCode>(known, code, `${argument}[${i}]`));
}

/**
 * Returns all findings about data known to fit together, with a chance to stop in between. Looks at a sample of large data:
 * evenly spaced rows, always the same.
 */
export function* lintData(
  { x, y, validation }: LintData,
  ignore: readonly LintCode[] = [],
): Generator<void, readonly Finding[]> {
  const findings: Finding[] = [];
  for (const { label, data } of x) {
    findings.push(...columnFindings(columnsOf(data), label, 'Column'));
    yield;
  }
  for (const [i, { label, data, task }] of y.entries()) {
    const columns = columnsOf(data);
    findings.push(...columnFindings(columns, label, task === 'regression' ? 'Target' : 'Label'));
    if (task === 'classification') findings.push(...classFindings(data, label, validation?.y[i]));
    yield;
  }
  // Repeated rows are looked for in dense data alone.
  if (validation && !ignore.includes('duplicatedRows') && !x.some(({ data }) => isSparse(data))) {
    const train = [...x, ...y].map(({ data }) => data);
    findings.push(...(yield* duplicateFindings(train, [...validation.x, ...validation.y.slice(0, y.length)])));
  }
  return findings.filter(({ code }) => !ignore.includes(code));
}

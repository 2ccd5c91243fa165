/** Codes of the faults that data may have. */
export const LINT_CODES = [
  'missingValues',
  'constantColumn',
  'unscaledColumn',
  'unscaledTarget',
  'fractionalLabels',
  'classImbalance',
  'singleClassValidation',
  'unseenClass',
  'duplicatedRows',
] as const;

/** The code of a finding, by which `lint: { ignore }` silences it. */
export type LintCode = (typeof LINT_CODES)[number];

/** Something that makes training harder, or its results look better than they are. */
export interface Finding {
  /** The kind of finding, for programs to branch on. */
  readonly code: LintCode;
  /** A sentence that names the place. */
  readonly message: string;
  /** The column of x or y, from 0 on, where it is about one. */
  readonly column?: number;
  /** The column's smallest and largest number. */
  readonly range?: readonly [number, number];
  /** Advice what to do about it. */
  readonly suggestion: string;
}

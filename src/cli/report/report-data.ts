import type { ColumnKind, HeldOut, Importance, Metrics, TabularRecord } from '../../data/index.js';

/** Holds all that a report shows. */
export interface ReportData {
  readonly title: string;
  readonly record: TabularRecord;
  /** The kind of the target. */
  readonly kind: ColumnKind | undefined;
  /** Names of all columns that rows had to predict from, also of those that are left out. */
  readonly columns: readonly string[];
  /** The image whose points they are, row by row, where that is known. */
  readonly image?: { readonly width: number; readonly height: number } | undefined;
  /** The command that trained, as a line for a shell. */
  readonly command: string;
  readonly seconds: number;
  /** Training ended before its end. */
  readonly interrupted: boolean;
  readonly importance: readonly Importance[];
  /** The rows that importance is measured on, in words. */
  readonly importanceRows: string;
  /** Rows that were left out of training. */
  readonly held: HeldOut;
  /** Rows that training knew nothing of, if there are any. */
  readonly test: (HeldOut & { readonly metrics: Metrics }) | undefined;
}

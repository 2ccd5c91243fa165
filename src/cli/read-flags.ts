import type { TableOptions } from '../data/index.js';

/** Options of reading that all commands take. */
export interface ReadFlags {
  readonly separator?: string;
  readonly header?: boolean;
  readonly format?: string;
  readonly columns?: NonNullable<TableOptions['columns']>;
  /** In addition to those that readers know. */
  readonly missing?: readonly string[];
  readonly decimal?: '.' | ',';
  readonly thousands?: NonNullable<TableOptions['thousands']>;
  readonly dateFormat?: NonNullable<TableOptions['dateFormat']>;
  readonly encoding?: string;
  readonly names?: readonly string[];
  readonly quote?: boolean;
  readonly comment?: string;
  readonly skipLines?: number;
  /** The path of keys to the rows in JSON, such as `result.items`; default: found. */
  readonly key?: string;
  readonly maxBytes?: number;
  readonly maxRows?: number;
  /** Columns whose cells are written as they are. */
  readonly keep?: readonly string[];
  /** The kinds of columns that may be absent, in addition to those of the pipeline. */
  readonly kinds?: NonNullable<TableOptions['kinds']>;
  /** Says that the data are idx, and where their labels are. */
  readonly labels?: string;
}

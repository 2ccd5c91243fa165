import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { Generator, stream } from '../kernels/lib/philox.js';
import { isA } from '../realms.js';
import type { Column } from './column.js';
import { shorten } from './data-error.js';
import { lengthOf, Table } from './table.js';
import { type MissingTimes, type PerRow, rowsByTime } from './times.js';

/** Options of `split`. */
export interface SplitOptions {
  /** Share of the rows, or, from 1 on, their number; default 0.2. */
  readonly test?: number;
  /** The same of a third part; default 0. */
  readonly validation?: number;
  /** The seed of the order; default 0. */
  readonly seed?: number;
  /** A class for each row: all parts get the same share of each. Default: none. */
  readonly stratify?: PerRow;
  /** A group for each row: rows of one group stay together. Default: none. */
  readonly groups?: PerRow;
  /**
   * The last rows, in the order of these times, are for testing, those before for validation. Numbers, dates, or texts
   * of ISO 8601, which stand for instants, UTC without an offset. `true`: in the order they have. Default: none.
   */
  readonly times?: PerRow | true;
  /** Rows without a time: `'refuse'` (default) names their count and the first, `'last'` takes them as the latest. */
  readonly missing?: MissingTimes;
}

/** Numbers of rows. */
export interface Split {
  /** Rows to train on. */
  readonly train: Uint32Array;
  /** Rows to validate on; empty unless `validation` asks for some. */
  readonly validation: Uint32Array;
  /** Rows to test on. */
  readonly test: Uint32Array;
}

/** Options of `kFold`. */
export interface FoldOptions {
  /** The number of folds, an integer of at least 2; default 5. */
  readonly folds?: number;
  /** The seed of the order; default 0. */
  readonly seed?: number;
  /** A new order before cutting; default true. */
  readonly shuffle?: boolean;
  /** A class for each row: all folds get the same share of each. Default: none. */
  readonly stratify?: PerRow;
  /** A group for each row: rows of one group stay in one fold. Default: none. */
  readonly groups?: PerRow;
  /**
   * Folds that train on what comes before what they test on, and so on ever more rows. Times as in `split`. Default:
   * none.
   */
  readonly times?: PerRow | true;
  /** Says what becomes of rows without a time, as in `split`; the same default. */
  readonly missing?: MissingTimes;
}

/** One of the folds of `kFold`, as numbers of rows from 0 on. */
export interface Fold {
  /** Rows to train on: all that the fold does not test on, with `times` those before. */
  readonly train: Uint32Array;
  /** Rows to test on. */
  readonly test: Uint32Array;
}

function rowsOf(data: number | Table): number {
  if (data instanceof Table) return data.rows;
  return checkNumber(data, 'rows', { min: 2, integer: true });
}

/** Returns a small whole number for each row, the same where values are the same. */
function codesOf(values: PerRow, rows: number, argument: string): Int32Array {
  if (typeof values !== 'object' || values === null) {
    const name = typeof values === 'string' ? values : 'y';
    throw new ValueError({
      argument,
      given: show(values),
      expected: `${argument === 'times' ? 'true, or ' : ''}a value for each row, such as table.column('${shorten(name)}')`,
    });
  }
  const column = values as Column;
  const isColumn = 'kind' in (values as object);
  const length = isColumn ? lengthOf(column) : (values as ArrayLike<unknown>).length;
  if (length !== rows)
    throw new ShapeError({ argument, given: `${length} values`, expected: `${rows}, one for each row` });
  if (isColumn && column.kind === 'category') return column.codes;
  const list = isColumn ? (column as { values: Float64Array }).values : (values as ArrayLike<unknown>);
  const known = new Map<unknown, number>();
  return Int32Array.from({ length }, (_, row) => {
    const value = list[row];
    const key = isA<Date>(value, 'Date') ? value.getTime() : value;
    const code = known.get(key) ?? known.size;
    known.set(key, code);
    return code;
  });
}

/** Rows by their code, in the order in which codes come first. */
function grouped(codes: Int32Array): number[][] {
  const groups = new Map<number, number[]>();
  codes.forEach((code, row) => {
    const rows = groups.get(code);
    if (rows) rows.push(row);
    else groups.set(code, [row]);
  });
  return [...groups.values()];
}

/** Shuffles in place, by the algorithm of Fisher and Yates. */
export function shuffle<T extends { [index: number]: number; readonly length: number } | unknown[]>(
  list: T,
  generator: Generator,
): T {
  const items = list as unknown[];
  for (let i = items.length - 1; i > 0; i--) {
    const j = generator.integer(i + 1);
    const swapped = items[i];
    items[i] = items[j];
    items[j] = swapped;
  }
  return list;
}

function range(rows: number): number[] {
  return Array.from({ length: rows }, (_, row) => row);
}

function inOrder(times: PerRow | true, rows: number, missing: MissingTimes | undefined): number[] {
  if (times === true) return range(rows);
  codesOf(times, rows, 'times');
  return rowsByTime(times, rows, missing);
}

/** Rows to take as `share` says, at least one where it is not 0. */
function countOf(share: number, rows: number, argument: string): number {
  const count = share >= 1 ? share : Math.round(share * rows);
  checkNumber(share, argument, { min: 0, integer: share >= 1 });
  if (share > 0 && count < 1) {
    throw new ValueError({ argument, given: `${share} of ${rows} rows`, expected: 'a share of at least one row' });
  }
  return count;
}

/** Cuts `total` into parts in proportion to `sizes`, whole ones that add up: the largest remainders are rounded up. */
function proportional(total: number, sizes: readonly number[]): number[] {
  const all = sizes.reduce((sum, size) => sum + size, 0);
  const exact = sizes.map((size) => (total * size) / all);
  const parts = exact.map(Math.floor);
  const order = range(sizes.length).sort((a, b) => exact[b]! - parts[b]! - (exact[a]! - parts[a]!) || a - b);
  const left = total - parts.reduce((sum, part) => sum + part, 0);
  for (const i of order.slice(0, left)) parts[i]!++;
  return parts;
}

function oneOf(options: SplitOptions | FoldOptions): void {
  const given = (['stratify', 'groups', 'times'] as const).filter((name) => options[name] !== undefined);
  if (given.length < 2) {
    if (options.missing === undefined || options.times !== undefined) return;
    throw new ValueError({ argument: 'missing', given: show(options.missing), expected: 'nothing without times' });
  }
  throw new ValueError({
    argument: given[1]!,
    given: `with ${given[0]}`,
    expected: 'one of stratify, groups and times',
  });
}

/**
 * Splits rows for training, validation and testing; `table.take(split.train)` has them.
 * Parts have exactly as many rows as asked for, except with `groups`, where they come as near as groups allow.
 * @throws ValueError for parts without a row, and for times that are missing or have no order in time.
 */
export function split(data: number | Table, options: SplitOptions = {}): Split {
  checkOptions(options, ['test', 'validation', 'seed', 'stratify', 'groups', 'times', 'missing'], 'split');
  oneOf(options);
  const rows = rowsOf(data);
  const { stratify, groups, times, missing, seed = 0 } = options;
  checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  const test = countOf(options.test ?? 0.2, rows, 'test');
  const validation = countOf(options.validation ?? 0, rows, 'validation');
  if (test + validation >= rows) {
    const given = `${test} rows for testing and ${validation} for validation of ${rows}`;
    throw new ValueError({ argument: 'test', given, expected: 'rows left for training' });
  }
  const generator = new Generator(seed, stream('split'));
  let parts: readonly [number[], number[], number[]];
  if (times !== undefined) {
    const order = inOrder(times, rows, missing);
    const first = rows - test - validation;
    parts = [order.slice(0, first), order.slice(first, rows - test), order.slice(rows - test)];
  } else if (groups !== undefined) {
    parts = splitGroups(shuffle(grouped(codesOf(groups, rows, 'groups')), generator), test, validation);
  } else {
    const classes = stratify === undefined ? [range(rows)] : grouped(codesOf(stratify, rows, 'stratify'));
    parts = splitClasses(classes, test, validation, generator);
  }
  const ready = (list: number[]) => {
    const numbers = Uint32Array.from(list);
    return times === undefined ? numbers.sort() : numbers;
  };
  return { train: ready(parts[0]), validation: ready(parts[1]), test: ready(parts[2]) };
}

function splitClasses(
  classes: readonly number[][],
  test: number,
  validation: number,
  generator: Generator,
): [number[], number[], number[]] {
  const parts: [number[], number[], number[]] = [[], [], []];
  const tests = proportional(
    test,
    classes.map((rows) => rows.length),
  );
  const left = classes.map((rows, i) => rows.length - tests[i]!);
  const validations = proportional(validation, left);
  classes.forEach((rows, i) => {
    shuffle(rows, generator);
    const a = tests[i]!;
    const b = a + validations[i]!;
    rows.forEach((row, place) => {
      parts[place < a ? 2 : place < b ? 1 : 0].push(row);
    });
  });
  return parts;
}

/** Gives each group to the part that is furthest below its size, the larger groups first. */
function splitGroups(groups: number[][], test: number, validation: number): [number[], number[], number[]] {
  const total = groups.reduce((sum, rows) => sum + rows.length, 0);
  const wanted = [total - test - validation, validation, test];
  const parts: [number[], number[], number[]] = [[], [], []];
  for (const rows of [...groups].sort((a, b) => b.length - a.length)) {
    let best = 0;
    for (let i = 1; i < 3; i++) {
      const room = (wanted[i]! - parts[i]!.length) / Math.max(1, wanted[i]!);
      if (wanted[i]! > 0 && room > (wanted[best]! - parts[best]!.length) / Math.max(1, wanted[best]!)) best = i;
    }
    for (const row of rows) parts[best]!.push(row);
  }
  const needed = wanted.findIndex((size, i) => size > 0 && parts[i]!.length === 0);
  if (needed < 0) return parts;
  throw new ValueError({
    argument: 'groups',
    given: `${groups.length} groups`,
    expected: 'enough of them for each part to have one',
  });
}

/**
 * Folds for cross-validation: each row is tested on once, unless `times` orders them. With `stratify` every fold has the
 * classes in the same shares, with `groups` no group is in two folds.
 * @throws ValueError for options of another kind, and for more folds than rows, groups or rows of a class allow.
 */
export function kFold(data: number | Table, options: FoldOptions = {}): Fold[] {
  checkOptions(options, ['folds', 'seed', 'shuffle', 'stratify', 'groups', 'times', 'missing'], 'kFold');
  oneOf(options);
  const rows = rowsOf(data);
  const { stratify, groups, times, missing, seed = 0, shuffle: mix = true } = options;
  checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  const folds = checkNumber(options.folds ?? 5, 'folds', { min: 2, integer: true });
  if (typeof mix !== 'boolean')
    throw new ValueError({ argument: 'shuffle', given: show(mix), expected: 'true or false' });
  if (folds + (times === undefined ? 0 : 1) > rows) {
    throw new ValueError({ argument: 'folds', given: `${folds} of ${rows} rows`, expected: 'a row for each fold' });
  }
  const generator = new Generator(seed, stream('split'));
  const mixed = <T extends unknown[]>(list: T): T => (mix ? shuffle(list, generator) : list);
  if (times !== undefined) {
    const order = inOrder(times, rows, missing);
    const size = Math.floor(rows / (folds + 1));
    return range(folds).map((i) => {
      const end = rows - (folds - i) * size;
      return { train: Uint32Array.from(order.slice(0, end)), test: Uint32Array.from(order.slice(end, end + size)) };
    });
  }
  const tests: number[][] = range(folds).map(() => []);
  if (groups !== undefined) {
    const all = mixed(grouped(codesOf(groups, rows, 'groups')));
    if (all.length < folds) {
      throw new ValueError({
        argument: 'groups',
        given: `${all.length} groups`,
        expected: `at least ${folds}, one for each fold`,
      });
    }
    for (const group of all.sort((a, b) => b.length - a.length)) {
      let least = 0;
      for (let i = 1; i < folds; i++) if (tests[i]!.length < tests[least]!.length) least = i;
      for (const row of group) tests[least]!.push(row);
    }
  } else if (stratify !== undefined) {
    // Rows are dealt out like cards, each class from where the last one ended, so that folds are of equal size too.
    let next = 0;
    for (const rowsOfClass of grouped(codesOf(stratify, rows, 'stratify'))) {
      for (const row of mixed(rowsOfClass)) tests[next++ % folds]!.push(row);
    }
  } else {
    const order = mixed(range(rows));
    for (let i = 0; i < folds; i++) {
      tests[i] = order.slice(Math.floor((i * rows) / folds), Math.floor(((i + 1) * rows) / folds));
    }
  }
  return tests.map((list) => {
    const test = Uint32Array.from(list).sort();
    const inside = new Uint8Array(rows);
    for (const row of test) inside[row] = 1;
    return { train: Uint32Array.from(range(rows).filter((row) => !inside[row])), test };
  });
}

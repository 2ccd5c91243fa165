import { nearest, ShapeError, show, UnknownNameError, ValueError } from '../../errors.js';
import { dense, type Matrix, makeMatrix, type Numbers } from '../../matrix.js';
import { doubtsAbout } from '../cells/doubts.js';
import { isCommonMarker } from '../cells/markers.js';
import type { Column } from '../column.js';
import { shorten } from '../data-error.js';
import { ordinal, textsOf } from '../prep/encoding.js';
import { type Preprocessing, preprocess } from '../prep/preprocess.js';
import { standardize } from '../prep/scaling.js';
import { remarksOn } from '../remarks.js';
import { lengthOf, Table } from '../table.js';
import { classNumbers } from './classes.js';
import type { Task } from './design.js';

/**
 * Returns the rows that have a target. `isMissing` says of texts whether they stand for a missing value where the target was
 * read as it is spelled.
 * @throws UnknownNameError for a target that is not a column; ShapeError for a table without rows; ValueError for a target
 * without a value.
 */
export function withTarget(
  table: Table,
  target: string,
  notes: string[],
  isMissing: (text: string) => boolean = () => false,
): Table {
  if (!table.has(target)) {
    const names = table.names.slice(0, 20).join(', ');
    const guess = nearest(target, table.names);
    throw new UnknownNameError({
      argument: 'target',
      given: `data without a column '${target}'`,
      expected: `it among the columns, which are ${names}${table.names.length > 20 ? ', ...' : ''}`,
      ...(guess !== undefined && { hint: `Did you mean '${guess}'?` }),
    });
  }
  const column = table.column(target);
  const marks = column.kind === 'category' ? column.categories.map(isMissing) : [];
  const has = (row: number) =>
    column.kind === 'category'
      ? column.codes[row]! >= 0 && !marks[column.codes[row]!]
      : !Number.isNaN(column.values[row]!);
  if (table.rows === 0) throw new ShapeError({ argument: 'rows', given: '0', expected: 'at least one' });
  let kept = 0;
  for (let row = 0; row < table.rows; row++) if (has(row)) kept++;
  if (kept === table.rows) return table;
  if (kept === 0)
    throw new ValueError({ argument: 'target', given: `'${target}' without a value`, expected: 'values' });
  const without = table.rows - kept;
  notes.push(`${without} ${without === 1 ? 'row is' : 'rows are'} left out: '${target}' is missing`);
  return table.take(Array.from({ length: table.rows }, (_, row) => row).filter(has));
}

/** Returns the advice for a target of texts that may be numbers, as part of an error. */
function doubtHint(column: Column): { readonly hint: string } | undefined {
  const remarks = column.kind === 'category' ? remarksOn(column.name, doubtsAbout(column)) : [];
  return remarks.length === 0 ? undefined : { hint: remarks.join('. ') };
}

/**
 * @throws ShapeError for fewer than two rows; ValueError for a target that is always the same, or is texts for regression.
 */
export function fitTarget(column: Column, task: Task): Preprocessing {
  if (lengthOf(column) < 2)
    throw new ShapeError({ argument: 'rows', given: `${lengthOf(column)}`, expected: 'at least 2' });
  if (task === 'regression') {
    if (column.kind === 'category') {
      const given = `texts such as ${show(column.categories[0])} in '${column.name}'`;
      throw new ValueError({
        argument: 'task',
        given: `regression of ${given}`,
        expected: 'numbers to predict',
        ...doubtHint(column),
      });
    }
    const { values } = column;
    if (values.every((value) => value === values[0]))
      throw new ValueError({
        argument: 'target',
        given: `'${column.name}', always ${values[0]}`,
        expected: 'values that differ',
      });
    return preprocess({ numbers: standardize(), booleans: standardize(), dates: standardize() }).fit(
      new Table([column]),
    );
  }
  const order = [...new Set(textsOf(column).codes)].filter((code) => code >= 0);
  if (order.length < 2) {
    throw new ValueError({
      argument: 'target',
      given: `'${column.name}' of ${order.length} class`,
      expected: 'at least 2',
    });
  }
  const texts = textsOf(column).categories;
  const names = order.map((code) => texts[code]!);
  const numeric = names.every((name) => Number.isFinite(Number(name)));
  names.sort(numeric ? (a, b) => Number(a) - Number(b) : undefined);
  const steps = ordinal({ order: names });
  return preprocess({ numbers: steps, categories: steps, booleans: steps }).fit(new Table([column]));
}

export function classesOf(target: Preprocessing): readonly string[] {
  const [column] = target.toJSON().columns;
  return (column!.steps[0]!.states[0] as { categories: readonly string[] }).categories;
}

/** Classes that a table may have without it being odd that most of its rows have one of their own. */
const FEW_CLASSES = 50;

/** Numbers that the outputs of rows held out may come to: 256 MB. */
const MOST_OUTPUTS = 2 ** 26;

/**
 * Refuses classes that cannot be learned: nearly as many as there are rows, or more than memory has room for. Returns
 * remarks on those that can hardly be.
 * @throws ValueError for classes that hardly ever repeat, or whose probabilities do not fit into memory.
 */
export function checkClasses(
  truth: Truth,
  classes: readonly string[],
  column: Column,
  held: number,
): readonly string[] {
  const { rows, data } = truth;
  const given = `'${column.name}' of ${classes.length} classes in ${rows} rows`;
  if (classes.length > FEW_CLASSES && classes.length > rows / 2) {
    throw new ValueError({
      argument: 'target',
      given,
      expected: 'classes that come several times',
      ...(doubtHint(column) ?? {
        hint: "Nearly every row has a class of its own. Numbers are predicted with task: 'regression'.",
      }),
    });
  }
  if (classes.length * held > MOST_OUTPUTS) {
    throw new ValueError({
      argument: 'target',
      given,
      expected: `at most ${Math.floor(MOST_OUTPUTS / held)} classes, whose probabilities for ${held} rows fit into memory`,
      hint: 'Join rare classes to one, or say members: 1, which holds fewer rows out.',
    });
  }
  const counts = countsOf(truth, classes.length);
  const single = counts.flatMap((count, i) => (count === 1 ? [classes[i]!] : []));
  if (single.length === 0) return [];
  const first = `${single
    .slice(0, 5)
    .map((text) => `'${shorten(text)}'`)
    .join(', ')}${single.length > 5 ? ', ...' : ''}`;
  const one = single.length === 1;
  return data.length > FEW_CLASSES
    ? [
        `${single.length} ${one ? 'class has' : 'classes have'} one row, which is learned from or tested on, not both: ${first}`,
      ]
    : [];
}

/** Counts the rows of each class. */
export function countsOf({ data }: Numbers, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const number of data) if (number >= 0) counts[number]!++;
  return counts;
}

/** Returns the label of missing values among classes that were numbers or booleans in training. */
export function missingAmong(
  target: Preprocessing,
  missing: readonly (string | number)[] = [],
): (text: string) => boolean {
  if (Object.values(target.kinds)[0] === 'category') return () => false;
  const numbers = new Set(missing.flatMap((mark) => numberOf(String(mark)) ?? []));
  return (text) => isCommonMarker(text) || numbers.has(numberOf(text) ?? Number.NaN);
}

function numberOf(text: string): number | undefined {
  const number = text.trim() === '' ? Number.NaN : Number(text);
  return Number.isNaN(number) ? undefined : number;
}

/** Targets as they are compared with predictions: classes by number, or numbers in their units. */
export interface Truth extends Numbers {
  /** Classes that are not known, whose rows have -1. */
  readonly unknown: readonly string[];
}

/** Returns the targets of a table that has one in each row. */
export function truthOf(table: Table, task: Task, target: Preprocessing): Truth {
  const [name] = Object.keys(target.kinds);
  const column = table.column(name!);
  const { rows } = table;
  if (task === 'classification') {
    const { numbers, unknown } = classNumbers(column, classesOf(target));
    return { data: numbers, rows, columns: 1, unknown };
  }
  if (rows > 0) target.transform(table.select([name!]));
  const values = column.kind === 'category' ? new Float64Array(rows).fill(Number.NaN) : column.values;
  return { data: values, rows, columns: 1, unknown: [] };
}

/**
 * Classes as they are; numbers in the target's units, in float64: an offset far from 0 takes no digits from them. Files of
 * earlier builds, which rounded them, have no `precision` and keep their bits.
 */
export function unscaled(values: Matrix, task: Task, target: Preprocessing, precision: Precision): Numbers {
  if (task === 'classification' || values.rows === 0) return values;
  const [column] = target.inverseTransform(values).columns;
  const numbers = (column as { values: Float64Array }).values;
  if (precision === 'float64') return dense(numbers, values.rows, 1);
  return makeMatrix(Float32Array.from(numbers), values.rows, 1);
}

/** The precision of numbers in a target's units; files of earlier builds do not have it. */
export type Precision = 'float64' | undefined;

/** Significant digits that predictions of a target have: those of float32, and those that its offset takes. */
export function digitsOf(target: Preprocessing): number {
  const { offset = 0, factor = 1 } = scaleOf(target) ?? {};
  return Math.min(17, 9 + Math.max(0, Math.ceil(Math.log10(Math.abs(offset * factor) || 1))));
}

/** Returns how a numeric target is scaled: (value - offset) * factor. The offset is the mean. */
export function scaleOf(target: Preprocessing): { readonly offset: number; readonly factor: number } | undefined {
  const state = target.toJSON().columns[0]?.steps[0]?.states[0] as { offset?: number; factor?: number } | undefined;
  return state?.offset === undefined || state.factor === undefined
    ? undefined
    : { offset: state.offset, factor: state.factor };
}

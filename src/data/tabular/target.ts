import { nearest, ShapeError, show, UnknownNameError, ValueError } from '../../errors.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { ordinal, textsOf } from '../prep/encoding.js';
import { type Preprocessing, preprocess } from '../prep/preprocess.js';
import { standardize } from '../prep/scaling.js';
import { type Column, lengthOf, Table } from '../table.js';
import type { Task } from './design.js';

/** The rows that have a target. */
export function withTarget(table: Table, target: string, notes: string[]): Table {
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
  const has = (row: number) =>
    column.kind === 'category' ? column.codes[row]! >= 0 : !Number.isNaN(column.values[row]!);
  let kept = 0;
  for (let row = 0; row < table.rows; row++) if (has(row)) kept++;
  if (kept === table.rows) return table;
  if (kept === 0)
    throw new ValueError({ argument: 'target', given: `'${target}' without a value`, expected: 'values' });
  notes.push(`${table.rows - kept} rows are left out: '${target}' is missing`);
  return table.take(Array.from({ length: table.rows }, (_, row) => row).filter(has));
}

export function fitTarget(column: Column, task: Task): Preprocessing {
  if (lengthOf(column) < 2)
    throw new ShapeError({ argument: 'rows', given: `${lengthOf(column)}`, expected: 'at least 2' });
  if (task === 'regression') {
    if (column.kind === 'category') {
      const given = `texts such as ${show(column.categories[0])} in '${column.name}'`;
      throw new ValueError({ argument: 'task', given: `regression of ${given}`, expected: 'numbers to predict' });
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

/** Classes as they are; numbers in the target's units. */
export function unscaled(values: Matrix, task: Task, target: Preprocessing): Matrix {
  if (task === 'classification') return values;
  const [column] = target.inverseTransform(values).columns;
  const numbers = (column as { values: Float64Array }).values;
  return makeMatrix(Float32Array.from(numbers), values.rows, 1);
}

import { checkNumber, checkOptions } from '../../errors.js';
import { Generator, stream } from '../../kernels/philox.js';
import { type Matrix, makeMatrix, type Numbers } from '../../matrix.js';
import { accuracy } from '../../model/metrics/classification.js';
import { rmse } from '../../model/metrics/regression.js';
import type { Preprocessing } from '../prep/preprocess.js';
import { shuffle } from '../splits.js';
import { Table } from '../table.js';
import type { Task } from './design.js';

/** How much worse predictions get when a column is shuffled: in accuracy, or in the error as a share of what it was. */
export interface Importance {
  readonly column: string;
  readonly importance: number;
  /** Standard deviation over repeats. */
  readonly deviation: number;
}

export interface ExplainOptions {
  /** Times that each column is shuffled; default 5. */
  readonly repeats?: number;
  /** Rows at most, drawn at random; default 2000. */
  readonly rows?: number;
  /**
   * Predictions at most, one for each row, column and repeat; where columns are so many that they would take more, fewer
   * rows are drawn, but 50 at least. Default a million.
   */
  readonly budget?: number;
  /** Default 0. */
  readonly seed?: number;
}

const FEWEST_ROWS = 50;

/** A pipeline, as far as importance needs it. */
export interface Explained {
  readonly task: Task;
  readonly preprocessing: Preprocessing;
  /** Outputs for inputs of the network, in the target's units. */
  predict(inputs: Matrix): Numbers;
}

/** What predictions for rows of a known target lose when a column is shuffled. */
export function importanceOf(
  { task, preprocessing, predict }: Explained,
  all: Table,
  truthOf: (table: Table) => Numbers,
  options: ExplainOptions,
): readonly Importance[] {
  checkOptions(options, ['repeats', 'rows', 'budget', 'seed'], 'explain');
  const { repeats = 5, rows = 2000, budget = 1e6, seed = 0 } = options;
  for (const [name, value] of Object.entries({ repeats, rows, budget })) checkNumber(value, name, { min: 1 });
  const columns = Object.keys(preprocessing.kinds);
  const affordable = Math.max(FEWEST_ROWS, Math.floor(budget / (columns.length * repeats)));
  const generator = new Generator(seed, stream('augmentation'));
  const table = all.take(shuffled(all.rows, generator).subarray(0, Math.min(rows, affordable)));
  const truth = truthOf(table);
  const score = (inputs: Matrix) => {
    const outputs = predict(inputs);
    return task === 'classification' ? accuracy(truth, outputs) : -rmse(truth, outputs);
  };
  const mix = mixer(preprocessing, table);
  const whole = score(preprocessing.transform(table));
  const scale = task === 'classification' || whole === 0 ? 1 : -whole;
  return columns
    .map((column): Importance => {
      const losses = Array.from({ length: repeats }, () => {
        return (whole - score(mix(column, shuffled(table.rows, generator)))) / scale;
      });
      const importance = losses.reduce((sum, loss) => sum + loss, 0) / repeats;
      const variance = losses.reduce((sum, loss) => sum + (loss - importance) ** 2, 0) / repeats;
      return { column, importance, deviation: Math.sqrt(variance) };
    })
    .sort((a, b) => b.importance - a.importance);
}

function shuffled(rows: number, generator: Generator): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: rows }, (_, i) => i),
    generator,
  );
}

/** Inputs of the network with one column of the table in another order; they are overwritten by the next. */
function mixer(preprocessing: Preprocessing, table: Table): (column: string, order: Uint32Array) => Matrix {
  const { origins } = preprocessing;
  if (!origins) {
    return (column, order) => {
      const [mixed] = table.select([column]).take(order).columns;
      return preprocessing.transform(new Table(table.columns.map((item) => (item.name === column ? mixed! : item))));
    };
  }
  // Steps of a column see nothing but its rows: what comes of them moves along.
  const { data: from, rows, columns: width } = preprocessing.transform(table);
  const data = from.slice();
  let [start, end] = [0, 0];
  const put = (order: (row: number) => number) => {
    for (let row = 0; row < rows; row++) {
      const given = order(row) * width;
      for (let c = start; c < end; c++) data[row * width + c] = from[given + c]!;
    }
  };
  return (column, order) => {
    put((row) => row);
    start = origins.indexOf(column);
    end = origins.lastIndexOf(column) + 1;
    put((row) => order[row]!);
    return makeMatrix(data, rows, width);
  };
}

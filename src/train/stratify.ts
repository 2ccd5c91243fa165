import { ValueError } from '../errors.js';
import { Generator, stream } from '../kernels/philox.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import type { Pair } from './batches.js';
import { classReader } from './class-weights.js';
import type { Engine } from './engine.js';

/**
 * Draws the same share of the rows of each class, to validate on: of n rows floor(n share) in all, each class's part
 * rounded to where the fractions are largest. What stays keeps its order.
 * @throws ValueError for targets that are not of one class per row, and where a class would be left without a row.
 */
export function stratified({ training }: Engine, pair: Pair, share: number, seed: number): readonly [Pair, Pair] {
  const [target] = training.targets;
  const classOf = training.targets.length === 1 && target ? classReader(target.objective) : undefined;
  if (!classOf) {
    throw new ValueError({
      argument: 'stratify',
      given: training.targets.length === 1 ? `the loss '${target?.objective.name}'` : 'a model with several outputs',
      expected: 'one output with targets of one class per row',
    });
  }
  const classes = new Map<number, number[]>();
  for (let r = 0; r < pair.rows; r++) {
    const label = classOf(pair.y[0] as Matrix, r);
    const rows = classes.get(label);
    if (rows) rows.push(r);
    else classes.set(label, [r]);
  }
  const groups = [...classes].sort(([a], [b]) => a - b).map(([label, rows]) => ({ label, rows, held: 0, fraction: 0 }));
  let left = Math.floor(pair.rows * share);
  for (const group of groups) {
    const exact = group.rows.length * share;
    group.held = Math.floor(exact);
    group.fraction = exact - group.held;
    left -= group.held;
  }
  const byFraction = [...groups].sort((a, b) => b.fraction - a.fraction || a.label - b.label);
  for (const group of byFraction.slice(0, Math.max(0, left))) group.held++;
  const generator = new Generator(seed, stream('split'), 0);
  const drawn = new Uint8Array(pair.rows);
  for (const { label, rows, held } of groups) {
    if (held === rows.length) {
      throw new ValueError({
        argument: 'validationSplit',
        given: `${share}, which takes all ${held} rows of class ${label}`,
        expected: 'a share that leaves every class a row to train on',
      });
    }
    for (let i = 0; i < held; i++) {
      const j = i + generator.integer(rows.length - i);
      [rows[i], rows[j]] = [rows[j] as number, rows[i] as number];
      drawn[rows[i] as number] = 1;
    }
  }
  return [take(pair, drawn, 0), take(pair, drawn, 1)];
}

function take({ x, y, weighted }: Pair, drawn: Uint8Array, which: number): Pair {
  const origin = Uint32Array.from(drawn.keys()).filter((row) => drawn[row] === which);
  const rows = origin.length;
  const rowsOf = ({ data, columns }: Matrix) => {
    const taken = new Float32Array(rows * columns);
    let to = 0;
    drawn.forEach((is, r) => {
      if (is !== which) return;
      taken.set(data.subarray(r * columns, (r + 1) * columns), to);
      to += columns;
    });
    return makeMatrix(taken, rows, columns);
  };
  return { x: x.map(rowsOf), y: y.map(rowsOf), rows, weighted, origin };
}

import type { Engine } from '../engine/engine.js';
import { ValueError } from '../errors.js';
import { Generator, stream } from '../kernels/lib/philox.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import type { Pair } from './arrays.js';
import { classReader } from './class-weights.js';
import { sharedPause } from './pause.js';

/** Numbers that are read or copied between two looks at the clock. */
const SLICE = 50_000;

/** The rows of a class, of which `held` are to be drawn. */
interface Group {
  readonly label: number;
  readonly rows: Uint32Array;
  held: number;
  /** Returns what rounding down has left, in parts of all rows. */
  readonly remainder: number;
}

/** Calls back for stretches of `rows`, handing over to the event loop in between. */
async function inStretches(rows: number, numbersPerRow: number, work: (from: number, to: number) => void) {
  const step = Math.max(1, Math.floor(SLICE / numbersPerRow));
  for (let from = 0; from < rows; from += step) {
    work(from, Math.min(rows, from + step));
    const pausing = sharedPause();
    if (pausing) await pausing;
  }
}

/**
 * Draws `held` rows to validate on, of each class the same share, rounded to where the fractions are largest. What stays
 * keeps its order.
 * @throws ValueError for targets that are not of one class per row, and where a class would be left without a row.
 */
export async function stratified(
  { training }: Engine,
  pair: Pair,
  held: number,
  seed: number,
): Promise<readonly [Pair, Pair]> {
  const [target] = training.targets;
  const classOf = training.targets.length === 1 && target ? classReader(target.objective) : undefined;
  if (!classOf) {
    throw new ValueError({
      argument: 'stratify',
      given: training.targets.length === 1 ? `the loss '${target?.objective.name}'` : 'a model with several outputs',
      expected: 'one output with targets of one class per row',
    });
  }
  const groups = await group(pair, (row) => classOf(pair.y[0] as Matrix, row), held);
  const generator = new Generator(seed, stream('split'), 0);
  const drawn = new Uint8Array(pair.rows);
  for (const { label, rows, held } of groups) {
    if (held === rows.length) {
      throw new ValueError({
        argument: 'validationSplit',
        given: `a share that takes ${held === 1 ? 'the only row' : `all ${held} rows`} of class ${label}`,
        expected: 'a share that leaves every class a row to train on',
      });
    }
    await inStretches(held, 1, (from, to) => {
      for (let i = from; i < to; i++) {
        const j = i + generator.integer(rows.length - i);
        const row = rows[j] as number;
        rows[j] = rows[i] as number;
        rows[i] = row;
        drawn[row] = 1;
      }
    });
  }
  return [await take(pair, drawn, 0, pair.rows - held), await take(pair, drawn, 1, held)];
}

/** Groups rows by class, in the order of classes. */
async function group(pair: Pair, classOf: (row: number) => number, held: number): Promise<readonly Group[]> {
  const labels = new Float32Array(pair.rows);
  const sizes = new Map<number, number>();
  await inStretches(pair.rows, pair.y[0]?.columns ?? 1, (from, to) => {
    for (let row = from; row < to; row++) {
      const label = classOf(row);
      labels[row] = label;
      sizes.set(label, (sizes.get(label) ?? 0) + 1);
    }
  });
  const groups = [...sizes]
    .sort(([a], [b]) => a - b)
    .map(([label, size]): Group => {
      const remainder = (size * held) % pair.rows;
      return { label, rows: new Uint32Array(size), held: (size * held - remainder) / pair.rows, remainder };
    });
  const left = groups.reduce((sum, group) => sum - group.held, held);
  const byRemainder = [...groups].sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const group of byRemainder.slice(0, left)) group.held++;
  const places = new Map(groups.map(({ label, rows }) => [label, { rows, next: 0 }]));
  await inStretches(pair.rows, 1, (from, to) => {
    for (let row = from; row < to; row++) {
      const place = places.get(labels[row] as number) as { rows: Uint32Array; next: number };
      place.rows[place.next++] = row;
    }
  });
  return groups;
}

/** Copies the rows that are marked so. */
async function take({ x, y, weighted }: Pair, drawn: Uint8Array, which: number, rows: number): Promise<Pair> {
  const origin = new Uint32Array(rows);
  for (let row = 0, to = 0; row < drawn.length; row++) if (drawn[row] === which) origin[to++] = row;
  const rowsOf = async ({ data, columns }: Matrix) => {
    const taken = new Float32Array(rows * columns);
    await inStretches(rows, columns, (first, last) => {
      for (let r = first; r < last; r++) {
        const from = (origin[r] as number) * columns;
        for (let c = 0; c < columns; c++) taken[r * columns + c] = data[from + c] as number;
      }
    });
    return makeMatrix(taken, rows, columns);
  };
  const all = async (matrices: readonly Matrix[]) => {
    const taken: Matrix[] = [];
    for (const matrix of matrices) taken.push(await rowsOf(matrix));
    return taken;
  };
  return { x: await all(x), y: await all(y), rows, weighted, origin };
}

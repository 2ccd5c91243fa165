import { ValueError } from '../../../errors.js';
import { Generator, stream } from '../../../kernels/lib/philox.js';
import { shuffle, split } from '../../splits.js';

/** Rows that a network trains on, and rows that it leaves out. */
export interface Part {
  readonly train: Uint32Array;
  readonly held: Uint32Array;
}

/** Below this many rows one network leaves nothing out. */
export const FEWEST_ROWS = 10;
/** The share of the rows that each of several networks leaves out: one part in so many, within these. */
const [LEAST_HELD, MOST_HELD] = [1 / 8, 1 / 5];
/** Networks that leave out the same row: from so many it can be told what more of them would say together. */
const TOGETHER = 3;

const range = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

function byClass(rows: Uint32Array, labels: Float32Array | undefined): readonly (readonly number[])[] {
  if (!labels) return [[...rows]];
  const classes = new Map<number, number[]>();
  for (const row of rows) {
    const list = classes.get(labels[row]!);
    if (list) list.push(row);
    else classes.set(labels[row]!, [row]);
  }
  return [...classes.values()];
}

/**
 * Chooses the rows that each of several networks leaves out. A single network leaves out a tenth. Of several, each leaves
 * out a fifth to an eighth, and each row is left out by three of them, drawn anew for each row, so that the networks that
 * did not see a row differ as any three do. All leave out the same share of each class. Of 5 networks a third of the rows is
 * left out by three, of 10 42%.
 * @throws ValueError for fewer rows than networks.
 */
export function partsOf(
  rows: number,
  members: number,
  seed: number,
  labels: Float32Array | undefined,
): readonly Part[] {
  const stratify = labels ? { stratify: labels } : {};
  if (members === 1) {
    if (rows < FEWEST_ROWS) return [{ train: range(rows), held: range(rows) }];
    const { train, test } = split(rows, { test: 0.1, seed, ...stratify });
    return [{ train, held: test }];
  }
  if (rows < members) {
    throw new ValueError({ argument: 'members', given: `${members} of ${rows} rows`, expected: 'a row for each' });
  }
  const share = Math.min(Math.max(1 / members, LEAST_HELD), MOST_HELD);
  const together = Math.max(Math.min(TOGETHER, members), Math.ceil(members * share));
  const count = Math.max(Math.ceil(members / together), Math.round((members * share * rows) / together));
  const { test } = split(rows, { test: Math.min(count, rows - 1), seed, ...stratify });
  const generator = new Generator(seed, stream('split', 1));
  const out = Array.from({ length: members }, (): number[] => []);
  for (const rowsOfClass of byClass(shuffle(test, generator), labels)) {
    const own = new Map<number[], number>();
    for (const row of rowsOfClass) {
      // Networks that have left out the fewest rows of the class come first, then those with the fewest rows, then any.
      const ofClass = (list: number[]) => own.get(list) ?? 0;
      const order = shuffle([...out], generator).sort((a, b) => ofClass(a) - ofClass(b) || a.length - b.length);
      for (const list of order.slice(0, together)) {
        own.set(list, ofClass(list) + 1);
        list.push(row);
      }
    }
  }
  return out.map((list) => {
    const inside = new Uint8Array(rows);
    for (const row of list) inside[row] = 1;
    return { train: range(rows).filter((row) => inside[row] === 0), held: Uint32Array.from(list).sort() };
  });
}

import { ValueError } from '../../errors.js';
import { Generator, stream } from '../../kernels/philox.js';
import { shuffle, split } from '../splits.js';

/** Rows that a network trains on, and rows that it leaves out. */
export interface Part {
  readonly train: Uint32Array;
  readonly held: Uint32Array;
}

/** Below so many rows one network leaves nothing out. */
export const FEWEST_ROWS = 10;
/** The share of the rows that networks of an ensemble leave out at most. */
const MOST_HELD = 0.2;

const range = (count: number) => Uint32Array.from({ length: count }, (_, i) => i);

/**
 * What each of so many networks leaves out. One network leaves out a tenth. Of several each pair leaves out rows of its
 * own, so that for each such row there are two networks that know nothing of it, which differ as any two do: from 5
 * networks on each leaves out one part in so many, and half of the rows are left out by two.
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
  const share = Math.min(1 / members, MOST_HELD);
  const count = Math.max(Math.ceil(members / 2), Math.round((members * share * rows) / 2));
  const { test } = split(rows, { test: count, seed, ...stratify });
  const held = shuffle(test, new Generator(seed, stream('split', 1)));
  const pairs = pairsOf(members);
  const out = Array.from({ length: members }, (): number[] => []);
  held.forEach((row, i) => {
    for (const member of pairs[i % pairs.length]!) out[member]!.push(row);
  });
  return out.map((list) => {
    const inside = new Uint8Array(rows);
    for (const row of list) inside[row] = 1;
    return { train: range(rows).filter((row) => inside[row] === 0), held: Uint32Array.from(list).sort() };
  });
}

/** All pairs, in rounds in which each takes part once, or all but one. */
export function pairsOf(count: number): readonly (readonly [number, number])[] {
  const odd = count % 2 === 1 ? count : count - 1;
  const pairs: [number, number][] = [];
  for (let round = 0; round < odd; round++) {
    if (odd < count) pairs.push([round, odd]);
    for (let i = 1; i <= (odd - 1) / 2; i++) pairs.push([(round + i) % odd, (round - i + odd) % odd]);
  }
  return pairs;
}

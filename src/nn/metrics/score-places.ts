// Ranks the scores of a class among all, without sorting all: only those of the class are put in order, by places of equal
// width, and others are counted at their place. Measured in bench/NOTES.md, "Cleverness that pays"; test/nn/metrics-values.test.ts
// counts what is sorted and searched.

/** Places for scores, at most. */
const PLACES = 1 << 14;
/** More numbers than these are better sorted by the engine than one by one. */
const FEW = 16;

/** Returns a whole number for the bits of a float32, of the same order; the same for 0 and -0. */
export const key = (bits: number): number => (bits === -0x80000000 ? 0 : bits ^ ((bits >> 31) & 0x7fffffff));

/**
 * Returns whole numbers in the order of float64 values, which keys of 32 bits cannot distinguish; equal values get equal
 * numbers.
 */
export function ranked(data: Float64Array): Int32Array {
  const order = data.slice().sort();
  let distinct = 0;
  for (const value of order) if (distinct === 0 || value !== order[distinct - 1]) order[distinct++] = value;
  return Int32Array.from(data, (value) => {
    let low = 0;
    for (let high = distinct - 1; low < high; ) {
      const middle = (low + high) >> 1;
      if (order[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  });
}

/** Ranks the rows of a class among the others, by the keys of their scores, rising. */
export interface Ranking {
  readonly own: Int32Array;
  /** `others[i]` have `i` of the class at or below them, and `equal[i]` of those the same score as the last of the `i`. */
  readonly others: Int32Array;
  readonly equal: Int32Array;
}

/** Memory that rankings use in turns. */
export interface Room {
  /** The positions where the scores of each place begin among those of the class. */
  readonly starts: Int32Array;
  /** 1 where there are any. */
  readonly mixed: Uint8Array;
  /** Rows at each place. */
  readonly counts: Int32Array;
  /** Keys at places where there are some of the class. */
  readonly near: Int32Array;
}

export const makeRoom = (rows: number): Room => ({
  starts: new Int32Array(PLACES + 1),
  mixed: new Uint8Array(PLACES),
  counts: new Int32Array(PLACES),
  near: new Int32Array(rows + 1),
});

function sortFew(keys: Int32Array, from: number, to: number): void {
  if (to - from > FEW) {
    keys.subarray(from, to).sort();
    return;
  }
  for (let i = from + 1; i < to; i++) {
    const moved = keys[i]!;
    let k = i;
    for (; k > from && keys[k - 1]! > moved; k--) keys[k] = keys[k - 1]!;
    keys[k] = moved;
  }
}

/** A place is a run of keys: those below all of the class share the first one, those above the last. */
export function rank(keys: Int32Array, unsorted: Int32Array, { starts, mixed, counts, near }: Room): Ranking {
  const p = unsorted.length;
  const own = new Int32Array(p);
  const ranking = { own, others: new Int32Array(p + 1), equal: new Int32Array(p + 1) };
  if (p === 0) return ranking;
  let low = unsorted[0]!;
  let high = low;
  for (let i = 1; i < p; i++) {
    low = Math.min(low, unsorted[i]!);
    high = Math.max(high, unsorted[i]!);
  }
  // At least 1, so that differences stay within 32 bits.
  let shift = 1;
  while ((high >> shift) - (low >> shift) > PLACES - 3) shift++;
  const first = (low >> shift) - 1;
  const last = (high >> shift) + 1 - first;
  starts.fill(0, 0, last + 2);
  counts.fill(0, 0, last + 1);
  for (let i = 0; i < p; i++) starts[(unsorted[i]! >> shift) - first]!++;
  let sum = 0;
  for (let place = 0; place <= last; place++) {
    const here = starts[place]!;
    mixed[place] = here === 0 ? 0 : 1;
    sum += here;
    starts[place] = sum;
  }
  starts[last + 1] = sum;
  for (let i = p - 1; i >= 0; i--) {
    const place = (unsorted[i]! >> shift) - first;
    const at = starts[place]! - 1;
    own[at] = unsorted[i]!;
    starts[place] = at;
  }
  for (let place = 1; place < last; place++) {
    if (starts[place + 1]! - starts[place]! > 1) sortFew(own, starts[place]!, starts[place + 1]!);
  }
  count(keys, ranking, { starts, mixed, counts, near }, shift, first, last);
  // The counts include the rows of the class itself, which are subtracted.
  for (let i = 0, end = 0; i < p; i++) {
    for (end = Math.max(end, i + 1); end < p && own[end] === own[i]; ) end++;
    ranking.others[end]!--;
    ranking.equal[end]!--;
  }
  return ranking;
}

/** Finds where all rows stand among the sorted keys of the class. */
function count(
  keys: Int32Array,
  { own, others, equal }: Ranking,
  { starts, mixed, counts, near }: Room,
  shift: number,
  first: number,
  last: number,
): void {
  let found = 0;
  for (let i = 0; i < keys.length; i++) {
    const score = keys[i]!;
    // No branches, which would be guessed wrong: within 0 and last, and kept only where the place is mixed.
    let place = (score >> shift) - first;
    place &= ~(place >> 31);
    const over = last - place;
    place += over & (over >> 31);
    counts[place]!++;
    near[found] = score;
    found += mixed[place]!;
  }
  for (let place = 0; place <= last; place++) if (mixed[place] === 0) others[starts[place]!]! += counts[place]!;
  for (let i = 0; i < found; i++) {
    const score = near[i]!;
    const place = (score >> shift) - first;
    let from = starts[place]!;
    let to = starts[place + 1]!;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (own[middle]! <= score) from = middle + 1;
      else to = middle;
    }
    others[from]!++;
    if (from > 0 && own[from - 1] === score) equal[from]!++;
  }
}

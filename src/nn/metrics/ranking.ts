import { allFinite } from '../../matrix.js';
import type { Steps } from './metric.js';
import type { Sample } from './sample.js';

/** Places for scores, at most. */
const PLACES = 1 << 14;
/** Columns that are taken apart in one pass over the rows. */
const BLOCK = 16;
/** More numbers than these are better sorted by the engine than one by one. */
const FEW = 16;

/** Returns a whole number for the bits of a float32, of the same order; the same for 0 and -0. */
const key = (bits: number): number => (bits === -0x80000000 ? 0 : bits ^ ((bits >> 31) & 0x7fffffff));

/**
 * Returns whole numbers in the order of float64 values, which keys of 32 bits cannot distinguish; equal values get equal
 * numbers.
 */
function ranked(data: Float64Array): Int32Array {
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
interface Ranking {
  readonly own: Int32Array;
  /** `others[i]` have `i` of the class at or below them, and `equal[i]` of those the same score as the last of the `i`. */
  readonly others: Int32Array;
  readonly equal: Int32Array;
}

/** Returns the keys of each class's or label's own scores, one after the other, from `starts[c]` to `starts[c + 1]`. */
function collect(sample: Sample, bits: Int32Array): { readonly keys: Int32Array; readonly starts: Int32Array } {
  const { rows, kind, targets } = sample;
  const { columns } = sample.predictions;
  const labels = kind === 'classes' ? sample.labels : undefined;
  const starts = new Int32Array(columns + 2);
  const forEach = (visit: (column: number, place: number) => void) => {
    if (labels) for (let r = 0; r < rows; r++) visit(labels[r]!, r * columns + labels[r]!);
    else for (let i = 0; i < rows * columns; i++) if (targets.data[i]! > 0.5) visit(i % columns, i);
  };
  forEach((column) => {
    starts[column + 2]!++;
  });
  for (let c = 1; c < starts.length; c++) starts[c]! += starts[c - 1]!;
  const keys = new Int32Array(starts[columns + 1]!);
  forEach((column, place) => {
    keys[starts[column + 1]!++] = key(bits[place]!);
  });
  return { keys, starts };
}

/** Copies the keys of `wide` columns from `first` on, one column after the other. */
function takeApart(bits: Int32Array, columns: number, first: number, wide: number, keys: Int32Array): void {
  const rows = bits.length / columns;
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < wide; c++) keys[c * rows + r] = key(bits[r * columns + first + c]!);
  }
}

/** Memory that rankings use in turns. */
interface Room {
  /** The positions where the scores of each place begin among those of the class. */
  readonly starts: Int32Array;
  /** 1 where there are any. */
  readonly mixed: Uint8Array;
  /** Rows at each place. */
  readonly counts: Int32Array;
  /** Keys at places where there are some of the class. */
  readonly near: Int32Array;
}

const makeRoom = (rows: number): Room => ({
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
function rank(keys: Int32Array, unsorted: Int32Array, { starts, mixed, counts, near }: Room): Ranking {
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
  // The shift is at least 1, so that differences fit into 32 bits.
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
    // Branches would be mispredicted: the place is clamped to 0 and last, and kept only where it is mixed.
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

/** Calls `visit` for each score of the class: how many of it have that score and a lower one, and the same of others. */
function walk(
  { own, others, equal }: Ranking,
  visit: (same: number, lower: number, othersSame: number, othersLower: number) => void,
): void {
  let othersLower = others[0] as number;
  for (let lower = 0, end = 0; lower < own.length; lower = end) {
    for (end = lower + 1; end < own.length && own[end] === own[lower]; ) end++;
    visit(end - lower, lower, equal[end]!, othersLower);
    othersLower += others[end]!;
  }
}

/** A measure of a ranking among `n` others. */
type Measure = (ranking: Ranking, n: number) => number;

/** The share of pairs that stand in the right order, ties by half; NaN without a pair. */
const area: Measure = (ranking, n) => {
  let right = 0;
  walk(ranking, (same, _, othersSame, othersLower) => {
    right += same * (othersLower + othersSame / 2);
  });
  return right / (ranking.own.length * n);
};

/** The sum over thresholds of precision times what each adds to recall; 0 where there is nothing to recall. */
const precision: Measure = (ranking, n) => {
  const p = ranking.own.length;
  let sum = 0;
  walk(ranking, (same, lower, _, othersLower) => {
    sum += (same / p) * ((p - lower) / (p - lower + n - othersLower));
  });
  return sum;
};

/**
 * Returns the mean over classes or labels, without those for which `measure` is NaN; of two columns of classes the second
 * counts. NaN where a score is.
 */
function* mean(sample: Sample, measure: Measure): Steps {
  const { rows, kind, classes } = sample;
  const { data, columns } = sample.predictions;
  const single = data instanceof Float32Array;
  if (single ? !allFinite(data) : !data.every(Number.isFinite)) return Number.NaN;
  const bits = single ? new Int32Array(data.buffer, data.byteOffset, data.length) : ranked(data);
  const { keys, starts } = collect(sample, bits);
  const begin = kind === 'classes' && classes === 2 ? 1 : 0;
  const width = Math.min(BLOCK, columns - begin);
  const apart = new Int32Array(width * rows);
  const room = makeRoom(rows);
  let sum = 0;
  let defined = 0;
  for (let first = begin; first < columns; first += width) {
    const wide = Math.min(width, columns - first);
    takeApart(bits, columns, first, wide, apart);
    for (let c = first; c < first + wide; c++) {
      const own = keys.subarray(starts[c]!, starts[c + 1]!);
      const all = apart.subarray((c - first) * rows, (c - first + 1) * rows);
      const value = measure(rank(all, own, room), rows - own.length);
      yield;
      if (Number.isNaN(value)) continue;
      sum += value;
      defined++;
    }
  }
  return sum / defined;
}

/** Returns the area under the ROC curve. */
export const rocArea = (sample: Sample): Steps => mean(sample, area);

/** Returns the average precision. */
export const averagePrecision = (sample: Sample): Steps => mean(sample, precision);

import { allFinite } from '../../matrix.js';
import type { Steps } from './metric.js';
import type { Sample } from './sample.js';
import { key, makeRoom, type Ranking, rank, ranked } from './score-places.js';

/** Columns that are taken apart in one pass over the rows. */
const BLOCK = 16;

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

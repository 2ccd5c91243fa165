import { exp, log } from '../../kernels/lib/elementary.js';
import type { Coded, Readable } from '../bytes-column.js';

/** Returns the numbers that are not NaN, in order of size. */
export function sorted(values: Readable): Float64Array {
  const numbers = values instanceof Uint8Array ? new Float64Array(values) : values;
  return numbers.filter((value) => !Number.isNaN(value)).sort();
}

export interface Moments {
  readonly count: number;
  readonly mean: number;
  /** The variance of the population: the sum of squares divided by the count. */
  readonly variance: number;
  /** The root of the variance, also where the variance itself is beyond what float64 has room for. */
  readonly deviation: number;
}

/** Sizes of which neither squares nor their sums leave the range of float64. */
const [SMALL, LARGE] = [2 ** -450, 2 ** 450];

/** Returns mean and variance of the numbers that are not NaN, in two passes; a mean of nothing is 0. */
export function moments(values: Readable): Moments {
  const direct = momentsOf(values, 1);
  const { count, mean } = direct;
  if (count === 0) return { ...direct, deviation: 0 };
  // Numbers so large, or of so small a spread, that sums or squares would overflow or underflow are scaled first.
  let largest = 0;
  const middle = Number.isFinite(mean) ? mean : 0;
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]! - middle);
    if (size > largest && size < Infinity) largest = size;
  }
  if (largest === 0 || (largest >= SMALL && largest <= LARGE && Number.isFinite(mean))) {
    return { ...direct, deviation: Math.sqrt(direct.variance) };
  }
  const unit = 2 ** Math.floor(Math.log2(largest));
  const scaled = momentsOf(values, unit);
  return {
    count,
    mean: scaled.mean * unit,
    variance: scaled.variance * unit * unit,
    deviation: Math.sqrt(scaled.variance) * unit,
  };
}

/**
 * Returns the mean that `moments` has, in the same bits; undefined where sizes are such that it takes a unit of their own.
 */
export function meanOfBytes(coded: Coded): number | undefined {
  const { bytes, palette } = coded;
  const count = bytes.length;
  if (count === 0) return undefined;
  let sum = 0;
  for (let row = 0; row < count; row++) sum += palette[bytes[row]!]!;
  const first = sum / count;
  let rest = 0;
  for (let row = 0; row < count; row++) rest += palette[bytes[row]!]! - first;
  const mean = first + rest / count;
  const counts = coded.counts();
  const ordinary = palette.every((value, byte) => {
    const size = Math.abs(value - mean);
    return counts[byte] === 0 || size === 0 || (size >= SMALL && size <= LARGE);
  });
  return ordinary ? mean : undefined;
}

function momentsOf(values: Readable, unit: number): Omit<Moments, 'deviation'> {
  let count = 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    count++;
    sum += value / unit;
  }
  if (count === 0) return { count, mean: 0, variance: 0 };
  const mean = sum / count;
  let squares = 0;
  let rest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) continue;
    const off = value / unit - mean;
    squares += off * off;
    rest += off;
  }
  return { count, mean: mean + rest / count, variance: Math.max(0, (squares - (rest * rest) / count) / count) };
}

/** Returns the quantile of numbers in order of size, between neighbours in proportion; 0 of nothing. */
export function quantile(ordered: Float64Array, share: number): number {
  if (ordered.length === 0) return 0;
  const place = share * (ordered.length - 1);
  const below = Math.floor(place);
  const low = ordered[below]!;
  const high = ordered[Math.min(below + 1, ordered.length - 1)]!;
  return low + (high - low) * (place - below);
}

/**
 * Puts the number that would stand at `place`, were all sorted, there, none larger before it and none smaller after it.
 */
function select(values: Float64Array, place: number): void {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let i = low;
    let j = high;
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const value = values[i]!;
      values[i++] = values[j]!;
      values[j--] = value;
    }
    if (place <= j) high = j;
    else if (place >= i) low = i;
    else return;
  }
}

/** Returns `quantile(sorted(values), 0.5)` without sorting. */
export function median(values: Readable): number {
  const present = new Float64Array(values.length);
  let count = 0;
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i]!)) present[count++] = values[i]!;
  if (count === 0) return 0;
  const numbers = present.subarray(0, count);
  const below = (count - 1) >> 1;
  select(numbers, below);
  const low = numbers[below]!;
  let high = low;
  if (count % 2 === 0) {
    high = Infinity;
    for (let i = below + 1; i < count; i++) if (numbers[i]! < high) high = numbers[i]!;
  }
  return low + (high - low) * ((count - 1) / 2 - below);
}

/** Returns the median of numbers each of which occurs a given number of times; NaN does not count. */
export function medianOfCounts(numbers: Float64Array, counts: Uint32Array): number {
  const used = Array.from(numbers.keys()).filter((i) => counts[i]! > 0 && !Number.isNaN(numbers[i]!));
  used.sort((a, b) => numbers[a]! - numbers[b]!);
  const total = used.reduce((sum, i) => sum + counts[i]!, 0);
  if (total === 0) return 0;
  const at = (place: number) => {
    let last = 0;
    for (let before = counts[used[0]!]!; before <= place; before += counts[used[last]!]!) last++;
    return numbers[used[last]!]!;
  };
  const below = (total - 1) >> 1;
  const low = at(below);
  return low + (at(Math.min(below + 1, total - 1)) - low) * ((total - 1) / 2 - below);
}

/** Returns a divisor that is safe: 1 where a spread is negligible relative to the numbers it belongs to. */
export function divisor(spread: number, size: number): number {
  return spread > 10 * Number.EPSILON * Math.abs(size) && spread > Number.MIN_VALUE * 2 ** 52 ? spread : 1;
}

/** Returns log(1 + x) without loss for small x. */
export function log1p(x: number): number {
  const u = 1 + x;
  return u === 1 ? x : (log(u) * x) / (u - 1);
}

/** Returns e^x - 1 without loss for small x. */
export function expm1(x: number): number {
  const u = exp(x);
  if (u === 1) return x;
  return u - 1 === -1 || u === Infinity ? u - 1 : ((u - 1) * x) / log(u);
}

function ratio(r: number, above: readonly number[], below: readonly number[]): number {
  let top = 0;
  let bottom = 0;
  for (let i = 7; i >= 0; i--) {
    top = top * r + above[i]!;
    bottom = bottom * r + below[i]!;
  }
  return top / bottom;
}

const CENTRE = [
  [
    3.3871328727963665, 133.14166789178438, 1971.5909503065513, 13731.69376550946, 45921.95393154987, 67265.7709270087,
    33430.57558358813, 2509.0809287301227,
  ],
  [
    1, 42.31333070160091, 687.1870074920579, 5394.196021424751, 21213.794301586597, 39307.89580009271,
    28729.085735721943, 5226.495278852854,
  ],
] as const;
const SIDES = [
  [
    1.4234371107496835, 4.630337846156546, 5.769497221460691, 3.6478483247632045, 1.2704582524523684,
    0.2417807251774506, 0.022723844989269184, 0.0007745450142783414,
  ],
  [
    1, 2.053191626637759, 1.6763848301838038, 0.6897673349851, 0.14810397642748008, 0.015198666563616457,
    0.0005475938084995345, 1.0507500716444169e-9,
  ],
] as const;
const TAILS = [
  [
    6.657904643501103, 5.463784911164114, 1.7848265399172913, 0.29656057182850487, 0.026532189526576124,
    0.0012426609473880784, 2.7115555687434876e-5, 2.0103343992922881e-7,
  ],
  [
    1, 0.599832206555888, 0.1369298809227358, 0.014875361290850615, 0.0007868691311456133, 1.8463183175100548e-5,
    1.421511758316446e-7, 2.0442631033899397e-15,
  ],
] as const;

/** Returns the quantile function of the normal distribution (Wichura 1988, AS 241), to about 1e-16. */
export function normalQuantile(p: number): number {
  const q = p - 0.5;
  if (Math.abs(q) <= 0.425) return q * ratio(0.180625 - q * q, ...CENTRE);
  const tail = q < 0 ? p : 1 - p;
  if (tail <= 0) return q < 0 ? -Infinity : Infinity;
  const r = Math.sqrt(-log(tail));
  const value = r <= 5 ? ratio(r - 1.6, ...SIDES) : ratio(r - 5, ...TAILS);
  return q < 0 ? -value : value;
}

/** Returns the distribution function of the normal distribution, by its series. */
export function normalCdf(x: number): number {
  if (Math.abs(x) > 8) return x < 0 ? 0 : 1;
  let sum = x;
  let term = x;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return Math.min(1, Math.max(0, 0.5 + (sum * exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI)));
}

/** Returns y at x of the line through points in order of x; the first of equal points counts. */
export function interpolate(x: number, xs: ArrayLike<number>, ys: ArrayLike<number>): number {
  const last = xs.length - 1;
  if (x <= xs[0]!) return ys[0]!;
  if (x >= xs[last]!) return ys[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle]! <= x) low = middle;
    else high = middle;
  }
  const x0 = xs[low]!;
  return ys[low]! + ((ys[high]! - ys[low]!) * (x - x0)) / (xs[high]! - x0);
}

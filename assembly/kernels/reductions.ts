import { addHigh, addLow, at, fma, loadPart, storePart, total } from '../lib/simd';

// Sums are accumulated in float64, in lanes, since in one chain each addition waits for the one before.

/** A term of a sum, in float64, two at a time. */
@unmanaged
abstract class Term {
  abstract f(v: v128): v128;
}

@unmanaged
@final
class Square extends Term {
  @inline
  f(v: v128): v128 {
    return f64x2.mul(v, v);
  }
}

@unmanaged
@final
class Magnitude extends Term {
  @inline
  f(v: v128): v128 {
    return f64x2.abs(v);
  }
}

function add<Op extends Term>(sum: v128, pair: v128): v128 {
  return f64x2.add(sum, changetype<Op>(0).f(f64x2.promote_low_f32x4(pair)));
}

/** Lane of a term: index modulo 8. Lanes are added as (l + (l + 4)) for l = 0..3, then (0 + 2) + (1 + 3). */
function sumOf<Op extends Term>(x: i32, n: i32): f64 {
  let low0 = f64x2.splat(0);
  let high0 = low0;
  let low1 = low0;
  let high1 = low0;
  let p = at(x);
  const end = p + at(n & ~7);
  // Two elements are converted at a time, which engines do while they load them.
  for (; p < end; p += 32) {
    low0 = add<Op>(low0, v128.load64_zero(p));
    high0 = add<Op>(high0, v128.load64_zero(p, 8));
    low1 = add<Op>(low1, v128.load64_zero(p, 16));
    high1 = add<Op>(high1, v128.load64_zero(p, 24));
  }
  const live = n & 7;
  if (live & 4) {
    low0 = add<Op>(low0, v128.load64_zero(p));
    high0 = add<Op>(high0, v128.load64_zero(p, 8));
    p += 16;
  }
  if (live & 3) {
    const v = loadPart(p, live & 3);
    const upper = i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
    if (live & 4) {
      low1 = add<Op>(low1, v);
      high1 = add<Op>(high1, upper);
    } else {
      low0 = add<Op>(low0, v);
      high0 = add<Op>(high0, upper);
    }
  }
  return total(f64x2.add(low0, low1), f64x2.add(high0, high1));
}

/** out = lambda times the sum over a matrix, row after row. */
function penalty<Op extends Term>(x: i32, out: i32, rows: i32, columns: i32, stride: i32, lambda: f32): void {
  let s: f64 = 0;
  for (let r = 0; r < rows; r++) s += sumOf<Op>(x + r * stride, columns);
  f32.store(at(out), <f32>(<f64>lambda * s));
}

/** out = sum of x, in four lanes (index modulo 4), lanes in the order (0 + 2) + (1 + 3). */
export function sum(x: i32, n: i32, out: i32): void {
  let low = f64x2.splat(0);
  let high = low;
  let p = at(x);
  const end = p + at(n & ~3);
  for (; p < end; p += 16) {
    const v = v128.load(p);
    low = addLow(low, v);
    high = addHigh(high, v);
  }
  if (n & 3) {
    const v = loadPart(p, n & 3);
    low = addLow(low, v);
    high = addHigh(high, v);
  }
  f32.store(at(out), <f32>total(low, high));
}

/** out = lambda sum |w|. */
export function l1Penalty(w: i32, out: i32, rows: i32, columns: i32, stride: i32, lambda: f32): void {
  penalty<Magnitude>(w, out, rows, columns, stride, lambda);
}

/** g = g + lambda sign(w), where the sign of 0 is 0. */
export function l1Gradient(w: i32, g: i32, n: i32, lambda: f32): void {
  const up = f32x4.splat(lambda);
  const down = f32x4.splat(-lambda);
  const zero = f32x4.splat(0);
  let p = at(w);
  let q = at(g);
  const end = q + at(n & ~3);
  for (; q < end; q += 16, p += 16) {
    const v = v128.load(p);
    const slope = v128.or(v128.and(up, f32x4.gt(v, zero)), v128.and(down, f32x4.lt(v, zero)));
    v128.store(q, f32x4.add(slope, v128.load(q)));
  }
  const live = n & 3;
  if (live) {
    const v = loadPart(p, live);
    const slope = v128.or(v128.and(up, f32x4.gt(v, zero)), v128.and(down, f32x4.lt(v, zero)));
    storePart(q, f32x4.add(slope, loadPart(q, live)), live);
  }
}

/** out = lambda sum w^2. */
export function l2Penalty(w: i32, out: i32, rows: i32, columns: i32, stride: i32, lambda: f32): void {
  penalty<Square>(w, out, rows, columns, stride, lambda);
}

/** g = g + 2 lambda w. */
export function l2Gradient(w: i32, g: i32, n: i32, lambda: f32): void {
  const twice = lambda + lambda;
  const factor = f32x4.splat(twice);
  let p = at(w);
  let q = at(g);
  const end = q + at(n & ~3);
  for (; q < end; q += 16, p += 16) v128.store(q, fma(v128.load(p), factor, v128.load(q)));
  for (const last = end + at(n & 3); q < last; q += 4, p += 4) f32.store(q, f32.load(p) * twice + f32.load(q));
}

/** out = Euclidean norm of g, the squares summed in float64. */
export function gradientNorm(g: i32, n: i32, out: i32): void {
  f32.store(at(out), <f32>sqrt(sumOf<Square>(g, n)));
}

/**
 * Computes the factor by which optimizers scale gradients so that their norm is at most `limit`: min(1, limit / (norm +
 * 1e-6)), the form of PyTorch's clip_grad_norm_. NaN where the norm is not finite, at which optimizers leave weights and
 * state alone.
 */
export function clipFactor(norm: i32, out: i32, limit: f32): void {
  const x = f32.load(at(norm));
  const factor = <f32>(<f64>limit / (<f64>x + 1e-6));
  f32.store(at(out), x - x !== 0 ? f32.NaN : factor < 1 ? factor : <f32>1);
}

/** Scales g by what clipFactor makes of its own norm; a g whose norm is not finite stays as it is. */
export function clipGradient(g: i32, n: i32, limit: f32): void {
  const x = <f32>sqrt(sumOf<Square>(g, n));
  const factor = <f32>(<f64>limit / (<f64>x + 1e-6));
  if (x - x !== 0 || factor >= 1) return;
  const s = f32x4.splat(factor);
  let p = at(g);
  for (const end = p + at(n); p < end; p += 16) v128.store(p, f32x4.mul(v128.load(p), s));
}

/**
 * Makes `factor` NaN, at which optimizers leave everything alone, where not all magnitudes of x are below the number at
 * `limit`, or the number at `other` is not finite. The largest magnitude is stored after `factor`. Magnitudes compare as
 * their bits do, and NaN above infinity.
 */
export function guard(x: i32, rows: i32, columns: i32, stride: i32, other: i32, limit: i32, factor: i32): void {
  // This is not a constant, since it would be rebuilt in every iteration.
  const magnitude = i32x4.splat(limit | 0x7fffffff);
  let a = i32x4.splat(0);
  let b = a;
  for (let r = 0; r < rows; r++, x += stride) {
    let p = at(x);
    for (const end = p + at(columns & ~15); p < end; p += 64) {
      a = i32x4.max_s(a, v128.and(v128.load(p), magnitude));
      b = i32x4.max_s(b, v128.and(v128.load(p, 16), magnitude));
      a = i32x4.max_s(a, v128.and(v128.load(p, 32), magnitude));
      b = i32x4.max_s(b, v128.and(v128.load(p, 48), magnitude));
    }
    for (const end = p + at(columns & 12); p < end; p += 16) {
      a = i32x4.max_s(a, v128.and(v128.load(p), magnitude));
    }
    if (columns & 3) b = i32x4.max_s(b, v128.and(loadPart(p, columns & 3), magnitude));
  }
  a = i32x4.max_s(a, b);
  a = i32x4.max_s(a, i8x16.shuffle(a, a, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  const largest = reinterpret<f32>(max(i32x4.extract_lane(a, 0), i32x4.extract_lane(a, 1)));
  f32.store(at(factor), largest, 4);
  const y = f32.load(at(other));
  if (!(largest < f32.load(at(limit))) || y - y !== 0) f32.store(at(factor), f32.NaN);
}

/** out = rows whose largest score (the first among equals) is in the column that `labels` names. */
export function sparseCategoricalAccuracy(z: i32, labels: i32, out: i32, rows: i32, columns: i32, stride: i32): void {
  let hits = 0;
  for (let r = 0; r < rows; r++) {
    if (argmax(at(z + r * stride), columns) === <i32>f32.load(at(labels + r))) hits++;
  }
  f32.store(at(out), <f32>hits);
}

/** out = rows whose largest score is in the column of the largest target. */
export function categoricalAccuracy(
  z: i32,
  targets: i32,
  out: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
): void {
  let hits = 0;
  for (let r = 0; r < rows; r++) {
    if (argmax(at(z + r * stride), columns) === argmax(at(targets + r * targetStride), columns)) hits++;
  }
  f32.store(at(out), <f32>hits);
}

/** out = elements where z > threshold agrees with target > 0.5. */
export function binaryAccuracy(
  z: i32,
  targets: i32,
  out: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  threshold: f32,
): void {
  let hits = 0;
  for (let r = 0; r < rows; r++) {
    const p = at(z + r * stride);
    const t = at(targets + r * targetStride);
    for (let c = 0; c < columns; c++) {
      const i = (<usize>c) << 2;
      if (f32.load(p + i) > threshold === f32.load(t + i) > 0.5) hits++;
    }
  }
  f32.store(at(out), <f32>hits);
}

function argmax(p: usize, columns: i32): i32 {
  let best = 0;
  let max = f32.load(p);
  for (let c = 1; c < columns; c++) {
    const v = f32.load(p + ((<usize>c) << 2));
    if (v > max) {
      max = v;
      best = c;
    }
  }
  return best;
}

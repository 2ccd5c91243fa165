import { Elementwise, elementwise, tail } from '../lib/loss';
import { Common, common } from '../lib/loss-common';
import { Inlined, log, logOnePlus } from '../lib/math';
import { fma } from '../lib/simd';

// These are losses of numbers for each output; see losses.ts for the signature. The loss of a row is the mean over its
// columns, except for klDivergence.

/** Losses, by what they are made of. */
enum Kind {
  Sides,
  Percentage,
  Logarithmic,
  Huber,
  TukeyBiweight,
  LogCosh,
  Poisson,
  Divergence,
}

@unmanaged
@final
class Regression extends Elementwise {
  @inline
  f(kind: i32, y: v128, t: v128, a: v128, b: v128, _c: v128, _d: v128): v128 {
    switch (kind) {
      case Kind.Sides:
        return sidesTerm(y, t, a, b);
      case Kind.Percentage:
        return percentageTerm(y, t);
      case Kind.Logarithmic:
        return logarithmicTerm(y, t);
      case Kind.Huber:
        return huberTerm(y, t, a);
      case Kind.TukeyBiweight:
        return tukeyBiweightTerm(y, t, a, b);
      case Kind.LogCosh:
        return logCoshTerm(y, t);
      case Kind.Poisson:
        return poissonTerm(y, t);
      default:
        return divergenceTerm(y, t);
    }
  }
}

function regression(
  kind: i32,
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  a: f32 = 0,
  b: f32 = 0,
): void {
  const n = kind === Kind.Divergence ? 1 : columns;
  elementwise<Regression>(
    kind,
    y,
    targets,
    weights,
    dy,
    loss,
    rows,
    columns,
    stride,
    targetStride,
    scale,
    slope,
    n,
    a,
    b,
  );
}

/** Logarithms in place: as calls the losses take 1.15 to 1.3 times as long. The relaxed module has no room for that. */
@unmanaged
@final
class Here {
  @inline
  log(x: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? log(x) : changetype<Inlined>(0).log(x);
  }

  @inline
  logOnePlus(x: v128): v128 {
    return ASC_FEATURE_RELAXED_SIMD ? logOnePlus(x) : changetype<Inlined>(0).logOnePlus(x);
  }
}

/** Returns 1, -1 or 0. */
function sign(v: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  return f32x4.sub(v128.and(one, f32x4.gt(v, zero)), v128.and(one, f32x4.lt(v, zero)));
}

/** Computes (y - t)^2. */
export function meanSquaredError(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  common(Common.Square, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

function sidesTerm(y: v128, t: v128, a: v128, b: v128): v128 {
  const s = f32x4.sub(y, t);
  const zero = f32x4.splat(0);
  const above = v128.and(a, f32x4.gt(s, zero));
  Elementwise.slope = f32x4.sub(above, v128.and(b, f32x4.lt(s, zero)));
  return f32x4.mul(Elementwise.slope, s);
}

/** |y - t|; where both are equal the gradient is 0. */
export function meanAbsoluteError(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Sides, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope, 1, 1);
}

function percentageTerm(y: v128, t: v128): v128 {
  const s = f32x4.sub(y, t);
  const share = f32x4.div(f32x4.splat(100), f32x4.pmax(f32x4.abs(t), f32x4.splat(1e-7)));
  Elementwise.slope = f32x4.mul(sign(s), share);
  return f32x4.mul(f32x4.abs(s), share);
}

/** 100 |y - t| / |t|, where |t| is at least 1e-7. */
export function meanAbsolutePercentageError(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Percentage, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

function logarithmicTerm(y: v128, t: v128): v128 {
  const here = changetype<Here>(0);
  const zero = f32x4.splat(0);
  const s = f32x4.sub(here.logOnePlus(f32x4.pmax(y, zero)), here.logOnePlus(f32x4.pmax(t, zero)));
  const slope = f32x4.div(f32x4.add(s, s), f32x4.add(f32x4.splat(1), y));
  Elementwise.slope = v128.and(slope, f32x4.gt(y, zero));
  return f32x4.mul(s, s);
}

/** (log(1 + y) - log(1 + t))^2; a negative output counts as 0, with gradient 0. */
export function meanSquaredLogarithmicError(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Logarithmic, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

function huberTerm(y: v128, t: v128, a: v128): v128 {
  const s = f32x4.sub(y, t);
  const size = f32x4.abs(s);
  const half = f32x4.splat(0.5);
  const line = f32x4.mul(a, f32x4.sub(size, f32x4.mul(a, half)));
  Elementwise.slope = f32x4.pmax(f32x4.neg(a), f32x4.pmin(a, s));
  return v128.bitselect(line, f32x4.mul(f32x4.mul(s, s), half), f32x4.gt(size, a));
}

/** Computes (y - t)^2 / 2 up to a distance of delta, from there on a line. (Huber 1964.) */
export function huber(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  delta: f32,
): void {
  regression(Kind.Huber, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope, delta);
}

function tukeyBiweightTerm(y: v128, t: v128, a: v128, b: v128): v128 {
  const s = f32x4.sub(y, t);
  const q = f32x4.mul(s, a);
  const one = f32x4.splat(1);
  const three = f32x4.splat(3);
  const z = f32x4.pmin(f32x4.mul(q, q), one);
  const rest = f32x4.sub(one, z);
  Elementwise.slope = f32x4.mul(s, f32x4.mul(rest, rest));
  return f32x4.mul(f32x4.mul(b, z), f32x4.add(three, f32x4.mul(z, f32x4.sub(z, three))));
}

/** delta^2 / 6 (1 - (1 - z)^3) with z = min(((y - t) / delta)^2, 1), as z (3 + z (z - 3)), which does not cancel. */
export function tukeyBiweight(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  inverse: f32,
  height: f32,
): void {
  regression(
    Kind.TukeyBiweight,
    y,
    targets,
    weights,
    dy,
    loss,
    rows,
    columns,
    stride,
    targetStride,
    scale,
    slope,
    inverse,
    height,
  );
}

function logCoshTerm(y: v128, t: v128): v128 {
  const s = f32x4.sub(y, t);
  const size = f32x4.abs(s);
  const near = f32x4.lt(size, f32x4.splat(0.375));
  const decay = tail(f32x4.add(size, size));
  const large = f32x4.sub(f32x4.add(size, decay), f32x4.splat(0.6931471805599453));
  const one = f32x4.splat(1);
  const flat = f32x4.div(f32x4.sub(one, Elementwise.e), f32x4.add(one, Elementwise.e));
  const z = f32x4.mul(s, s);
  let p = fma(z, f32x4.splat(2.18694885e-3), f32x4.splat(-6.74603175e-3));
  p = fma(p, z, f32x4.splat(2.22222222e-2));
  p = fma(p, z, f32x4.splat(-8.33333333e-2));
  p = fma(p, z, f32x4.splat(0.5));
  let q = fma(z, f32x4.splat(2.18694885e-2), f32x4.splat(-5.3968254e-2));
  q = fma(q, z, f32x4.splat(1.33333333e-1));
  q = fma(q, z, f32x4.splat(-3.33333333e-1));
  q = fma(q, z, one);
  const signed = v128.or(flat, v128.and(s, i32x4.splat(0x80000000)));
  Elementwise.slope = v128.bitselect(f32x4.mul(q, s), signed, near);
  return v128.bitselect(f32x4.mul(p, z), large, near);
}

/** Computes log(cosh(y - t)); within 0.375 by the first five terms of its series. */
export function logCosh(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.LogCosh, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

/** tau (t - y) where the output is too low, (1 - tau) (y - t) where it is too high; gradient 0 where it is right. */
export function quantile(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  tau: f32,
): void {
  regression(
    Kind.Sides,
    y,
    targets,
    weights,
    dy,
    loss,
    rows,
    columns,
    stride,
    targetStride,
    scale,
    slope,
    1 - tau,
    tau,
  );
}

function poissonTerm(y: v128, t: v128): v128 {
  const rate = f32x4.add(y, f32x4.splat(1e-8));
  Elementwise.slope = f32x4.sub(f32x4.splat(1), f32x4.div(t, rate));
  return f32x4.sub(y, f32x4.mul(t, changetype<Here>(0).log(rate)));
}

/** Computes y - t log(y + 1e-8). */
export function poisson(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Poisson, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

function divergenceTerm(y: v128, t: v128): v128 {
  const ratio = f32x4.div(t, f32x4.pmax(y, f32x4.splat(1e-7)));
  Elementwise.slope = f32x4.neg(ratio);
  return v128.andnot(f32x4.mul(t, log(ratio)), f32x4.eq(t, f32x4.splat(0)));
}

/** t log(t / y), summed over the columns of a row; an output below 1e-7 counts as that, in its gradient, too. */
export function klDivergence(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Divergence, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}

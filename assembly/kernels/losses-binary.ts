import { Elementwise, elementwise, raised, tail } from '../lib/loss';
import { Common, common, smooth } from '../lib/loss-common';

// These are losses of yes or no for each output; see losses.ts for the signature. The loss of a row is the mean over its
// columns.

/** Losses, by what they are made of. */
enum Kind {
  Hinge,
  SquaredHinge,
  Focal,
}

@unmanaged
@final
class Binary extends Elementwise {
  @inline
  f(kind: i32, y: v128, t: v128, a: v128, b: v128, c: v128, d: v128): v128 {
    switch (kind) {
      case Kind.SquaredHinge:
        return squaredHingeTerm(y, t);
      case Kind.Focal:
        return focalTerm(y, t, a, b, c, d);
      default:
        return hingeTerm(y, t);
    }
  }
}

/** Returns 1 for targets above 0, else -1. */
function side(t: v128): v128 {
  const one = f32x4.splat(1);
  return v128.bitselect(one, f32x4.neg(one), f32x4.gt(t, f32x4.splat(0)));
}

/** Returns max(1 - t y, 0). */
function miss(y: v128, t: v128): v128 {
  return f32x4.pmax(f32x4.sub(f32x4.splat(1), f32x4.mul(t, y)), f32x4.splat(0));
}

function hingeTerm(y: v128, t: v128): v128 {
  const away = f32x4.neg(side(t));
  const m = miss(y, side(t));
  Elementwise.slope = v128.and(away, f32x4.gt(m, f32x4.splat(0)));
  return m;
}

/** max(1 - t y, 0); a target above 0 counts as 1, others as -1. */
export function hinge(
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
  elementwise<Binary>(
    Kind.Hinge,
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
    columns,
  );
}

function squaredHingeTerm(y: v128, t: v128): v128 {
  const m = miss(y, side(t));
  Elementwise.slope = f32x4.mul(f32x4.neg(side(t)), f32x4.add(m, m));
  return f32x4.mul(m, m);
}

/** Computes max(1 - t y, 0)^2, with targets as in hinge. */
export function squaredHinge(
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
  elementwise<Binary>(
    Kind.SquaredHinge,
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
    columns,
  );
}

/** Computes sigmoid and binary crossentropy of logits y: max(y, 0) - y t + log1p(e^-|y|), targets drawn towards 1/2 by `smoothing`. */
export function binaryCrossentropy(
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
  smoothing: f32,
): void {
  common(
    Common.Crossentropy,
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
    smoothing,
  );
}

function focalTerm(y: v128, t: v128, a: v128, b: v128, c: v128, d: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const target = smooth(t, a);
  const entropy = f32x4.add(f32x4.sub(f32x4.pmax(y, zero), f32x4.mul(y, target)), tail(y));
  const e = Elementwise.e;
  const large = f32x4.div(one, f32x4.add(one, e));
  const small = f32x4.mul(e, large);
  const yes = v128.bitselect(small, large, f32x4.lt(y, zero));
  const no = v128.bitselect(large, small, f32x4.lt(y, zero));
  const wrong = f32x4.add(f32x4.mul(target, no), f32x4.mul(f32x4.sub(one, target), yes));
  const q = f32x4.pmax(wrong, f32x4.splat(1e-30));
  const balance = f32x4.add(d, f32x4.mul(target, f32x4.sub(c, d)));
  const factor = f32x4.mul(balance, raised(q, b));
  const turn = f32x4.mul(b, f32x4.sub(one, f32x4.add(target, target)));
  const bend = f32x4.mul(f32x4.mul(turn, f32x4.div(f32x4.mul(yes, no), q)), entropy);
  Elementwise.slope = f32x4.mul(factor, f32x4.add(f32x4.sub(yes, target), bend));
  return f32x4.mul(factor, entropy);
}

/**
 * Binary crossentropy times (1 - p)^gamma, where p is the probability of the right answer, and times `positive` for
 * target 1 and `negative` for target 0; smoothed as above. (Lin et al. 2017.)
 */
export function binaryFocalCrossentropy(
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
  smoothing: f32,
  gamma: f32,
  positive: f32,
  negative: f32,
): void {
  elementwise<Binary>(
    Kind.Focal,
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
    columns,
    smoothing,
    gamma,
    positive,
    negative,
  );
}

import { Elementwise, elementwise, tail } from './loss';

// The elementwise losses that most networks train with have a loop of their own: the core, which every bundle holds, needs
// these two and would hold all the others of a shared loop.

export enum Common {
  Square,
  Crossentropy,
}

@unmanaged
@final
class CommonLosses extends Elementwise {
  @inline
  f(kind: i32, y: v128, t: v128, a: v128, _b: v128, _c: v128, _d: v128): v128 {
    return kind === Common.Square ? squareTerm(y, t) : crossentropyTerm(y, t, a);
  }
}

/** Targets drawn towards 1/2 by the share `smoothing`. */
export function smooth(t: v128, smoothing: v128): v128 {
  return f32x4.add(t, f32x4.mul(smoothing, f32x4.sub(f32x4.splat(0.5), t)));
}

function squareTerm(y: v128, t: v128): v128 {
  const s = f32x4.sub(y, t);
  Elementwise.slope = f32x4.add(s, s);
  return f32x4.mul(s, s);
}

function crossentropyTerm(y: v128, t: v128, a: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const target = smooth(t, a);
  const rest = tail(y);
  const e = Elementwise.e;
  const numerator = v128.bitselect(e, one, f32x4.lt(y, zero));
  Elementwise.slope = f32x4.sub(f32x4.div(numerator, f32x4.add(one, e)), target);
  return f32x4.add(f32x4.sub(f32x4.pmax(y, zero), f32x4.mul(y, target)), rest);
}

export function common(
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
): void {
  elementwise<CommonLosses>(
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
    columns,
    a,
  );
}

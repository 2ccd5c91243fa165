import { exp, log, log1p } from './math';
import { addHigh, addLow, at, laneMask, total } from './simd';

/** A loss of each output y and target t by itself; a to d are options. */
@unmanaged
export abstract class Elementwise {
  /** The derivative by the output, which `f` sets beside the value that it returns. */
  static slope: v128 = i32x4(0, 0, 0, 0);

  /** e^-|x| of the last call of `tail`. */
  static e: v128 = i32x4(0, 0, 0, 0);

  abstract f(y: v128, t: v128, a: v128, b: v128, c: v128, d: v128): v128;
}

/** log(1 + e^-|x|); leaves e^-|x| in Elementwise.e. */
export function tail(x: v128): v128 {
  Elementwise.e = exp(f32x4.neg(f32x4.abs(x)));
  return log1p(Elementwise.e);
}

/** x^exponent for x > 0. */
export function power(x: v128, exponent: v128): v128 {
  return exp(f32x4.mul(exponent, log(x)));
}

/** Four elements `step` bytes apart. */
function gather(p: usize, step: usize): v128 {
  const v = v128.load32_lane(p + step, v128.load32_zero(p), 1);
  p += step << 1;
  return v128.load32_lane(p + step, v128.load32_lane(p, v, 2), 3);
}

function scatter(p: usize, v: v128, step: usize): void {
  v128.store32_lane(p, v, 0);
  v128.store32_lane(p + step, v, 1);
  p += step << 1;
  v128.store32_lane(p, v, 2);
  v128.store32_lane(p + step, v, 3);
}

/**
 * The signature of all losses (see ../losses.ts), behind it the number of terms that make up a row's loss by their mean,
 * and the options. Of a single column four rows are taken at a time, one in each lane, and the last up to three by
 * themselves, in the first lane.
 */
export function elementwise<Loss extends Elementwise>(
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
  terms: i32,
  a: f32,
  b: f32,
  c: f32,
  d: f32,
): void {
  const op = changetype<Loss>(0);
  const step = at(stride);
  const targetStep = at(targetStride);
  const first = f32x4.splat(a);
  const second = f32x4.splat(b);
  const third = f32x4.splat(c);
  const fourth = f32x4.splat(d);
  const factor = f32x4.splat(slope / <f32>terms);
  let weight = f32x4.splat(1);
  let low = f64x2.splat(0);
  let high = low;
  let row = at(y);
  let out = at(dy);
  let t = at(targets);
  let w = at(weights);
  const fours = columns === 1 ? rows & ~3 : 0;
  for (let r = 0; r < rows; ) {
    const four = r < fours;
    const count = four ? 4 : 1;
    if (weights >= 0) weight = four ? v128.load(w) : v128.load32_splat(w);
    const live = four ? 4 : columns;
    for (let c = 0; c < live; c += 4) {
      const i = (<usize>c) << 2;
      const x = four ? gather(row, step) : v128.load(row + i);
      const target = four ? gather(t, targetStep) : v128.load(t + i);
      const value = op.f(x, target, first, second, third, fourth);
      const counted = v128.and(f32x4.mul(value, weight), laneMask(live - c));
      low = addLow(low, counted);
      high = addHigh(high, counted);
      const gradient = f32x4.mul(Elementwise.slope, f32x4.mul(factor, weight));
      if (four) scatter(out, gradient, step);
      else v128.store(out + i, gradient);
    }
    r += count;
    row += step * count;
    out += step * count;
    t += targetStep * count;
    w += count << 2;
  }
  f32.store(at(loss), <f32>((total(low, high) * <f64>scale) / <f64>terms));
}

import { exp, Inlined, log } from './math';
import { addHigh, addLow, at, fma, laneMask, total } from './simd';

/** Losses of each output y and target t by itself, told apart by their `kind`; a to d are options. */
@unmanaged
export abstract class Elementwise {
  /** The derivative by the output, which `f` sets beside the value that it returns. */
  static slope: v128 = i32x4(0, 0, 0, 0);

  /** e^-|x| of the last call of `tail`. */
  static e: v128 = i32x4(0, 0, 0, 0);

  abstract f(kind: i32, y: v128, t: v128, a: v128, b: v128, c: v128, d: v128): v128;
}

// The constants of exp (see math.ts) are in memory, since V8 rebuilds those of the code in every iteration.
const CONSTANTS = memory.data<f32>([
  -87.33654, 1.4426950408889634, 12582912.0, 0.693359375, 2.1219444e-4, 1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3,
  4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1.0, -86.98,
]);
const BITS = memory.data<u32>([0x80000000, 126 << 23]);

@unmanaged
@final
class Constant {
  @inline
  at(index: usize): v128 {
    return v128.load32_splat(CONSTANTS + (index << 2));
  }
}

/** log(1 + e^-|x|), the bits of log1p(exp(-|x|)) without what neither meets here; leaves e^-|x| in Elementwise.e. */
export function tail(x: v128): v128 {
  const k = changetype<Constant>(0);
  const negative = v128.or(x, v128.load32_splat(BITS));
  const t = f32x4.pmax(negative, k.at(0));
  const magic = k.at(2);
  const shifted = f32x4.add(f32x4.mul(t, k.at(1)), magic);
  const n = f32x4.sub(shifted, magic);
  let r = f32x4.sub(t, f32x4.mul(n, k.at(3)));
  r = f32x4.add(r, f32x4.mul(n, k.at(4)));
  const z = f32x4.mul(r, r);
  const p = fma(fma(fma(r, k.at(5), k.at(6)), z, fma(r, k.at(7), k.at(8))), z, fma(r, k.at(9), k.at(10)));
  const one = k.at(11);
  const y = f32x4.add(fma(p, z, r), one);
  const power = i32x4.add(i32x4.shl(shifted, 23), v128.load32_splat(BITS + 4));
  const e = v128.andnot(f32x4.mul(f32x4.add(y, y), power), f32x4.lt(negative, k.at(12)));
  Elementwise.e = e;
  return changetype<Inlined>(0).log1p(e);
}

/** x^exponent for x > 0. A call (see ../calls.js). */
function power(x: v128, exponent: v128): v128 {
  return exp(f32x4.mul(exponent, log(x)));
}

/** Does the same; the square, which is what losses ask for most, is a product. */
export function raised(x: v128, exponent: v128): v128 {
  return f32x4.extract_lane(exponent, 0) === 2 ? f32x4.mul(x, x) : power(x, exponent);
}

/** Loads four elements `step` bytes apart. */
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
 * Loops over a kind, with the signature of all losses (see ../losses.ts), then the number of terms that make up a row's loss by
 * their mean, and the options. Of a single column four rows are taken at a time, one in each lane, and the last up to three
 * by themselves, in the first lane.
 */
export function elementwise<Losses extends Elementwise>(
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
  terms: i32,
  a: f32 = 0,
  b: f32 = 0,
  c: f32 = 0,
  d: f32 = 0,
): void {
  const op = changetype<Losses>(0);
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
      const value = op.f(kind, x, target, first, second, third, fourth);
      let counted = f32x4.mul(value, weight);
      if (live - c < 4) counted = v128.and(counted, laneMask(live - c));
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

import { backward, Curve, forward } from '../lib/curve';
import { at, laneMask } from '../lib/simd';

// These activations are linear on either side of 0; signatures are as in activations.ts, that of prelu with rows.

/** x or a x. */
@unmanaged
@final
class Leaky extends Curve {
  @inline
  f(x: v128, a: v128, _b: v128): v128 {
    return v128.bitselect(x, f32x4.mul(x, a), f32x4.gt(x, f32x4.splat(0)));
  }

  @inline
  df(saved: v128, dy: v128, a: v128, _b: v128): v128 {
    return v128.bitselect(dy, f32x4.mul(dy, a), f32x4.gt(saved, f32x4.splat(0)));
  }
}

/** The same for a <= 1. */
@unmanaged
@final
class Gentle extends Curve {
  @inline
  f(x: v128, a: v128, _b: v128): v128 {
    return f32x4.pmax(x, f32x4.mul(x, a));
  }
}

export function leakyReluForward(x: i32, y: i32, n: i32, alpha: f32): void {
  if (alpha <= 1) forward<Gentle>(x, y, n, alpha);
  else forward<Leaky>(x, y, n, alpha);
}

export function leakyReluBackward(y: i32, dy: i32, dx: i32, n: i32, alpha: f32): void {
  backward<Leaky>(y, dy, dx, n, alpha);
}

/** Returns whether all of n numbers are above 0 and at most 1. */
function gentle(alpha: i32, n: i32): bool {
  for (let c = 0; c < n; c += 4) {
    const a = v128.load(at(alpha + c));
    const fits = v128.and(f32x4.gt(a, f32x4.splat(0)), f32x4.le(a, f32x4.splat(1)));
    if (!i32x4.all_true(v128.or(fits, v128.not(laneMask(n - c))))) return false;
  }
  return true;
}

/** A row of prelu or two; whole panels: padding is computed too. */
@unmanaged
@final
class Prelu<C extends Curve> {
  @inline
  rows(two: bool, p: usize, o: usize, q: usize, units: i32, step: usize): void {
    const curve = changetype<C>(0);
    const end = p + at(units);
    do {
      const a0 = v128.load(o);
      const a1 = v128.load(o, 16);
      const x0 = v128.load(p);
      const x1 = v128.load(p, 16);
      const x2 = two ? v128.load(p + step) : x0;
      const x3 = two ? v128.load(p + step, 16) : x1;
      v128.store(q, curve.f(x0, a0, a0));
      v128.store(q, curve.f(x1, a1, a1), 16);
      if (two) {
        v128.store(q + step, curve.f(x2, a0, a0));
        v128.store(q + step, curve.f(x3, a1, a1), 16);
      }
      p += 32;
      q += 32;
      o += 32;
    } while (p < end);
  }
}

/** y = x or alpha x, with an alpha per unit. */
export function preluForward(x: i32, alpha: i32, y: i32, rows: i32, units: i32, stride: i32): void {
  if (rows > 7 && gentle(alpha, units)) {
    for (; rows > 1; rows -= 2, x += 2 * stride, y += 2 * stride) {
      changetype<Prelu<Gentle>>(0).rows(true, at(x), at(alpha), at(y), units, at(stride));
    }
  }
  for (; rows > 0; rows--, x += stride, y += stride) {
    changetype<Prelu<Leaky>>(0).rows(false, at(x), at(alpha), at(y), units, 0);
  }
}

/** Returns what a vector of dy adds to dalpha. */
function share(x: v128, dy: v128): v128 {
  return v128.andnot(f32x4.mul(dy, x), f32x4.gt(x, f32x4.splat(0)));
}

/** dx from x; dalpha = the sums over rows, in order, of dy x where x <= 0, with zeros in the padding. */
export function preluBackward(
  x: i32,
  alpha: i32,
  dy: i32,
  dx: i32,
  dalpha: i32,
  rows: i32,
  units: i32,
  stride: i32,
): void {
  const leaky = changetype<Leaky>(0);
  const whole = (units + 7) & ~7;
  const sums = at(dalpha);
  const end = sums + at(whole);
  memory.fill(sums, 0, at(whole));
  for (; rows > 0; rows--, x += stride, dy += stride, dx += stride) {
    let p = at(x);
    let o = at(dy);
    let q = at(dx);
    let a = at(alpha);
    let sum = sums;
    do {
      const x0 = v128.load(p);
      const x1 = v128.load(p, 16);
      const g0 = v128.load(o);
      const g1 = v128.load(o, 16);
      const a0 = v128.load(a);
      const a1 = v128.load(a, 16);
      const s0 = f32x4.add(v128.load(sum), share(x0, g0));
      const s1 = f32x4.add(v128.load(sum, 16), share(x1, g1));
      v128.store(sum, s0);
      v128.store(sum, s1, 16);
      v128.store(q, leaky.df(x0, g0, a0, a0));
      v128.store(q, leaky.df(x1, g1, a1, a1), 16);
      p += 32;
      o += 32;
      q += 32;
      a += 32;
      sum += 32;
    } while (sum < end);
  }
  const last = end - 32;
  v128.store(last, v128.and(v128.load(last), laneMask(units - whole + 8)));
  v128.store(last, v128.and(v128.load(last, 16), laneMask(units - whole + 4)), 16);
}

/**
 * y = x slope, where the slope is 1 for x > 0 and else lower + u (upper - lower). `slopes` holds uniforms u and becomes the
 * slopes: the gradient is their product with dy.
 */
export function rreluForward(x: i32, y: i32, slopes: i32, n: i32, lower: f32, upper: f32): void {
  if (n === 0) return;
  const one = f32x4.splat(1);
  const low = f32x4.splat(lower);
  const range = f32x4.splat(upper - lower);
  let p = at(x);
  let q = at(y);
  let o = at(slopes);
  const end = q + at(n);
  do {
    const x0 = v128.load(p);
    const x1 = v128.load(p, 16);
    const drawn0 = f32x4.add(low, f32x4.mul(v128.load(o), range));
    const drawn1 = f32x4.add(low, f32x4.mul(v128.load(o, 16), range));
    const slope0 = v128.bitselect(one, drawn0, f32x4.gt(x0, f32x4.splat(0)));
    const slope1 = v128.bitselect(one, drawn1, f32x4.gt(x1, f32x4.splat(0)));
    v128.store(o, slope0);
    v128.store(o, slope1, 16);
    v128.store(q, f32x4.mul(x0, slope0));
    v128.store(q, f32x4.mul(x1, slope1), 16);
    p += 32;
    q += 32;
    o += 32;
  } while (q < end);
}

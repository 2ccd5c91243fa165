import { EXP, Inlined } from './math';
import { at } from './simd';

/** An elementwise activation with numbers a and b of its own; most use neither. */
@unmanaged
export class Curve {
  f(x: v128, _a: v128, _b: v128): v128 {
    return x;
  }

  /** Returns dx from dy and from x or y, whichever the activation saves. */
  df(_saved: v128, dy: v128, _a: v128, _b: v128): v128 {
    return dy;
  }
}

/** y = f(x) for n elements, a multiple of 8; x and y may be the same. */
export function forward<C extends Curve>(x: i32, y: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  if (n === 0) return;
  const curve = changetype<C>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  let p = at(x);
  let q = at(y);
  const end = q + at(n);
  do {
    const low = curve.f(v128.load(p), va, vb);
    const high = curve.f(v128.load(p, 16), va, vb);
    v128.store(q, low);
    v128.store(q, high, 16);
    p += 32;
    q += 32;
  } while (q < end);
}

/** dx = dy f' for n elements, a multiple of 8; dx and dy may be the same. */
export function backward<C extends Curve>(saved: i32, dy: i32, dx: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  if (n === 0) return;
  const curve = changetype<C>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  let p = at(saved);
  let o = at(dy);
  let q = at(dx);
  const end = q + at(n);
  do {
    const low = curve.df(v128.load(p), v128.load(o), va, vb);
    const high = curve.df(v128.load(p, 16), v128.load(o, 16), va, vb);
    v128.store(q, low);
    v128.store(q, high, 16);
    p += 32;
    o += 32;
    q += 32;
  } while (q < end);
}

/**
 * One pass of an activation, with one exponential e = e^u. `r` and `power` are what e consists of, 2 power (r + 1). `dy`
 * is of the backward pass.
 */
@unmanaged
export abstract class Exponentiated {
  abstract u(x: v128, a: v128, b: v128): v128;

  /** Computes where u is rounded: e is e^(high + low). */
  high(x: v128): v128 {
    return x;
  }

  low(x: v128): v128 {
    return x;
  }

  abstract f(x: v128, dy: v128, e: v128, r: v128, power: v128, a: v128, b: v128): v128;
}

/**
 * The loop of both passes; `dy` is x where there is none. Unless `wide`, u lies between -87.3 and 89 and comes in two parts; unless `faint`, e below
 * 1.7e-38 need not be 0.
 */
@unmanaged
@final
class Loop<C extends Exponentiated> {
  @inline
  run(back: bool, wide: bool, faint: bool, x: i32, dy: i32, y: i32, n: i32, a: f32, b: f32): void {
    const curve = changetype<C>(0);
    const math = changetype<Inlined>(0);
    const va = f32x4.splat(a);
    const vb = f32x4.splat(b);
    // They are read before the loop, because V8 builds vector constants anew in every turn: e^x takes 1.2 instead of 2.0 ns.
    const high = v128.load32_splat(EXP);
    const low = v128.load32_splat(EXP, 4);
    const magic = v128.load32_splat(EXP, 8);
    const log2e = v128.load32_splat(EXP, 12);
    const ln2High = v128.load32_splat(EXP, 16);
    const ln2Low = v128.load32_splat(EXP, 20);
    const c0 = v128.load32_splat(EXP, 24);
    const c1 = v128.load32_splat(EXP, 28);
    const c2 = v128.load32_splat(EXP, 32);
    const c3 = v128.load32_splat(EXP, 36);
    const c4 = v128.load32_splat(EXP, 40);
    const c5 = v128.load32_splat(EXP, 44);
    const one = v128.load32_splat(EXP, 48);
    const zeroBelow = v128.load32_splat(EXP, 52);
    const half = v128.load32_splat(EXP, 56);
    let p = at(x);
    let o = at(dy);
    let q = at(y);
    for (const end = q + at(n); q < end; p += 16, q += 16) {
      const v = v128.load(p);
      const u = curve.u(v, va, vb);
      const t = wide ? f32x4.pmax(f32x4.pmin(u, high), low) : u;
      const shifted = f32x4.add(f32x4.mul(t, log2e), magic);
      const k = f32x4.sub(shifted, magic);
      const rest = f32x4.mul(k, ln2Low);
      const r = math.reduced(
        f32x4.add(
          f32x4.sub(wide ? t : curve.high(v), f32x4.mul(k, ln2High)),
          wide ? rest : f32x4.add(rest, curve.low(v)),
        ),
        c0,
        c1,
        c2,
        c3,
        c4,
        c5,
      );
      const power = i32x4.add(i32x4.shl(shifted, 23), half);
      const s = f32x4.add(r, one);
      let e = f32x4.mul(f32x4.add(s, s), power);
      if (faint) e = v128.andnot(e, f32x4.lt(u, zeroBelow));
      if (back) {
        v128.store(q, curve.f(v, v128.load(o), e, r, power, va, vb));
        o += 16;
      } else {
        v128.store(q, curve.f(v, v, e, r, power, va, vb));
      }
    }
  }
}

/** y = f(x), as `forward` does it. */
export function forwardExp<C extends Exponentiated>(x: i32, y: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  changetype<Loop<C>>(0).run(false, true, true, x, x, y, n, a, b);
}

/** Does the same for a u between -87.3 and 89 in two parts. */
export function forwardNear<C extends Exponentiated>(x: i32, y: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  changetype<Loop<C>>(0).run(false, false, true, x, x, y, n, a, b);
}

/** Does the same where e is only added to 1. */
export function forwardSum<C extends Exponentiated>(x: i32, y: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  changetype<Loop<C>>(0).run(false, true, false, x, x, y, n, a, b);
}

/** dx = dy f', as `backward` does it. */
export function backwardExp<C extends Exponentiated>(
  saved: i32,
  dy: i32,
  dx: i32,
  n: i32,
  a: f32 = 0,
  b: f32 = 0,
): void {
  changetype<Loop<C>>(0).run(true, true, true, saved, dy, dx, n, a, b);
}

export function backwardNear<C extends Exponentiated>(
  saved: i32,
  dy: i32,
  dx: i32,
  n: i32,
  a: f32 = 0,
  b: f32 = 0,
): void {
  changetype<Loop<C>>(0).run(true, false, true, saved, dy, dx, n, a, b);
}

export function backwardSum<C extends Exponentiated>(
  saved: i32,
  dy: i32,
  dx: i32,
  n: i32,
  a: f32 = 0,
  b: f32 = 0,
): void {
  changetype<Loop<C>>(0).run(true, true, false, saved, dy, dx, n, a, b);
}

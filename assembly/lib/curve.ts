import { at } from './simd';

/** An elementwise activation with numbers a and b of its own; most use neither. */
@unmanaged
export abstract class Curve {
  abstract f(x: v128, a: v128, b: v128): v128;
  /** dx from dy and from x or y, whichever the activation saves. */
  abstract df(saved: v128, dy: v128, a: v128, b: v128): v128;
}

/** y = f(x) for n elements, a multiple of 4; x and y may be the same. */
export function forward<C extends Curve>(x: i32, y: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  const curve = changetype<C>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  let p = at(x);
  let q = at(y);
  for (const end = q + at(n); q < end; p += 16, q += 16) v128.store(q, curve.f(v128.load(p), va, vb));
}

/** dx = dy f' for n elements, a multiple of 4; dx and dy may be the same. */
export function backward<C extends Curve>(saved: i32, dy: i32, dx: i32, n: i32, a: f32 = 0, b: f32 = 0): void {
  const curve = changetype<C>(0);
  const va = f32x4.splat(a);
  const vb = f32x4.splat(b);
  let p = at(saved);
  let o = at(dy);
  let q = at(dx);
  for (const end = q + at(n); q < end; p += 16, o += 16, q += 16) {
    v128.store(q, curve.df(v128.load(p), v128.load(o), va, vb));
  }
}

import { Add, Binary, Multiply, Subtract, zip, zipVectors } from '../lib/map';
import { at, copyRow } from '../lib/simd';

/** y = a + b over n elements; y may be a or b. */
export function add(a: i32, b: i32, y: i32, n: i32): void {
  zip<Add>(a, b, y, n);
}

/** y = a b over n elements; y may be a or b. */
export function multiply(a: i32, b: i32, y: i32, n: i32): void {
  zip<Multiply>(a, b, y, n);
}

/** y = a - b over n elements, a multiple of 4; y may be a or b. */
export function subtract(a: i32, b: i32, y: i32, n: i32): void {
  zipVectors<Subtract>(a, b, y, n);
}

@unmanaged
@final
class Maximum extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return v128.bitselect(a, b, v128.or(f32x4.gt(a, b), f32x4.ne(a, a)));
  }
}

/** y = the larger of a and b, NaN where either is, over n elements, a multiple of 4; y may be a or b. */
export function maximum(a: i32, b: i32, y: i32, n: i32): void {
  zipVectors<Maximum>(a, b, y, n);
}

/**
 * da = what of dy, over n elements, goes to a of the maximum of a and b: all where a is larger, half where both are
 * equal; the rest goes to b. da may be dy. n is a multiple of 4.
 */
export function maximumBackward(a: i32, b: i32, dy: i32, da: i32, db: i32, n: i32): void {
  let pa = at(a);
  let pb = at(b);
  let p = at(dy);
  let qa = at(da);
  let qb = at(db);
  for (const end = p + at(n); p < end; pa += 16, pb += 16, p += 16, qa += 16, qb += 16) {
    const u = v128.load(pa);
    const v = v128.load(pb);
    const g = v128.load(p);
    const half = v128.and(f32x4.mul(g, f32x4.splat(0.5)), f32x4.eq(u, v));
    const part = v128.bitselect(g, half, f32x4.gt(u, v));
    v128.store(qa, part);
    v128.store(qb, f32x4.sub(g, part));
  }
}

/** y = factor x over n elements, a multiple of 4; y may be x. */
export function scale(x: i32, y: i32, n: i32, factor: f32): void {
  const s = f32x4.splat(factor);
  let p = at(x);
  let q = at(y);
  for (const end = p + at(n); p < end; p += 16, q += 16) v128.store(q, f32x4.mul(v128.load(p), s));
}

/** Copies `columns` columns from column `from` of x to column `to` of y. */
export function copyColumns(
  x: i32,
  y: i32,
  rows: i32,
  columns: i32,
  xStride: i32,
  yStride: i32,
  from: i32,
  to: i32,
): void {
  for (let r = 0; r < rows; r++) {
    copyRow(at(x + r * xStride + from), at(y + r * yStride + to), columns);
  }
}

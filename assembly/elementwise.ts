import { Binary, zip } from './lib/map';
import { at, loadPart, storePart } from './lib/simd';

@unmanaged
@final
class Add extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

/** y = a + b over n elements; y may be a or b. */
export function add(a: i32, b: i32, y: i32, n: i32): void {
  zip<Add>(a, b, y, n);
}

@unmanaged
@final
class Multiply extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

/** y = a b over n elements; y may be a or b. */
export function multiply(a: i32, b: i32, y: i32, n: i32): void {
  zip<Multiply>(a, b, y, n);
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
  const live = columns & 3;
  for (let r = 0; r < rows; r++) {
    let p = at(x + r * xStride + from);
    let q = at(y + r * yStride + to);
    for (const end = p + at(columns - live); p < end; p += 16, q += 16) v128.store(q, v128.load(p));
    if (live) storePart(q, loadPart(p, live), live);
  }
}

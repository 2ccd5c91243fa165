import { at, loadPart, storePart } from './simd';

/** An elementwise function of one operand. */
@unmanaged
export abstract class Unary {
  abstract f(x: v128): v128;
}

/** y[i] = op.f(x[i]) for n elements; x and y may be the same. */
export function map<Op extends Unary>(x: i32, y: i32, n: i32): void {
  const op = changetype<Op>(0);
  let p = at(x);
  let q = at(y);
  const end = q + at(n & ~3);
  for (; q < end; q += 16, p += 16) v128.store(q, op.f(v128.load(p)));
  const live = n & 3;
  if (live) storePart(q, op.f(loadPart(p, live)), live);
}

/** An elementwise function of two operands. */
@unmanaged
export abstract class Binary {
  abstract f(a: v128, b: v128): v128;
}

/** y[i] = op.f(a[i], b[i]) for n elements; y may be a or b. */
export function zip<Op extends Binary>(a: i32, b: i32, y: i32, n: i32): void {
  const op = changetype<Op>(0);
  let p = at(a);
  let o = at(b);
  let q = at(y);
  const end = q + at(n & ~3);
  for (; q < end; q += 16, p += 16, o += 16) v128.store(q, op.f(v128.load(p), v128.load(o)));
  const live = n & 3;
  if (live) storePart(q, op.f(loadPart(p, live), loadPart(o, live)), live);
}

/** Does the same for n a multiple of 4, without the code for the remainder. */
export function zipVectors<Op extends Binary>(a: i32, b: i32, y: i32, n: i32): void {
  const op = changetype<Op>(0);
  let p = at(a);
  let o = at(b);
  let q = at(y);
  for (const end = q + at(n); q < end; q += 16, p += 16, o += 16) v128.store(q, op.f(v128.load(p), v128.load(o)));
}

@unmanaged
@final
export class Add extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return f32x4.add(a, b);
  }
}

@unmanaged
@final
export class Subtract extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return f32x4.sub(a, b);
  }
}

@unmanaged
@final
export class Multiply extends Binary {
  @inline
  f(a: v128, b: v128): v128 {
    return f32x4.mul(a, b);
  }
}

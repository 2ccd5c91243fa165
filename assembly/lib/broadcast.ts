import { at, loadPart, storePart } from './simd';

/** Kernels of two operands that spread over each other. */
export enum Operator {
  Add,
  Subtract,
  Multiply,
  Divide,
  Maximum,
  Minimum,
  GreaterEqual,
  Greater,
  Equal,
  Keep,
  Drop,
}

@unmanaged
@final
class Operate {
  @inline
  f(operator: i32, a: v128, b: v128): v128 {
    switch (operator) {
      case Operator.Add:
        return f32x4.add(a, b);
      case Operator.Subtract:
        return f32x4.sub(a, b);
      case Operator.Multiply:
        return f32x4.mul(a, b);
      case Operator.Divide:
        return f32x4.div(a, b);
      case Operator.Maximum:
        return v128.bitselect(a, b, v128.or(f32x4.ge(a, b), f32x4.ne(a, a)));
      case Operator.Minimum:
        return v128.bitselect(a, b, v128.or(f32x4.le(a, b), f32x4.ne(a, a)));
      case Operator.GreaterEqual:
        return v128.and(f32x4.ge(a, b), f32x4.splat(1));
      case Operator.Greater:
        return v128.and(f32x4.gt(a, b), f32x4.splat(1));
      case Operator.Equal:
        return v128.and(f32x4.eq(a, b), f32x4.splat(1));
      case Operator.Keep:
        return v128.and(a, f32x4.ne(b, f32x4.splat(0)));
      default:
        return v128.and(a, f32x4.eq(b, f32x4.splat(0)));
    }
  }

  /** Four vectors, with an operator that is known when compiled. */
  @inline
  four(operator: i32, q: usize, a0: v128, a1: v128, a2: v128, a3: v128, b0: v128, b1: v128, b2: v128, b3: v128): void {
    v128.store(q, this.f(operator, a0, b0));
    v128.store(q, this.f(operator, a1, b1), 16);
    v128.store(q, this.f(operator, a2, b2), 32);
    v128.store(q, this.f(operator, a3, b3), 48);
  }
}

/** Loops over four vectors at a time, which repay choosing the operator for them, then single ones, then a part of one. */
export function spread(
  operator: i32,
  a: i32,
  aRow: i32,
  aColumn: i32,
  b: i32,
  bRow: i32,
  bColumn: i32,
  y: i32,
  yRow: i32,
  rows: i32,
  columns: i32,
): void {
  const op = changetype<Operate>(0);
  for (let r = 0; r < rows; r++) {
    let p = at(a + r * aRow);
    let o = at(b + r * bRow);
    let q = at(y + r * yRow);
    let a0 = v128.load32_splat(p);
    let b0 = v128.load32_splat(o);
    let a1 = a0;
    let a2 = a0;
    let a3 = a0;
    let b1 = b0;
    let b2 = b0;
    let b3 = b0;
    let left = columns;
    for (; left > 15; left -= 16, q += 64) {
      if (aColumn) {
        a0 = v128.load(p);
        a1 = v128.load(p, 16);
        a2 = v128.load(p, 32);
        a3 = v128.load(p, 48);
        p += 64;
      }
      if (bColumn) {
        b0 = v128.load(o);
        b1 = v128.load(o, 16);
        b2 = v128.load(o, 32);
        b3 = v128.load(o, 48);
        o += 64;
      }
      switch (operator) {
        case Operator.Add:
          op.four(Operator.Add, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Subtract:
          op.four(Operator.Subtract, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Multiply:
          op.four(Operator.Multiply, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Divide:
          op.four(Operator.Divide, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Maximum:
          op.four(Operator.Maximum, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Minimum:
          op.four(Operator.Minimum, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.GreaterEqual:
          op.four(Operator.GreaterEqual, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Greater:
          op.four(Operator.Greater, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Equal:
          op.four(Operator.Equal, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        case Operator.Keep:
          op.four(Operator.Keep, q, a0, a1, a2, a3, b0, b1, b2, b3);
          break;
        default:
          op.four(Operator.Drop, q, a0, a1, a2, a3, b0, b1, b2, b3);
      }
    }
    for (; left > 0; left -= 4, q += 16) {
      if (aColumn) a0 = left > 3 ? v128.load(p) : loadPart(p, left);
      if (bColumn) b0 = left > 3 ? v128.load(o) : loadPart(o, left);
      p += 16;
      o += 16;
      const result = op.f(operator, a0, b0);
      if (left > 3) v128.store(q, result);
      else storePart(q, result, left);
    }
  }
}

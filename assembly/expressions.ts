import { Binary, map, Unary, zip } from './lib/map';
import { addHigh, addLow, at, loadPart, storePart, total } from './lib/simd';

// What expressions of users need beyond the activations. Operands of `broadcast...` are matrices, columns, rows or
// numbers: element (r, c) lies r aRow + c aColumn past `a`, with aColumn 1, or 0 where all columns share an element.

enum Operator {
  Add,
  Subtract,
  Multiply,
  Divide,
  Maximum,
  Minimum,
  GreaterEqual,
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
      default:
        return v128.and(f32x4.ge(a, b), f32x4.splat(1));
    }
  }

  /** Whole vectors of a row, with an operator that is known when compiled. */
  @inline
  vectors(operator: i32, p: usize, aColumn: i32, o: usize, bColumn: i32, q: usize, end: usize): void {
    let u = v128.load32_splat(p);
    let v = v128.load32_splat(o);
    for (; q < end; q += 16) {
      if (aColumn) {
        u = v128.load(p);
        p += 16;
      }
      if (bColumn) {
        v = v128.load(o);
        o += 16;
      }
      v128.store(q, this.f(operator, u, v));
    }
  }
}

function spread(
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
  const live = columns & 3;
  const whole = at(columns - live);
  for (let r = 0; r < rows; r++) {
    const p = at(a + r * aRow);
    const o = at(b + r * bRow);
    const q = at(y + r * yRow);
    const end = q + whole;
    switch (operator) {
      case Operator.Add:
        op.vectors(Operator.Add, p, aColumn, o, bColumn, q, end);
        break;
      case Operator.Subtract:
        op.vectors(Operator.Subtract, p, aColumn, o, bColumn, q, end);
        break;
      case Operator.Multiply:
        op.vectors(Operator.Multiply, p, aColumn, o, bColumn, q, end);
        break;
      case Operator.Divide:
        op.vectors(Operator.Divide, p, aColumn, o, bColumn, q, end);
        break;
      case Operator.Maximum:
        op.vectors(Operator.Maximum, p, aColumn, o, bColumn, q, end);
        break;
      case Operator.Minimum:
        op.vectors(Operator.Minimum, p, aColumn, o, bColumn, q, end);
        break;
      default:
        op.vectors(Operator.GreaterEqual, p, aColumn, o, bColumn, q, end);
    }
    if (live) {
      const u = aColumn ? loadPart(p + whole, live) : v128.load32_splat(p);
      const v = bColumn ? loadPart(o + whole, live) : v128.load32_splat(o);
      storePart(end, op.f(operator, u, v), live);
    }
  }
}

/** y = a + b. */
export function broadcastAdd(
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
  spread(Operator.Add, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = a - b. */
export function broadcastSubtract(
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
  spread(Operator.Subtract, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = a b. */
export function broadcastMultiply(
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
  spread(Operator.Multiply, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = a / b. */
export function broadcastDivide(
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
  spread(Operator.Divide, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = the larger one, a where they are equal, NaN where either is. */
export function broadcastMaximum(
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
  spread(Operator.Maximum, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = the smaller one, a where they are equal, NaN where either is. */
export function broadcastMinimum(
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
  spread(Operator.Minimum, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = 1 where a >= b, else 0. */
export function broadcastGreaterEqual(
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
  spread(Operator.GreaterEqual, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = x / divisor, over the rows and columns that share an element of x. */
export function expand(
  x: i32,
  xRow: i32,
  xColumn: i32,
  y: i32,
  yRow: i32,
  rows: i32,
  columns: i32,
  divisor: i32,
): void {
  const d = f32x4.splat(<f32>divisor);
  const live = columns & 3;
  for (let r = 0; r < rows; r++) {
    let p = at(x + r * xRow);
    let q = at(y + r * yRow);
    let u = f32x4.div(v128.load32_splat(p), d);
    for (const end = q + at(columns - live); q < end; q += 16) {
      if (xColumn) {
        u = f32x4.div(v128.load(p), d);
        p += 16;
      }
      v128.store(q, u);
    }
    if (live) {
      if (xColumn) u = f32x4.div(loadPart(p, live), d);
      storePart(q, u, live);
    }
  }
}

/**
 * The sum of all rows, or of each, over the divisor. In float64: column modulo 4 chooses one of four lanes, which are
 * added in the order (0 + 2) + (1 + 3).
 */
function sums(x: i32, y: i32, rows: i32, columns: i32, stride: i32, divisor: i32, each: bool): void {
  const live = columns & 3;
  let out = at(y);
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < rows; r++) {
    let p = at(x + r * stride);
    for (const end = p + at(columns - live); p < end; p += 16) {
      const v = v128.load(p);
      low = addLow(low, v);
      high = addHigh(high, v);
    }
    if (live) {
      const v = loadPart(p, live);
      low = addLow(low, v);
      high = addHigh(high, v);
    }
    if (each || r === rows - 1) {
      f32.store(out, <f32>(total(low, high) / <f64>divisor));
      out += 4;
      low = f64x2.splat(0);
      high = low;
    }
  }
}

/** y[r] = the sum of row r / divisor. */
export function sumRows(x: i32, y: i32, rows: i32, columns: i32, stride: i32, divisor: i32): void {
  sums(x, y, rows, columns, stride, divisor, true);
}

/** out = the sum of all elements / divisor. */
export function sumAll(x: i32, out: i32, rows: i32, columns: i32, stride: i32, divisor: i32): void {
  sums(x, out, rows, columns, stride, divisor, false);
}

@unmanaged
@final
class Magnitude extends Unary {
  @inline
  f(x: v128): v128 {
    return f32x4.abs(x);
  }
}

@unmanaged
@final
class MagnitudeGradient extends Binary {
  @inline
  f(x: v128, dy: v128): v128 {
    const zero = f32x4.splat(0);
    return v128.or(v128.and(dy, f32x4.gt(x, zero)), v128.and(f32x4.neg(dy), f32x4.lt(x, zero)));
  }
}

export function absForward(x: i32, y: i32, n: i32): void {
  map<Magnitude>(x, y, n);
}

/** dx = dy with the sign of x, 0 where x is 0. */
export function absBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  zip<MagnitudeGradient>(x, dy, dx, n);
}

@unmanaged
@final
class SquareGradient extends Binary {
  @inline
  f(x: v128, dy: v128): v128 {
    return f32x4.mul(dy, f32x4.add(x, x));
  }
}

/** dx = 2 x dy. */
export function squareBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  zip<SquareGradient>(x, dy, dx, n);
}

@unmanaged
@final
class SquareRoot extends Unary {
  @inline
  f(x: v128): v128 {
    return f32x4.sqrt(x);
  }
}

@unmanaged
@final
class SquareRootGradient extends Binary {
  @inline
  f(y: v128, dy: v128): v128 {
    return v128.andnot(f32x4.div(dy, f32x4.add(y, y)), f32x4.eq(y, f32x4.splat(0)));
  }
}

export function sqrtForward(x: i32, y: i32, n: i32): void {
  map<SquareRoot>(x, y, n);
}

/** dx = dy / (2 y), 0 where y is 0. */
export function sqrtBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  zip<SquareRootGradient>(y, dy, dx, n);
}

import { Operator, spread } from '../lib/broadcast';
import { Binary, map, Unary, zip } from '../lib/map';
import { addHigh, addLow, at, loadPart, storePart, total } from '../lib/simd';

// Custom expressions need these in addition to the activations. Operands of `broadcast...` are matrices, columns, rows or
// numbers: element (r, c) lies r aRow + c aColumn past `a`, with aColumn 1, or 0 where all columns share an element.

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

/** y = 1 where a > b, else 0. */
export function broadcastGreater(
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
  spread(Operator.Greater, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = 1 where a = b, else 0. */
export function broadcastEqual(
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
  spread(Operator.Equal, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = a where b is not 0, NaN included, else 0. */
export function broadcastKeep(
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
  spread(Operator.Keep, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
}

/** y = a where b is 0, else 0. */
export function broadcastDrop(
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
  spread(Operator.Drop, a, aRow, aColumn, b, bRow, bColumn, y, yRow, rows, columns);
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
 * Computes the sum of all rows, or of each, over the divisor. In float64: column modulo 4 chooses one of four lanes, which
 * are added in the order (0 + 2) + (1 + 3).
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

/** y[c] = the sum of column c / divisor, in float64, rows in order. */
export function sumColumns(x: i32, y: i32, rows: i32, columns: i32, stride: i32, divisor: i32): void {
  const step = at(stride);
  const d = f64x2.splat(<f64>divisor);
  for (let c = 0; c < columns; c += 4) {
    const live = columns - c;
    let p = at(x + c);
    let low = f64x2.splat(0);
    let high = low;
    for (let r = 0; r < rows; r++, p += step) {
      const v = live > 3 ? v128.load(p) : loadPart(p, live);
      low = addLow(low, v);
      high = addHigh(high, v);
    }
    const q = at(y + c);
    const sum = i8x16.shuffle(
      f32x4.demote_f64x2_zero(f64x2.div(low, d)),
      f32x4.demote_f64x2_zero(f64x2.div(high, d)),
      0,
      1,
      2,
      3,
      4,
      5,
      6,
      7,
      16,
      17,
      18,
      19,
      20,
      21,
      22,
      23, // biome-ignore format: lanes
    );
    if (live > 3) v128.store(q, sum);
    else storePart(q, sum, live);
  }
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

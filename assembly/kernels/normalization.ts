import { at, fma, hsum, laneMask } from '../lib/simd';

// Columns are independent; each is summed over the rows in order, two vectors of four columns at a time. Loops over rows
// test at their end, since V8 moves divisions and roots into loops that may have no iteration.

/** Computes mean and biased variance of each column, in two passes; the second also corrects the first's rounding. */
export function batchNormalizationMoments(
  x: i32,
  mean: i32,
  variance: i32,
  rows: i32,
  columns: i32,
  stride: i32,
): void {
  const n = f32x4.splat(<f32>rows);
  const step = at(stride);
  for (let c = 0; c < columns; c += 8) {
    let sum = f32x4.splat(0);
    let sum1 = sum;
    let p = at(x + c);
    for (let r = 0; r < rows; r++, p += step) {
      sum = f32x4.add(sum, v128.load(p));
      sum1 = f32x4.add(sum1, v128.load(p, 16));
    }
    const center = f32x4.div(sum, n);
    const center1 = f32x4.div(sum1, n);
    let rest = f32x4.splat(0);
    let rest1 = rest;
    let squares = rest;
    let squares1 = rest;
    p = at(x + c);
    for (let r = 0; r < rows; r++, p += step) {
      const d = f32x4.sub(v128.load(p), center);
      rest = f32x4.add(rest, d);
      squares = fma(d, d, squares);
      const d1 = f32x4.sub(v128.load(p, 16), center1);
      rest1 = f32x4.add(rest1, d1);
      squares1 = fma(d1, d1, squares1);
    }
    storeMoments(at(mean + c), at(variance + c), center, rest, squares, n);
    storeMoments(at(mean + c + 4), at(variance + c + 4), center1, rest1, squares1, n);
  }
}

function storeMoments(mean: usize, variance: usize, center: v128, rest: v128, squares: v128, n: v128): void {
  const shift = f32x4.div(rest, n);
  v128.store(mean, f32x4.add(center, shift));
  v128.store(variance, f32x4.pmax(f32x4.sub(f32x4.div(squares, n), f32x4.mul(shift, shift)), f32x4.splat(0)));
}

/**
 * moving = momentum moving + (1 - momentum) batch, with the unbiased batch variance. Like an optimizer it leaves
 * everything alone where `factor` holds NaN.
 */
export function batchNormalizationUpdate(
  mean: i32,
  variance: i32,
  movingMean: i32,
  movingVariance: i32,
  factor: i32,
  rows: i32,
  columns: i32,
  momentum: f64,
): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const keep = f32x4.splat(<f32>momentum);
  const take = f32x4.splat(<f32>(1 - momentum));
  const unbias = f32x4.splat(<f32>rows / <f32>(rows - 1));
  for (let c = 0; c < columns; c += 4) {
    const live = laneMask(columns - c);
    const m = fma(v128.load(at(movingMean + c)), keep, f32x4.mul(v128.load(at(mean + c)), take));
    const unbiased = f32x4.mul(v128.load(at(variance + c)), unbias);
    const v = fma(v128.load(at(movingVariance + c)), keep, f32x4.mul(unbiased, take));
    v128.store(at(movingMean + c), v128.and(m, live));
    v128.store(at(movingVariance + c), v128.and(v, live));
  }
}

/** y = gamma (x - mean) / sqrt(variance + epsilon) + beta. In place is allowed. */
export function batchNormalizationForward(
  x: i32,
  mean: i32,
  variance: i32,
  gamma: i32,
  beta: i32,
  y: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  epsilon: f32,
): void {
  const step = at(stride);
  const eps = f32x4.splat(epsilon);
  for (let c = 0; c < columns; c += 8) {
    const root0 = f32x4.sqrt(f32x4.add(v128.load(at(variance + c)), eps));
    const root1 = f32x4.sqrt(f32x4.add(v128.load(at(variance + c), 16), eps));
    const scale0 = f32x4.div(v128.load(at(gamma + c)), root0);
    const scale1 = f32x4.div(v128.load(at(gamma + c), 16), root1);
    const center0 = v128.load(at(mean + c));
    const center1 = v128.load(at(mean + c), 16);
    const shift0 = v128.load(at(beta + c));
    const shift1 = v128.load(at(beta + c), 16);
    let p = at(x + c);
    let q = at(y + c);
    let r = rows;
    do {
      const d0 = f32x4.sub(v128.load(p), center0);
      const d1 = f32x4.sub(v128.load(p, 16), center1);
      v128.store(q, fma(d0, scale0, shift0));
      v128.store(q, fma(d1, scale1, shift1), 16);
      p += step;
      q += step;
    } while (--r > 0);
  }
}

/** dgamma, dbeta and dx through the batch moments. dx may be dy. */
export function batchNormalizationBackward(
  x: i32,
  mean: i32,
  variance: i32,
  gamma: i32,
  dy: i32,
  dx: i32,
  dgamma: i32,
  dbeta: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  epsilon: f32,
): void {
  const step = at(stride);
  const n = f32x4.splat(<f32>rows);
  const eps = f32x4.splat(epsilon);
  const one = f32x4.splat(1);
  for (let c = 0; c < columns; c += 8) {
    const inverse0 = f32x4.div(one, f32x4.sqrt(f32x4.add(v128.load(at(variance + c)), eps)));
    const inverse1 = f32x4.div(one, f32x4.sqrt(f32x4.add(v128.load(at(variance + c), 16), eps)));
    const center0 = v128.load(at(mean + c));
    const center1 = v128.load(at(mean + c), 16);
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let product0 = sum0;
    let product1 = sum0;
    let p = at(x + c);
    let q = at(dy + c);
    let r = rows;
    do {
      const g0 = v128.load(q);
      const g1 = v128.load(q, 16);
      sum0 = f32x4.add(sum0, g0);
      sum1 = f32x4.add(sum1, g1);
      product0 = fma(g0, f32x4.mul(f32x4.sub(v128.load(p), center0), inverse0), product0);
      product1 = fma(g1, f32x4.mul(f32x4.sub(v128.load(p, 16), center1), inverse1), product1);
      p += step;
      q += step;
    } while (--r > 0);
    const live0 = laneMask(columns - c);
    const live1 = laneMask(columns - c - 4);
    v128.store(at(dbeta + c), v128.and(sum0, live0));
    v128.store(at(dbeta + c), v128.and(sum1, live1), 16);
    v128.store(at(dgamma + c), v128.and(product0, live0));
    v128.store(at(dgamma + c), v128.and(product1, live1), 16);
    const scale0 = f32x4.mul(v128.load(at(gamma + c)), inverse0);
    const scale1 = f32x4.mul(v128.load(at(gamma + c), 16), inverse1);
    sum0 = f32x4.div(sum0, n);
    sum1 = f32x4.div(sum1, n);
    product0 = f32x4.div(product0, n);
    product1 = f32x4.div(product1, n);
    p = at(x + c);
    q = at(dy + c);
    let o = at(dx + c);
    r = rows;
    do {
      const normalized0 = f32x4.mul(f32x4.sub(v128.load(p), center0), inverse0);
      const normalized1 = f32x4.mul(f32x4.sub(v128.load(p, 16), center1), inverse1);
      const rest0 = f32x4.sub(f32x4.sub(v128.load(q), sum0), f32x4.mul(normalized0, product0));
      const rest1 = f32x4.sub(f32x4.sub(v128.load(q, 16), sum1), f32x4.mul(normalized1, product1));
      v128.store(o, f32x4.mul(scale0, rest0));
      v128.store(o, f32x4.mul(scale1, rest1), 16);
      p += step;
      q += step;
      o += step;
    } while (--r > 0);
  }
}

// A row is summed in eight lanes, column modulo 8: lanes are added as l + (l + 4) for l = 0..3, then (0 + 2) + (1 + 3). Rows
// are whole vectors of eight, whose lanes past the last column count as 0.

@unmanaged
@final
class Row {
  /** Sum of the lanes, divided by the number of columns. */
  @inline
  mean(a: v128, b: v128, columns: i32): f32 {
    return hsum(f32x4.add(a, b)) / <f32>columns;
  }

  /** Lanes of the eight columns from c on that are there, in two halves. */
  @inline
  low(columns: i32, c: i32): v128 {
    return laneMask(columns - c);
  }

  @inline
  high(columns: i32, c: i32): v128 {
    return laneMask(columns - c - 4);
  }
}

/**
 * y = gamma (x - mean) / sqrt(variance + epsilon) + beta with each row's mean and biased variance, in two passes of which
 * the second corrects the first's rounding; `mean` and `inverse` (of the root) have one element a row. (Ba et al. 2016.)
 */
export function layerNormalizationForward(
  x: i32,
  gamma: i32,
  beta: i32,
  y: i32,
  mean: i32,
  inverse: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  epsilon: f32,
): void {
  const op = changetype<Row>(0);
  for (let r = 0; r < rows; r++) {
    const from = at(x + r * stride);
    let a = f32x4.splat(0);
    let b = a;
    let c = 0;
    let p = from;
    for (; c <= columns - 8; c += 8, p += 32) {
      a = f32x4.add(a, v128.load(p));
      b = f32x4.add(b, v128.load(p, 16));
    }
    if (c < columns) {
      a = f32x4.add(a, v128.and(v128.load(p), op.low(columns, c)));
      b = f32x4.add(b, v128.and(v128.load(p, 16), op.high(columns, c)));
    }
    const first = op.mean(a, b, columns);
    const center = f32x4.splat(first);
    a = f32x4.splat(0);
    b = a;
    let squares = a;
    let squares1 = a;
    c = 0;
    p = from;
    for (; c <= columns - 8; c += 8, p += 32) {
      const d = f32x4.sub(v128.load(p), center);
      a = f32x4.add(a, d);
      squares = fma(d, d, squares);
      const d1 = f32x4.sub(v128.load(p, 16), center);
      b = f32x4.add(b, d1);
      squares1 = fma(d1, d1, squares1);
    }
    if (c < columns) {
      const d = v128.and(f32x4.sub(v128.load(p), center), op.low(columns, c));
      a = f32x4.add(a, d);
      squares = fma(d, d, squares);
      const d1 = v128.and(f32x4.sub(v128.load(p, 16), center), op.high(columns, c));
      b = f32x4.add(b, d1);
      squares1 = fma(d1, d1, squares1);
    }
    const shift = op.mean(a, b, columns);
    const middle = first + shift;
    const variance = max<f32>(op.mean(squares, squares1, columns) - shift * shift, 0);
    const scale = <f32>1 / sqrt<f32>(variance + epsilon);
    f32.store(at(mean + r), middle);
    f32.store(at(inverse + r), scale);
    const m = f32x4.splat(middle);
    const s = f32x4.splat(scale);
    let q = at(y + r * stride);
    let g = at(gamma);
    let o = at(beta);
    p = from;
    for (c = 0; c < columns; c += 8, p += 32, q += 32, g += 32, o += 32) {
      v128.store(q, fma(f32x4.mul(f32x4.sub(v128.load(p), m), s), v128.load(g), v128.load(o)));
      v128.store(q, fma(f32x4.mul(f32x4.sub(v128.load(p, 16), m), s), v128.load(g, 16), v128.load(o, 16)), 16);
    }
  }
}

/** Computes dgamma and dbeta, summed over the rows in order. */
export function layerNormalizationGradients(
  x: i32,
  mean: i32,
  inverse: i32,
  dy: i32,
  dgamma: i32,
  dbeta: i32,
  rows: i32,
  columns: i32,
  stride: i32,
): void {
  const step = at(stride);
  for (let c = 0; c < columns; c += 8) {
    let sum0 = f32x4.splat(0);
    let sum1 = sum0;
    let product0 = sum0;
    let product1 = sum0;
    let p = at(x + c);
    let q = at(dy + c);
    for (let r = 0; r < rows; r++, p += step, q += step) {
      const m = v128.load32_splat(at(mean + r));
      const s = v128.load32_splat(at(inverse + r));
      const g0 = v128.load(q);
      const g1 = v128.load(q, 16);
      sum0 = f32x4.add(sum0, g0);
      sum1 = f32x4.add(sum1, g1);
      product0 = fma(g0, f32x4.mul(f32x4.sub(v128.load(p), m), s), product0);
      product1 = fma(g1, f32x4.mul(f32x4.sub(v128.load(p, 16), m), s), product1);
    }
    const live0 = laneMask(columns - c);
    const live1 = laneMask(columns - c - 4);
    v128.store(at(dbeta + c), v128.and(sum0, live0));
    v128.store(at(dbeta + c), v128.and(sum1, live1), 16);
    v128.store(at(dgamma + c), v128.and(product0, live0));
    v128.store(at(dgamma + c), v128.and(product1, live1), 16);
  }
}

/** dx through each row's moments. dx may be dy. */
export function layerNormalizationBackward(
  x: i32,
  mean: i32,
  inverse: i32,
  gamma: i32,
  dy: i32,
  dx: i32,
  rows: i32,
  columns: i32,
  stride: i32,
): void {
  const op = changetype<Row>(0);
  for (let r = 0; r < rows; r++) {
    const m = v128.load32_splat(at(mean + r));
    const s = v128.load32_splat(at(inverse + r));
    let sum = f32x4.splat(0);
    let sum1 = sum;
    let product = sum;
    let product1 = sum;
    let p = at(x + r * stride);
    let q = at(dy + r * stride);
    let g = at(gamma);
    let c = 0;
    for (; c <= columns - 8; c += 8, p += 32, q += 32, g += 32) {
      const d = f32x4.mul(v128.load(q), v128.load(g));
      sum = f32x4.add(sum, d);
      product = fma(d, f32x4.mul(f32x4.sub(v128.load(p), m), s), product);
      const d1 = f32x4.mul(v128.load(q, 16), v128.load(g, 16));
      sum1 = f32x4.add(sum1, d1);
      product1 = fma(d1, f32x4.mul(f32x4.sub(v128.load(p, 16), m), s), product1);
    }
    if (c < columns) {
      const live = op.low(columns, c);
      const d = v128.and(f32x4.mul(v128.load(q), v128.load(g)), live);
      sum = f32x4.add(sum, d);
      product = fma(d, v128.and(f32x4.mul(f32x4.sub(v128.load(p), m), s), live), product);
      const live1 = op.high(columns, c);
      const d1 = v128.and(f32x4.mul(v128.load(q, 16), v128.load(g, 16)), live1);
      sum1 = f32x4.add(sum1, d1);
      product1 = fma(d1, v128.and(f32x4.mul(f32x4.sub(v128.load(p, 16), m), s), live1), product1);
    }
    const meanSum = f32x4.splat(op.mean(sum, sum1, columns));
    const meanProduct = f32x4.splat(op.mean(product, product1, columns));
    p = at(x + r * stride);
    q = at(dy + r * stride);
    g = at(gamma);
    let o = at(dx + r * stride);
    for (c = 0; c < columns; c += 4, p += 16, q += 16, g += 16, o += 16) {
      const normalized = f32x4.mul(f32x4.sub(v128.load(p), m), s);
      const rest = f32x4.sub(
        f32x4.sub(f32x4.mul(v128.load(q), v128.load(g)), meanSum),
        f32x4.mul(normalized, meanProduct),
      );
      v128.store(o, f32x4.mul(s, rest));
    }
  }
}

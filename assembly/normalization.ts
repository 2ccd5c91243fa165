import { at, fma, laneMask } from './lib/simd';

// Columns are independent; each is summed over the rows in order, two vectors of four columns at a time.
// Loops over rows test at their end: V8 moves divisions and roots into loops that may run no round.

/** Mean and biased variance of each column, in two passes; the second also corrects the first's rounding. */
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

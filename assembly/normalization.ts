import { at, fma, laneMask } from './lib/simd';

// Columns are independent; each is summed over the rows in order, four columns to a vector.

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
  for (let c = 0; c < columns; c += 4) {
    let sum = f32x4.splat(0);
    let p = at(x + c);
    for (let r = 0; r < rows; r++, p += step) sum = f32x4.add(sum, v128.load(p));
    const center = f32x4.div(sum, n);
    let rest = f32x4.splat(0);
    let squares = rest;
    p = at(x + c);
    for (let r = 0; r < rows; r++, p += step) {
      const d = f32x4.sub(v128.load(p), center);
      rest = f32x4.add(rest, d);
      squares = fma(d, d, squares);
    }
    const shift = f32x4.div(rest, n);
    v128.store(at(mean + c), f32x4.add(center, shift));
    v128.store(at(variance + c), f32x4.pmax(f32x4.sub(f32x4.div(squares, n), f32x4.mul(shift, shift)), f32x4.splat(0)));
  }
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
  for (let c = 0; c < columns; c += 4) {
    const root = f32x4.sqrt(f32x4.add(v128.load(at(variance + c)), f32x4.splat(epsilon)));
    const scale = f32x4.div(v128.load(at(gamma + c)), root);
    const center = v128.load(at(mean + c));
    const shift = v128.load(at(beta + c));
    let p = at(x + c);
    let q = at(y + c);
    for (let r = 0; r < rows; r++, p += step, q += step) {
      v128.store(q, fma(f32x4.sub(v128.load(p), center), scale, shift));
    }
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
  for (let c = 0; c < columns; c += 4) {
    const live = laneMask(columns - c);
    const root = f32x4.sqrt(f32x4.add(v128.load(at(variance + c)), f32x4.splat(epsilon)));
    const inverse = f32x4.div(f32x4.splat(1), root);
    const center = v128.load(at(mean + c));
    let sum = f32x4.splat(0);
    let product = sum;
    let p = at(x + c);
    let q = at(dy + c);
    for (let r = 0; r < rows; r++, p += step, q += step) {
      const g = v128.load(q);
      sum = f32x4.add(sum, g);
      product = fma(g, f32x4.mul(f32x4.sub(v128.load(p), center), inverse), product);
    }
    v128.store(at(dbeta + c), v128.and(sum, live));
    v128.store(at(dgamma + c), v128.and(product, live));
    const scale = f32x4.mul(v128.load(at(gamma + c)), inverse);
    const meanSum = f32x4.div(sum, n);
    const meanProduct = f32x4.div(product, n);
    p = at(x + c);
    q = at(dy + c);
    let o = at(dx + c);
    for (let r = 0; r < rows; r++, p += step, q += step, o += step) {
      const normalized = f32x4.mul(f32x4.sub(v128.load(p), center), inverse);
      const rest = f32x4.sub(f32x4.sub(v128.load(q), meanSum), f32x4.mul(normalized, meanProduct));
      v128.store(o, f32x4.mul(scale, rest));
    }
  }
}

import { exp, log, log1p } from './lib/math';
import { addHigh, addLow, at, flush, hmax, hsum, laneMask, total } from './lib/simd';

// Every loss writes the mean over the batch to `loss` and its gradient by the predictions (or logits) to `dz`.
// Columns are summed in four lanes (column modulo 4), lanes in the order (0 + 2) + (1 + 3), rows in order in float64.

/** Writes e^(z - max) to `out` with terms below 1e-20 as 0, and returns the sum; `max` is of the live columns. */
function exponentials(z: usize, out: usize, columns: i32, max: v128): f32 {
  let sum = f32x4.splat(0);
  for (let c = 0; c < columns; c += 4) {
    const e = flush(exp(f32x4.sub(v128.load(z), max)), f32x4.splat(1e-20));
    const live = v128.and(e, laneMask(columns - c));
    sum = f32x4.add(sum, live);
    v128.store(out, live);
    z += 16;
    out += 16;
  }
  return hsum(sum);
}

function rowMax(z: usize, columns: i32): f32 {
  const lowest = f32x4.splat(-Infinity);
  let max = lowest;
  for (let c = 0; c < columns; c += 4) {
    max = f32x4.pmax(max, v128.bitselect(v128.load(z), lowest, laneMask(columns - c)));
    z += 16;
  }
  return hmax(max);
}

/** y = softmax of each row. */
export function softmaxForward(x: i32, y: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const z = at(x + r * stride);
    let out = at(y + r * stride);
    const sum = f32x4.splat(exponentials(z, out, columns, f32x4.splat(rowMax(z, columns))));
    for (let c = 0; c < columns; c += 4, out += 16) v128.store(out, f32x4.div(v128.load(out), sum));
  }
}

/** dx = y (dy - sum(y dy)) of each row. */
export function softmaxBackward(y: i32, dy: i32, dx: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = at(y + r * stride);
    const g = at(dy + r * stride);
    const out = at(dx + r * stride);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      sum = f32x4.add(sum, v128.and(f32x4.mul(v128.load(p + i), v128.load(g + i)), laneMask(columns - c)));
    }
    const dot = f32x4.splat(hsum(sum));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      v128.store(out + i, f32x4.mul(v128.load(p + i), f32x4.sub(v128.load(g + i), dot)));
    }
  }
}

/** y = x - log(sum(e^x)) of each row. In place is allowed. */
export function logSoftmaxForward(x: i32, y: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const z = at(x + r * stride);
    const out = at(y + r * stride);
    const max = f32x4.splat(rowMax(z, columns));
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const shifted = f32x4.sub(v128.load(z + i), max);
      v128.store(out + i, shifted);
      sum = f32x4.add(sum, v128.and(exp(shifted), laneMask(columns - c)));
    }
    const logSum = log(f32x4.splat(hsum(sum)));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      v128.store(out + i, f32x4.sub(v128.load(out + i), logSum));
    }
  }
}

/** dx = dy - e^y sum(dy) of each row. In place is allowed. */
export function logSoftmaxBackward(y: i32, dy: i32, dx: i32, rows: i32, columns: i32, stride: i32): void {
  for (let r = 0; r < rows; r++) {
    const p = at(y + r * stride);
    const g = at(dy + r * stride);
    const out = at(dx + r * stride);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      sum = f32x4.add(sum, v128.and(v128.load(g + ((<usize>c) << 2)), laneMask(columns - c)));
    }
    const all = f32x4.splat(hsum(sum));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      v128.store(out + i, f32x4.sub(v128.load(g + i), f32x4.mul(exp(v128.load(p + i)), all)));
    }
  }
}

/** Softmax and crossentropy of logits z with one class index per row in `labels`: dz = (softmax(z) - onehot) / rows. */
export function sparseCategoricalCrossentropy(
  z: i32,
  labels: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
): void {
  const scale = f32x4.splat(<f32>1 / <f32>rows);
  let sumOfLosses: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const row = at(z + r * stride);
    const out = at(dz + r * stride);
    const label = (<usize>(<i32>f32.load(at(labels + r)))) << 2;
    const max = rowMax(row, columns);
    const picked = f32.load(row + label);
    const sum = exponentials(row, out, columns, f32x4.splat(max));
    const logSum = f32x4.extract_lane(log(f32x4.splat(sum)), 0);
    sumOfLosses += <f64>(logSum + (max - picked));
    const divisor = f32x4.splat(sum);
    for (let c = 0; c < columns; c += 4) {
      const p = out + ((<usize>c) << 2);
      v128.store(p, f32x4.mul(f32x4.div(v128.load(p), divisor), scale));
    }
    f32.store(out + label, f32.load(out + label) - f32x4.extract_lane(scale, 0));
  }
  f32.store(at(loss), <f32>(sumOfLosses / <f64>rows));
}

/** Softmax and crossentropy of logits z with a row of class probabilities in `targets`. */
export function categoricalCrossentropy(
  z: i32,
  targets: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
): void {
  const scale = f32x4.splat(<f32>1 / <f32>rows);
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < rows; r++) {
    const row = at(z + r * stride);
    const out = at(dz + r * stride);
    const t = at(targets + r * targetStride);
    const max = f32x4.splat(rowMax(row, columns));
    const sum = f32x4.splat(exponentials(row, out, columns, max));
    const logSum = log(sum);
    let weight = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const target = v128.and(v128.load(t + i), laneMask(columns - c));
      const distance = f32x4.add(logSum, f32x4.sub(max, v128.load(row + i)));
      // A zero target contributes nothing even where the probability is zero and its logarithm infinite.
      const part = v128.andnot(f32x4.mul(target, distance), f32x4.eq(target, f32x4.splat(0)));
      low = addLow(low, part);
      high = addHigh(high, part);
      weight = f32x4.add(weight, target);
    }
    weight = f32x4.splat(hsum(weight));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const p = f32x4.div(v128.load(out + i), sum);
      v128.store(out + i, f32x4.mul(f32x4.sub(f32x4.mul(p, weight), v128.load(t + i)), scale));
    }
  }
  f32.store(at(loss), <f32>(total(low, high) / <f64>rows));
}

/** Sigmoid and binary crossentropy of logits z, mean over rows and columns: max(z, 0) - z t + log1p(e^-|z|). */
export function binaryCrossentropy(
  z: i32,
  targets: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const scale = f32x4.splat(<f32>1 / (<f32>rows * <f32>columns));
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < rows; r++) {
    const row = at(z + r * stride);
    const out = at(dz + r * stride);
    const t = at(targets + r * targetStride);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const x = v128.load(row + i);
      const target = v128.load(t + i);
      const e = exp(f32x4.neg(f32x4.abs(x)));
      const part = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, target)), log1p(e));
      const live = v128.and(part, laneMask(columns - c));
      low = addLow(low, live);
      high = addHigh(high, live);
      const numerator = v128.bitselect(e, one, f32x4.lt(x, zero));
      const p = f32x4.div(numerator, f32x4.add(one, e));
      v128.store(out + i, f32x4.mul(f32x4.sub(p, target), scale));
    }
  }
  f32.store(at(loss), <f32>(total(low, high) / (<f64>rows * <f64>columns)));
}

/** (y - t)^2, mean over rows and columns; dy = 2 (y - t) / (rows columns). */
export function meanSquaredError(
  y: i32,
  targets: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
): void {
  const scale = f32x4.splat(<f32>2 / (<f32>rows * <f32>columns));
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < rows; r++) {
    const row = at(y + r * stride);
    const out = at(dy + r * stride);
    const t = at(targets + r * targetStride);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const difference = f32x4.sub(v128.load(row + i), v128.load(t + i));
      const live = v128.and(f32x4.mul(difference, difference), laneMask(columns - c));
      low = addLow(low, live);
      high = addHigh(high, live);
      v128.store(out + i, f32x4.mul(difference, scale));
    }
  }
  f32.store(at(loss), <f32>(total(low, high) / (<f64>rows * <f64>columns)));
}

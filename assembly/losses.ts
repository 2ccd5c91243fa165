import { exp, log, log1p } from './lib/math';
import { addHigh, addLow, at, hsum, laneMask, total } from './lib/simd';

// Every loss writes the mean over the batch to `loss` and its gradient by the predictions (or logits) to `dz`.
// Columns are summed in four lanes (column modulo 4; row modulo 4 of a single column in binaryCrossentropy), lanes in the order
// (0 + 2) + (1 + 3), rows in order in float64.

// Softmax takes four rows at a time, one step of it after the other: in a single row each would wait for the one before.
// A number of each row travels in the lanes of a vector, the first row's in the first lane.

/** The lanes move down by one; the lowest lane of `top` comes in at the top. */
function push(v: v128, top: v128): v128 {
  return i8x16.shuffle(v, top, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
}

/** All lanes as the lowest one. */
function lowest(v: v128): v128 {
  return i8x16.shuffle(v, v, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
}

/** The largest element of each of up to four rows; NaN is passed over. */
function rowMaxima(z: usize, step: usize, rows: i32, columns: i32): v128 {
  let maxima = f32x4.splat(0);
  const dead = v128.not(laneMask(columns & 3));
  for (let r = 0; r < rows; r++, z += step) {
    let max = f32x4.splat(-Infinity);
    let p = z;
    const end = p + at(columns & ~3);
    for (; p < end; p += 16) max = f32x4.pmax(max, v128.load(p));
    if (columns & 3) max = f32x4.pmax(max, v128.or(v128.load(p), dead));
    max = f32x4.pmax(max, i8x16.shuffle(max, max, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    max = f32x4.pmax(max, i8x16.shuffle(max, max, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    maxima = push(maxima, max);
  }
  for (; rows < 4; rows++) maxima = push(maxima, maxima);
  return maxima;
}

/** Writes e^(z - max) of up to four rows to `out`, with terms below 1e-20 as 0, and returns the sums. */
function exponentials(z: usize, out: usize, step: usize, rows: i32, columns: i32, maxima: v128): v128 {
  let sums = f32x4.splat(0);
  const tail = laneMask(columns & 3);
  for (let r = 0; r < rows; r++, z += step, out += step) {
    const max = lowest(maxima);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      let e = exp(f32x4.sub(v128.load(z + i), max));
      e = v128.andnot(e, f32x4.lt(e, f32x4.splat(1e-20)));
      if (columns - c < 4) e = v128.and(e, tail);
      sum = f32x4.add(sum, e);
      v128.store(out + i, e);
    }
    sum = f32x4.add(sum, i8x16.shuffle(sum, sum, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    sum = f32x4.add(sum, i8x16.shuffle(sum, sum, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    sums = push(sums, sum);
    maxima = push(maxima, maxima);
  }
  for (; rows < 4; rows++) sums = push(sums, sums);
  return sums;
}

/** y = softmax of each row. */
export function softmaxForward(x: i32, y: i32, rows: i32, columns: i32, stride: i32): void {
  const step = at(stride);
  for (let r = 0; r < rows; r += 4) {
    const z = at(x + r * stride);
    let out = at(y + r * stride);
    const count = min(rows - r, 4);
    let sums = exponentials(z, out, step, count, columns, rowMaxima(z, step, count, columns));
    for (let k = 0; k < count; k++, out += step) {
      const sum = lowest(sums);
      sums = push(sums, sums);
      for (let c = 0; c < columns; c += 4) {
        const p = out + ((<usize>c) << 2);
        v128.store(p, f32x4.div(v128.load(p), sum));
      }
    }
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
    const max = lowest(rowMaxima(z, 0, 1, columns));
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
  const step = at(stride);
  let sumOfLosses: f64 = 0;
  for (let r = 0; r < rows; r += 4) {
    let row = at(z + r * stride);
    let out = at(dz + r * stride);
    const count = min(rows - r, 4);
    let maxima = rowMaxima(row, step, count, columns);
    let sums = exponentials(row, out, step, count, columns, maxima);
    let logSums = log(sums);
    for (let k = 0; k < count; k++, row += step, out += step) {
      const label = (<usize>(<i32>f32.load(at(labels + r + k)))) << 2;
      const distance = f32x4.extract_lane(maxima, 0) - f32.load(row + label);
      sumOfLosses += <f64>(f32x4.extract_lane(logSums, 0) + distance);
      const sum = lowest(sums);
      for (let c = 0; c < columns; c += 4) {
        const p = out + ((<usize>c) << 2);
        v128.store(p, f32x4.mul(f32x4.div(v128.load(p), sum), scale));
      }
      f32.store(out + label, f32.load(out + label) - f32x4.extract_lane(scale, 0));
      maxima = push(maxima, maxima);
      sums = push(sums, sums);
      logSums = push(logSums, logSums);
    }
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
  const step = at(stride);
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < rows; r += 4) {
    let row = at(z + r * stride);
    let out = at(dz + r * stride);
    let t = at(targets + r * targetStride);
    const count = min(rows - r, 4);
    let maxima = rowMaxima(row, step, count, columns);
    let sums = exponentials(row, out, step, count, columns, maxima);
    let logSums = log(sums);
    for (let k = 0; k < count; k++, row += step, out += step, t += at(targetStride)) {
      const max = lowest(maxima);
      const sum = lowest(sums);
      const logSum = lowest(logSums);
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
      maxima = push(maxima, maxima);
      sums = push(sums, sums);
      logSums = push(logSums, logSums);
    }
  }
  f32.store(at(loss), <f32>(total(low, high) / <f64>rows));
}

/** Four elements `step` bytes apart, of which `live` count; where they are neighbours all are read. */
function gather(p: usize, step: usize, live: i32): v128 {
  if (step === 4) return v128.load(p);
  let v = v128.load32_zero(p);
  if (live > 1) v = v128.load32_lane(p + step, v, 1);
  if (live > 2) v = v128.load32_lane(p + 2 * step, v, 2);
  if (live > 3) v = v128.load32_lane(p + 3 * step, v, 3);
  return v;
}

function scatter(p: usize, v: v128, step: usize, live: i32): void {
  if (step === 4) {
    v128.store(p, v);
    return;
  }
  v128.store32_lane(p, v, 0);
  if (live > 1) v128.store32_lane(p + step, v, 1);
  if (live > 2) v128.store32_lane(p + 2 * step, v, 2);
  if (live > 3) v128.store32_lane(p + 3 * step, v, 3);
}

/**
 * Sigmoid and binary crossentropy of logits z, mean over rows and columns: max(z, 0) - z t + log1p(e^-|z|). A single
 * column is taken as a row.
 */
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
  const single = columns === 1;
  const lines = single ? 1 : rows;
  const length = single ? rows : columns;
  const step = at(single ? stride : 1);
  const targetStep = at(single ? targetStride : 1);
  let low = f64x2.splat(0);
  let high = low;
  for (let r = 0; r < lines; r++) {
    let row = at(z + r * stride);
    let out = at(dz + r * stride);
    let t = at(targets + r * targetStride);
    for (let live = length; live > 0; live -= 4) {
      const x = gather(row, step, live);
      const target = gather(t, targetStep, live);
      const e = exp(f32x4.neg(f32x4.abs(x)));
      const part = f32x4.add(f32x4.sub(f32x4.pmax(x, zero), f32x4.mul(x, target)), log1p(e));
      const counted = v128.and(part, laneMask(live));
      low = addLow(low, counted);
      high = addHigh(high, counted);
      const numerator = v128.bitselect(e, one, f32x4.lt(x, zero));
      const p = f32x4.div(numerator, f32x4.add(one, e));
      scatter(out, f32x4.mul(f32x4.sub(p, target), scale), step, live);
      row += 4 * step;
      out += 4 * step;
      t += 4 * targetStep;
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

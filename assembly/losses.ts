import { power } from './lib/loss';
import { exp, log } from './lib/math';
import { addHigh, addLow, at, hsum, laneMask, total } from './lib/simd';

// Losses of whole rows, and the softmax that some of them contain. All losses have one signature: (outputs or logits,
// targets, weights, gradient, loss, rows, columns, stride, target stride, scale, slope, options ...). `weights` is a column
// of row weights, or -1 for none. Written are `scale` times the sum of weighted row losses, which runs in float64, rows in
// order, and `slope` times the gradient of that sum. Within a row columns are summed in four lanes (column modulo 4), lanes
// in the order (0 + 2) + (1 + 3).

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

/** The loss of a row of logits whose softmax has been computed up to its division: `out` holds e^(z - max). */
@unmanaged
abstract class SoftmaxRow {
  abstract loss(
    z: usize,
    t: usize,
    out: usize,
    columns: i32,
    max: v128,
    sum: v128,
    logSum: v128,
    slope: v128,
    smoothing: f32,
    gamma: v128,
  ): f64;
}

function softmaxRows<Row extends SoftmaxRow>(
  z: i32,
  targets: i32,
  weights: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  smoothing: f32,
  gamma: f32,
): void {
  const op = changetype<Row>(0);
  const step = at(stride);
  const power = f32x4.splat(gamma);
  let losses: f64 = 0;
  for (let r = 0; r < rows; r += 4) {
    let row = at(z + r * stride);
    let out = at(dz + r * stride);
    let t = at(targets + r * targetStride);
    const count = min(rows - r, 4);
    let maxima = rowMaxima(row, step, count, columns);
    let sums = exponentials(row, out, step, count, columns, maxima);
    let logSums = log(sums);
    for (let k = 0; k < count; k++, row += step, out += step, t += at(targetStride)) {
      const weight = weights < 0 ? <f32>1 : f32.load(at(weights + r + k));
      const factor = f32x4.splat(slope * weight);
      const part = op.loss(
        row,
        t,
        out,
        columns,
        lowest(maxima),
        lowest(sums),
        lowest(logSums),
        factor,
        smoothing,
        power,
      );
      losses += <f64>weight * part;
      maxima = push(maxima, maxima);
      sums = push(sums, sums);
      logSums = push(logSums, logSums);
    }
  }
  f32.store(at(loss), <f32>(losses * <f64>scale));
}

@unmanaged
@final
class Sparse extends SoftmaxRow {
  @inline
  loss(
    z: usize,
    t: usize,
    out: usize,
    columns: i32,
    max: v128,
    sum: v128,
    logSum: v128,
    slope: v128,
    smoothing: f32,
    _gamma: v128,
  ): f64 {
    const label = (<usize>(<i32>f32.load(t))) << 2;
    const share = smoothing / <f32>columns;
    const all = f32x4.splat(share);
    for (let c = 0; c < columns; c += 4) {
      const p = out + ((<usize>c) << 2);
      v128.store(p, f32x4.mul(f32x4.sub(f32x4.div(v128.load(p), sum), all), slope));
    }
    const keep = <f32>1 - smoothing;
    f32.store(out + label, f32.load(out + label) - keep * f32x4.extract_lane(slope, 0));
    let distance = keep * (f32x4.extract_lane(max, 0) - f32.load(z + label));
    if (smoothing > 0) {
      let distances = f32x4.splat(0);
      for (let c = 0; c < columns; c += 4) {
        const live = v128.and(f32x4.sub(max, v128.load(z + ((<usize>c) << 2))), laneMask(columns - c));
        distances = f32x4.add(distances, live);
      }
      distance += share * hsum(distances);
    }
    return <f64>(f32x4.extract_lane(logSum, 0) + distance);
  }
}

/**
 * Softmax and crossentropy of logits z with one class index per row in `labels`: dz = softmax(z) - onehot. Smoothing s
 * takes the share s of each label and hands it to all classes alike.
 */
export function sparseCategoricalCrossentropy(
  z: i32,
  labels: i32,
  weights: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  labelStride: i32,
  scale: f32,
  slope: f32,
  smoothing: f32,
): void {
  softmaxRows<Sparse>(z, labels, weights, dz, loss, rows, columns, stride, labelStride, scale, slope, smoothing, 0);
}

@unmanaged
@final
class Categorical extends SoftmaxRow {
  @inline
  loss(
    z: usize,
    t: usize,
    out: usize,
    columns: i32,
    max: v128,
    sum: v128,
    logSum: v128,
    slope: v128,
    smoothing: f32,
    _gamma: v128,
  ): f64 {
    const keep = f32x4.splat(<f32>1 - smoothing);
    const share = f32x4.splat(smoothing / <f32>columns);
    let low = f64x2.splat(0);
    let high = low;
    let all = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const smooth = f32x4.add(f32x4.mul(v128.load(t + i), keep), share);
      const target = v128.and(smooth, laneMask(columns - c));
      const distance = f32x4.add(logSum, f32x4.sub(max, v128.load(z + i)));
      // A zero target contributes nothing even where the probability is zero and its logarithm infinite.
      const part = v128.andnot(f32x4.mul(target, distance), f32x4.eq(target, f32x4.splat(0)));
      low = addLow(low, part);
      high = addHigh(high, part);
      all = f32x4.add(all, target);
    }
    all = f32x4.splat(hsum(all));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const smooth = f32x4.add(f32x4.mul(v128.load(t + i), keep), share);
      const p = f32x4.div(v128.load(out + i), sum);
      v128.store(out + i, f32x4.mul(f32x4.sub(f32x4.mul(p, all), smooth), slope));
    }
    return total(low, high);
  }
}

/** Softmax and crossentropy of logits z with a row of class probabilities in `targets`, smoothed as above. */
export function categoricalCrossentropy(
  z: i32,
  targets: i32,
  weights: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  smoothing: f32,
): void {
  softmaxRows<Categorical>(
    z,
    targets,
    weights,
    dz,
    loss,
    rows,
    columns,
    stride,
    targetStride,
    scale,
    slope,
    smoothing,
    0,
  );
}

@unmanaged
@final
class Focal extends SoftmaxRow {
  @inline
  loss(
    z: usize,
    t: usize,
    out: usize,
    columns: i32,
    max: v128,
    sum: v128,
    logSum: v128,
    slope: v128,
    smoothing: f32,
    gamma: v128,
  ): f64 {
    const one = f32x4.splat(1);
    const keep = f32x4.splat(<f32>1 - smoothing);
    const share = f32x4.splat(smoothing / <f32>columns);
    let low = f64x2.splat(0);
    let high = low;
    let all = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const smooth = f32x4.add(f32x4.mul(v128.load(t + i), keep), share);
      const target = v128.and(smooth, laneMask(columns - c));
      const p = f32x4.div(v128.load(out + i), sum);
      const rest = f32x4.pmax(f32x4.sub(one, p), f32x4.splat(1e-30));
      const weighted = f32x4.mul(target, power(rest, gamma));
      const none = f32x4.eq(weighted, f32x4.splat(0));
      const distance = f32x4.add(logSum, f32x4.sub(max, v128.load(z + i)));
      const part = v128.andnot(f32x4.mul(weighted, distance), none);
      low = addLow(low, part);
      high = addHigh(high, part);
      const bend = f32x4.div(f32x4.mul(f32x4.mul(gamma, p), distance), rest);
      const gradient = v128.andnot(f32x4.mul(weighted, f32x4.add(bend, one)), none);
      v128.store(out + i, gradient);
      all = f32x4.add(all, gradient);
    }
    all = f32x4.splat(hsum(all));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      let e = exp(f32x4.sub(v128.load(z + i), max));
      e = v128.andnot(e, f32x4.lt(e, f32x4.splat(1e-20)));
      const p = f32x4.div(e, sum);
      v128.store(out + i, f32x4.mul(f32x4.sub(f32x4.mul(p, all), v128.load(out + i)), slope));
    }
    return total(low, high);
  }
}

/**
 * Softmax and the sum of -alpha t (1 - p)^gamma log p, smoothed as above. (Lin et al. 2017.) Terms whose factor
 * (1 - p)^gamma is 0 count as 0.
 */
export function categoricalFocalCrossentropy(
  z: i32,
  targets: i32,
  weights: i32,
  dz: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
  smoothing: f32,
  gamma: f32,
  alpha: f32,
): void {
  softmaxRows<Focal>(
    z,
    targets,
    weights,
    dz,
    loss,
    rows,
    columns,
    stride,
    targetStride,
    scale * alpha,
    slope * alpha,
    smoothing,
    gamma,
  );
}

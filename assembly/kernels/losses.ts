import { raised } from '../lib/loss';
import { exp, log } from '../lib/math';
import { addHigh, addLow, at, hsum, laneMask, total } from '../lib/simd';
import { exponentials, lowest, push, rowMaxima } from '../lib/softmax';

// These losses contain a softmax. All losses have one signature: (outputs or logits, targets, weights, gradient, loss, rows,
// columns, stride, target stride, scale, slope, options ...). `weights` is a column of row weights, or -1 for none. The
// outputs are `scale` times the sum of weighted row losses, which is summed in float64, rows in order, and `slope` times the
// gradient of that sum. Within a row, columns are summed in four lanes (column modulo 4), and lanes in the order (0 + 2) +
// (1 + 3).

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
 * Computes softmax and crossentropy of logits z with one class index per row in `labels`: dz = softmax(z) - onehot. Smoothing s
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

/** Computes softmax and crossentropy of logits z with a row of class probabilities in `targets`, smoothed as above. */
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
      const weighted = f32x4.mul(target, raised(rest, gamma));
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

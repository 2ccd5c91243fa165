import { at } from '../lib/simd';

// These are losses of whole rows; see losses.ts for the signature.

/** max(largest (1 - t) y - sum(t y) + 1, 0) of each row; of equal ones the first counts. Sums in order, in float64. */
export function categoricalHinge(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  let losses: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const weight = weights < 0 ? <f32>1 : f32.load(at(weights + r));
    const row = at(y + r * stride);
    const t = at(targets + r * targetStride);
    const out = at(dy + r * stride);
    let positive: f64 = 0;
    let negative: f32 = -Infinity;
    let best: usize = 0;
    for (let c = 0; c < columns; c++) {
      const i = (<usize>c) << 2;
      const target = f32.load(t + i);
      const value = f32.load(row + i);
      positive += <f64>(target * value);
      const other = (<f32>1 - target) * value;
      if (other > negative) {
        negative = other;
        best = i;
      }
    }
    const margin = <f32>(<f64>negative - positive + 1);
    const factor = margin > 0 ? slope * weight : <f32>0;
    for (let c = 0; c < columns; c++) {
      const i = (<usize>c) << 2;
      f32.store(out + i, f32.load(t + i) * -factor);
    }
    f32.store(out + best, f32.load(out + best) + (<f32>1 - f32.load(t + best)) * factor);
    losses += <f64>(weight * (margin < 0 ? <f32>0 : margin));
  }
  f32.store(at(loss), <f32>(losses * <f64>scale));
}

/**
 * Minus the cosine of the angle between the rows of y and t. A row shorter than 1e-6 counts as that long. Sums over
 * columns run in float64, in two lanes (column modulo 2).
 */
export function cosineSimilarity(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  let losses: f64 = 0;
  for (let r = 0; r < rows; r++) {
    const weight = weights < 0 ? <f32>1 : f32.load(at(weights + r));
    const row = at(y + r * stride);
    const t = at(targets + r * targetStride);
    const out = at(dy + r * stride);
    let products = f64x2.splat(0);
    let squares = products;
    let targetSquares = products;
    for (let c = 0; c < columns; c += 2) {
      const i = (<usize>c) << 2;
      const both = columns - c > 1;
      const a = f64x2.promote_low_f32x4(both ? v128.load64_zero(row + i) : v128.load32_zero(row + i));
      const b = f64x2.promote_low_f32x4(both ? v128.load64_zero(t + i) : v128.load32_zero(t + i));
      products = f64x2.add(products, f64x2.mul(a, b));
      squares = f64x2.add(squares, f64x2.mul(a, a));
      targetSquares = f64x2.add(targetSquares, f64x2.mul(b, b));
    }
    const square = f64x2.extract_lane(squares, 0) + f64x2.extract_lane(squares, 1);
    const length = max(square, 1e-12);
    const targetLength = max(f64x2.extract_lane(targetSquares, 0) + f64x2.extract_lane(targetSquares, 1), 1e-12);
    const inverse = 1 / (sqrt(length) * sqrt(targetLength));
    const cosine = (f64x2.extract_lane(products, 0) + f64x2.extract_lane(products, 1)) * inverse;
    const factor = <f64>(slope * weight);
    const along = f32x4.splat(square < 1e-12 ? <f32>0 : <f32>((cosine / length) * factor));
    const across = f32x4.splat(<f32>(inverse * factor));
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const turn = f32x4.sub(f32x4.mul(v128.load(row + i), along), f32x4.mul(v128.load(t + i), across));
      v128.store(out + i, turn);
    }
    losses -= <f64>weight * cosine;
  }
  f32.store(at(loss), <f32>(losses * <f64>scale));
}

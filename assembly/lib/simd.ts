/** Returns the byte address of a heap element. */
export function at(offset: i32): usize {
  return (<usize>offset) << 2;
}

/** Returns a * b + c, rounded after the product and after the sum; one rounding in the relaxed build. */
export function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Returns the sum of the four lanes in the fixed order (0 + 2) + (1 + 3). */
export function hsum(v: v128): f32 {
  const pairs = f32x4.add(v, i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

const LANES = memory.data<i32>([0, 1, 2, 3]);

/** Returns lanes of all ones for the first `live` of four columns (any value from 4 up means all). */
export function laneMask(live: i32): v128 {
  return i32x4.gt_s(i32x4.splat(live), v128.load(LANES));
}

/** Lanes whose magnitude is below `limit` become +0; NaN stays NaN. */
export function flush(v: v128, limit: v128): v128 {
  return v128.andnot(v, f32x4.lt(f32x4.abs(v), limit));
}

/** Loads the first `live` (1 to 3) elements; the other lanes are 0. Never reads past them. A call (see ../calls.js). */
export function loadPart(p: usize, live: i32): v128 {
  let v = v128.load32_zero(p);
  if (live > 1) v = v128.load32_lane(p, v, 1, 4);
  if (live > 2) v = v128.load32_lane(p, v, 2, 8);
  return v;
}

/** Stores the first `live` (1 to 3) lanes and nothing else. A call, too. */
export function storePart(p: usize, v: v128, live: i32): void {
  v128.store32_lane(p, v, 0);
  if (live > 1) v128.store32_lane(p, v, 1, 4);
  if (live > 2) v128.store32_lane(p, v, 2, 8);
}

/** Copies n elements. */
export function copyRow(from: usize, to: usize, n: i32): void {
  for (; n > 3; n -= 4, from += 16, to += 16) v128.store(to, v128.load(from));
  for (; n > 0; n--, from += 4, to += 4) f32.store(to, f32.load(from));
}

/**
 * Four float64 accumulators, one per column modulo 4, so that long float32 sums keep their digits.
 * Their sum is taken in the order (0 + 2) + (1 + 3).
 */
export function addLow(sum: v128, v: v128): v128 {
  return f64x2.add(sum, f64x2.promote_low_f32x4(v));
}
export function addHigh(sum: v128, v: v128): v128 {
  return f64x2.add(
    sum,
    f64x2.promote_low_f32x4(i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15)),
  );
}
export function total(low: v128, high: v128): f64 {
  const pairs = f64x2.add(low, high);
  return f64x2.extract_lane(pairs, 0) + f64x2.extract_lane(pairs, 1);
}

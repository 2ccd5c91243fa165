import { at } from '../lib/simd';

// Constraints keep weights within bounds after an update: (w, panels, rows, joint, value, factor). Weights are stored in
// panels of eight columns, each with a norm of its own in float64; with `joint` all elements of a panel have one norm
// together. Where `factor` holds NaN, a refused step, nothing is changed. Padding is zero and stays so.

// PyTorch's renorm and Keras's constraints add this to a norm before they divide by it.
const EPSILON: f64 = 1e-7;

function upper(v: v128): v128 {
  return i8x16.shuffle(v, v, 8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15);
}

function addSquares(sum: v128, v: v128): v128 {
  const a = f64x2.promote_low_f32x4(v);
  return f64x2.add(sum, f64x2.mul(a, a));
}

/** Returns the factors that two columns of these sums of squares are scaled by: 1 for norms up to `most`, and for NaN. */
function factors(squares: v128, value: v128, most: v128): v128 {
  const norm = f64x2.sqrt(squares);
  const factor = f64x2.div(value, f64x2.add(norm, f64x2.splat(EPSILON)));
  return f32x4.demote_f64x2_zero(v128.bitselect(factor, f64x2.splat(1), f64x2.gt(norm, most)));
}

function together(a: v128, b: v128): v128 {
  return i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
}

function rescale(w: i32, panels: i32, rows: i32, joint: i32, value: f32, most: f32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const target = f64x2.splat(<f64>value);
  const limit = f64x2.splat(<f64>most);
  const one = f32x4.splat(1);
  let p = at(w);
  for (let i = 0; i < panels; i++) {
    const end = p + at(rows << 3);
    let s0 = f64x2.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let q = p; q < end; q += 32) {
      const v = v128.load(q);
      const u = v128.load(q, 16);
      s0 = addSquares(s0, v);
      s1 = addSquares(s1, upper(v));
      s2 = addSquares(s2, u);
      s3 = addSquares(s3, upper(u));
    }
    if (joint) {
      const pairs = f64x2.add(f64x2.add(s0, s2), f64x2.add(s1, s3));
      s0 = f64x2.add(pairs, upper(pairs));
      s0 = f64x2.splat(f64x2.extract_lane(s0, 0));
      s1 = s0;
      s2 = s0;
      s3 = s0;
    }
    const low = together(factors(s0, target, limit), factors(s1, target, limit));
    const high = together(factors(s2, target, limit), factors(s3, target, limit));
    // This test makes V8 compute the factors before the loop; otherwise it would divide in every iteration.
    if (!v128.any_true(v128.or(f32x4.ne(low, one), f32x4.ne(high, one)))) {
      p = end;
      continue;
    }
    for (; p < end; p += 32) {
      v128.store(p, f32x4.mul(v128.load(p), low));
      v128.store(p, f32x4.mul(v128.load(p, 16), high), 16);
    }
  }
}

/** Norms above `value` become `value`: w = w value / (norm + 1e-7), as PyTorch's renorm. */
export function maxNorm(w: i32, panels: i32, rows: i32, joint: i32, value: f32, factor: i32): void {
  rescale(w, panels, rows, joint, value, value, factor);
}

/** w = w value / (norm + 1e-7). */
export function unitNorm(w: i32, panels: i32, rows: i32, joint: i32, value: f32, factor: i32): void {
  rescale(w, panels, rows, joint, value, -1, factor);
}

/** w = max(w, 0). */
export function nonNeg(w: i32, panels: i32, rows: i32, _joint: i32, _value: f32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const zero = f32x4.splat(0);
  let p = at(w);
  for (const end = p + at((panels * rows) << 3); p < end; p += 16) {
    const v = v128.load(p);
    v128.store(p, v128.andnot(v, f32x4.lt(v, zero)));
  }
}

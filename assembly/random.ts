import { Binary, zip } from './lib/map';
import { at, loadPart, storePart } from './lib/simd';

// Philox4x32-10 (Salmon et al. 2011). Counter: (block, step low, step high, stream); key: (seed low, seed high).
// Element i of a stream is word i mod 4 of block i / 4, so any element can be drawn at any time by anyone.
// `state` points at eight heap elements, 16 bits in each, low half first: seed low, seed high, step low, step high.

function word(state: i32, index: i32): u32 {
  return <u32>f32.load(at(state + (index << 1))) | ((<u32>f32.load(at(state + (index << 1) + 1))) << 16);
}

/** Stores four words as floats in [0, 1), multiples of 2^-24; `left` elements remain to be written. */
function storeUniform(p: usize, words: v128, left: i32): void {
  const v = f32x4.mul(f32x4.convert_i32x4_u(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
  if (left >= 4) v128.store(p, v);
  else if (left > 0) storePart(p, v, left);
}

/** Writes the uniforms of four neighbouring blocks, 16 elements or the `left` that remain; all their words where `raw`. */
function drawBlocks(
  out: usize,
  left: i32,
  block: u32,
  stream: u32,
  key0: u32,
  key1: u32,
  step0: u32,
  step1: u32,
  raw: bool,
): void {
  const m0 = i32x4.splat(0xd2511f53);
  const m1 = i32x4.splat(0xcd9e8d57);
  let c0 = i32x4.add(i32x4.splat(block), i32x4(0, 1, 2, 3));
  let c1 = i32x4.splat(step0);
  let c2 = i32x4.splat(step1);
  let c3 = i32x4.splat(stream);
  for (let round = 0; round < 10; round++) {
    // Both halves of the 64-bit products come from one widening multiplication; i32x4.mul would be two more.
    const p0 = i64x2.extmul_low_i32x4_u(c0, m0);
    const q0 = i64x2.extmul_high_i32x4_u(c0, m0);
    const p1 = i64x2.extmul_low_i32x4_u(c2, m1);
    const q1 = i64x2.extmul_high_i32x4_u(c2, m1);
    const high0 = i8x16.shuffle(p0, q0, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    const high1 = i8x16.shuffle(p1, q1, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    c0 = v128.xor(v128.xor(high1, c1), i32x4.splat(key0));
    c1 = i8x16.shuffle(p1, q1, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    c2 = v128.xor(v128.xor(high0, c3), i32x4.splat(key1));
    c3 = i8x16.shuffle(p0, q0, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    key0 += 0x9e3779b9;
    key1 += 0xbb67ae85;
  }
  const low01 = i8x16.shuffle(c0, c1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const low23 = i8x16.shuffle(c2, c3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high01 = i8x16.shuffle(c0, c1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const high23 = i8x16.shuffle(c2, c3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const w0 = i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  const w1 = i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  const w2 = i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
  const w3 = i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
  if (raw) {
    v128.store(out, w0);
    v128.store(out, w1, 16);
    v128.store(out, w2, 32);
    v128.store(out, w3, 48);
  } else {
    storeUniform(out, w0, left);
    storeUniform(out + 16, w1, left - 4);
    storeUniform(out + 32, w2, left - 8);
    storeUniform(out + 48, w3, left - 12);
  }
}

/** y = n uniforms in [0, 1), multiples of 2^-24. */
export function randomUniform(y: i32, n: i32, state: i32, stream: i32): void {
  let out = at(y);
  const key0 = word(state, 0);
  const key1 = word(state, 1);
  const step0 = word(state, 2);
  const step1 = word(state, 3);
  for (let i = 0; i < n; i += 16, out += 64) drawBlocks(out, n - i, i >> 2, stream, key0, key1, step0, step1, false);
}

/**
 * w = uniforms in [-limit, limit), in float64 until stored: element i of the row-major matrix is made of 53 bits of
 * words 2i and 2i + 1 of the stream. w lies in panels [ceil(columns / 8)][rows][8], whose padding stays as it is.
 * `scratch` has room for 16 elements.
 */
export function uniformWeights(
  w: i32,
  scratch: i32,
  rows: i32,
  columns: i32,
  state: i32,
  stream: i32,
  limit: f64,
): void {
  const key0 = word(state, 0);
  const key1 = word(state, 1);
  const step0 = word(state, 2);
  const step1 = word(state, 3);
  const from = at(scratch);
  const panel = at(rows << 3);
  let row = at(w);
  let column = 0;
  for (let left = rows * columns, block: u32 = 0; left > 0; left -= 8, block += 4) {
    drawBlocks(from, 16, block, stream, key0, key1, step0, step1, true);
    for (let p = from, end = from + ((<usize>min(left, 8)) << 3); p < end; p += 8) {
      const bits = <f64>(i32.load(p) >>> 5) * 67108864.0 + <f64>(i32.load(p, 4) >>> 6);
      const to = row + (<usize>column >> 3) * panel + ((<usize>(column & 7)) << 2);
      f32.store(to, <f32>((bits * 2.220446049250313e-16 - 1) * limit));
      if (++column === columns) {
        column = 0;
        row += 32;
      }
    }
  }
}

/**
 * mask = 1 / (1 - rate) with probability 1 - rate, else 0; y = x mask. In place is allowed. The first of the n elements
 * is element `first` of the stream, a multiple of 4.
 */
export function dropoutForward(
  x: i32,
  y: i32,
  mask: i32,
  n: i32,
  state: i32,
  stream: i32,
  rate: f32,
  first: i32,
): void {
  const limit = f32x4.splat(rate);
  const scale = f32x4.splat(<f32>1 / (<f32>1 - rate));
  const key0 = word(state, 0);
  const key1 = word(state, 1);
  const step0 = word(state, 2);
  const step1 = word(state, 3);
  let p = at(x);
  let q = at(y);
  let o = at(mask);
  for (let i = 0; i < n; i += 16) {
    drawBlocks(o, n - i, (first + i) >> 2, stream, key0, key1, step0, step1, false);
    let left = min(n - i, 16);
    for (; left >= 4; left -= 4, p += 16, q += 16, o += 16) {
      const m = v128.and(scale, f32x4.ge(v128.load(o), limit));
      v128.store(o, m);
      v128.store(q, f32x4.mul(v128.load(p), m));
    }
    if (left) {
      const m = v128.and(scale, f32x4.ge(loadPart(o, left), limit));
      storePart(o, m, left);
      storePart(q, f32x4.mul(loadPart(p, left), m), left);
    }
  }
}

@unmanaged
@final
class Mask extends Binary {
  @inline
  f(mask: v128, dy: v128): v128 {
    return f32x4.mul(mask, dy);
  }
}

/** dx = dy mask. In place is allowed. */
export function dropoutBackward(mask: i32, dy: i32, dx: i32, n: i32): void {
  zip<Mask>(mask, dy, dx, n);
}

import { Binary, zip } from '../lib/map';
import { log } from '../lib/math';
import { at, fma, storePart } from '../lib/simd';

// Implements Philox4x32-10 (Salmon et al. 2011). Counter: (block, step low, step high, stream); key: (seed low, seed high).
// Element i of a stream is word i mod 4 of block i / 4, so any element can be drawn at any time by any thread. `state`
// points at eight heap elements, 16 bits in each, low half first: seed low, seed high, step low, step high.

const M0: u32 = 0xd2511f53;
const M1: u32 = 0xcd9e8d57;
const W0: u32 = 0x9e3779b9;
const W1: u32 = 0xbb67ae85;

function word(state: i32, index: i32): u32 {
  const p = at(state + (index << 1));
  return <u32>f32.load(p) | ((<u32>f32.load(p, 4)) << 16);
}

@unmanaged
@final
class Words {
  /** Upper halves of the products of the lanes of a and b. */
  @inline
  multiplyHigh(a: v128, b: v128): v128 {
    const low = i64x2.extmul_low_i32x4_u(a, b);
    const high = i64x2.extmul_high_i32x4_u(a, b);
    return i8x16.shuffle(low, high, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
  }

  @inline
  zipLow(a: v128, b: v128): v128 {
    return i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  }

  @inline
  zipHigh(a: v128, b: v128): v128 {
    return i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  }

  /** Floats in [0, 1), multiples of 2^-24. Signed conversion is one instruction, unsigned eight. */
  @inline
  uniform(words: v128): v128 {
    return f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(words, 8)), f32x4.splat(5.9604644775390625e-8));
  }
}

/**
 * Writes the uniforms of four blocks, 16 elements or the `live` that remain, or where `raw` all their words; word i of all
 * blocks is in `ci`.
 */
function storeUniforms(out: usize, live: i32, c0: v128, c1: v128, c2: v128, c3: v128, raw: bool): void {
  const op = changetype<Words>(0);
  const even = op.zipLow(c0, c2);
  const odd = op.zipLow(c1, c3);
  const evenHigh = op.zipHigh(c0, c2);
  const oddHigh = op.zipHigh(c1, c3);
  let v0 = op.zipLow(even, odd);
  let v1 = op.zipHigh(even, odd);
  let v2 = op.zipLow(evenHigh, oddHigh);
  let v3 = op.zipHigh(evenHigh, oddHigh);
  if (!raw) {
    v0 = op.uniform(v0);
    v1 = op.uniform(v1);
    v2 = op.uniform(v2);
    v3 = op.uniform(v3);
  }
  if (live >= 16) {
    v128.store(out, v0);
    v128.store(out, v1, 16);
    v128.store(out, v2, 32);
    v128.store(out, v3, 48);
  } else {
    for (; live > 3; live -= 4, out += 16) {
      v128.store(out, v0);
      v0 = v1;
      v1 = v2;
      v2 = v3;
    }
    if (live > 0) storePart(out, v0, live);
  }
}

/**
 * Writes n uniforms, or where `raw` words, from element `first` of the stream on. Two groups of four blocks at once, since a round is a chain
 * of instructions that wait for each other. Blocks differ in one word of the counter alone, so that half of the first
 * round and half of the second are the same for all.
 */
function draw(y: i32, n: i32, state: i32, stream: i32, first: i32, raw: bool): void {
  const op = changetype<Words>(0);
  // n >> 31 is 0, but engines do not know that: a vector that they know to be constant is rebuilt in every round.
  const m0 = i32x4.splat(M0 + (n >> 31));
  const m1 = i32x4.splat(M1 + (n >> 31));
  const key0 = word(state, 0);
  const key1 = word(state, 1);
  const round1 = <u64>word(state, 3) * M1;
  const round2 = <u64>(<u32>(round1 >> 32) ^ word(state, 2) ^ key0) * M0;
  const first2 = i32x4.splat(stream ^ key1);
  const second0 = i32x4.splat(<u32>round1 ^ (key0 + W0));
  const second2 = i32x4.splat(<u32>(round2 >> 32) ^ (key1 + W1));
  const second3 = i32x4.splat(<u32>round2);
  let block = i32x4.add(i32x4.splat(first >> 2), i32x4(0, 1, 2, 3));
  let out = at(y);
  for (; n > 0; n -= 32, out += 128) {
    const next = i32x4.add(block, i32x4.splat(4));
    let a2 = v128.xor(op.multiplyHigh(block, m0), first2);
    let b2 = v128.xor(op.multiplyHigh(next, m0), first2);
    let a0 = v128.xor(op.multiplyHigh(a2, m1), second0);
    let b0 = v128.xor(op.multiplyHigh(b2, m1), second0);
    let a1 = i32x4.mul(a2, m1);
    let b1 = i32x4.mul(b2, m1);
    a2 = v128.xor(i32x4.mul(block, m0), second2);
    b2 = v128.xor(i32x4.mul(next, m0), second2);
    let a3 = second3;
    let b3 = second3;
    let k0 = key0 + 2 * W0;
    let k1 = key1 + 2 * W1;
    for (let round = 2; round < 10; round++) {
      const x0 = i32x4.splat(k0);
      const x1 = i32x4.splat(k1);
      const highA = op.multiplyHigh(a0, m0);
      const lowA = i32x4.mul(a0, m0);
      a0 = v128.xor(op.multiplyHigh(a2, m1), v128.xor(a1, x0));
      a1 = i32x4.mul(a2, m1);
      a2 = v128.xor(highA, v128.xor(a3, x1));
      a3 = lowA;
      const highB = op.multiplyHigh(b0, m0);
      const lowB = i32x4.mul(b0, m0);
      b0 = v128.xor(op.multiplyHigh(b2, m1), v128.xor(b1, x0));
      b1 = i32x4.mul(b2, m1);
      b2 = v128.xor(highB, v128.xor(b3, x1));
      b3 = lowB;
      k0 += W0;
      k1 += W1;
    }
    storeUniforms(out, n, a0, a1, a2, a3, raw);
    storeUniforms(out + 64, n - 16, b0, b1, b2, b3, raw);
    block = i32x4.add(block, i32x4.splat(8));
  }
}

/** y = n uniforms in [0, 1), multiples of 2^-24. */
export function randomUniform(y: i32, n: i32, state: i32, stream: i32): void {
  draw(y, n, state, stream, 0, false);
}

/**
 * Normal numbers by Box and Muller: a uniform makes a radius, sqrt(-2 log(1 - u)), another the angle. Without its quarter of
 * the circle the angle is in [-pi / 4, pi / 4), where sine and cosine are the polynomials of sinf and cosf in Cephes; the
 * quarter says which of them goes where, with which sign.
 */
@unmanaged
@final
class Normal {
  @inline
  radius(u: v128): v128 {
    return f32x4.sqrt(f32x4.mul(log(f32x4.sub(f32x4.splat(1), u)), f32x4.splat(-2)));
  }

  @inline
  quarter(u: v128): v128 {
    return f32x4.floor(f32x4.mul(u, f32x4.splat(4)));
  }

  /** The angle within its quarter. */
  @inline
  rest(u: v128, quarter: v128): v128 {
    const part = f32x4.sub(f32x4.sub(f32x4.mul(u, f32x4.splat(4)), quarter), f32x4.splat(0.5));
    return f32x4.mul(part, f32x4.splat(1.5707963267948966));
  }

  @inline
  sine(a: v128): v128 {
    const z = f32x4.mul(a, a);
    let p = fma(z, f32x4.splat(-1.9515295891e-4), f32x4.splat(8.3321608736e-3));
    p = fma(p, z, f32x4.splat(-1.6666654611e-1));
    return fma(f32x4.mul(p, z), a, a);
  }

  @inline
  cosine(a: v128): v128 {
    const z = f32x4.mul(a, a);
    let p = fma(z, f32x4.splat(2.443315711809948e-5), f32x4.splat(-1.388731625493765e-3));
    p = fma(p, z, f32x4.splat(4.166664568298827e-2));
    return fma(f32x4.mul(p, z), z, f32x4.sub(f32x4.splat(1), f32x4.mul(z, f32x4.splat(0.5))));
  }
}

/**
 * y = n numbers, a multiple of 8, from the normal distribution, from element `first` of the stream on, a multiple of 4. Of
 * each four uniforms two are radii and two are angles.
 */
export function randomNormal(y: i32, n: i32, state: i32, stream: i32, mean: f32, deviation: f32, first: i32): void {
  draw(y, n, state, stream, first, false);
  const op = changetype<Normal>(0);
  const center = f32x4.splat(mean);
  const spread = f32x4.splat(deviation);
  let p = at(y);
  for (const end = p + at(n); p < end; p += 32) {
    const a = v128.load(p);
    const b = v128.load(p, 16);
    const u = i8x16.shuffle(a, b, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const radius = f32x4.mul(
      op.radius(i8x16.shuffle(a, b, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23)),
      spread,
    );
    const quarter = op.quarter(u);
    const angle = op.rest(u, quarter);
    // The lowest bits of the mantissa of 2^23 + quarter are those of the quarter.
    const bits = f32x4.add(quarter, f32x4.splat(8388608));
    const odd = i32x4.shr_s(i32x4.shl(bits, 31), 31);
    const sine = op.sine(angle);
    const cosine = v128.xor(op.cosine(angle), v128.and(i32x4.shl(bits, 30), i32x4.splat(0x80000000)));
    const c = fma(v128.bitselect(sine, cosine, odd), radius, center);
    const s = fma(v128.bitselect(cosine, sine, odd), radius, center);
    v128.store(p, i8x16.shuffle(c, s, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
    v128.store(p, i8x16.shuffle(c, s, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31), 16);
  }
}

/**
 * w = uniforms in [-limit, limit), in float64 until stored: element i of the row-major matrix is made of 53 bits of
 * words 2i and 2i + 1 of the stream. w lies in panels [ceil(columns / 8)][rows][8], whose padding stays as it is.
 * `scratch` has room for 32 elements.
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
  const from = at(scratch);
  const panel = at(rows << 3);
  let row = at(w);
  let column = 0;
  for (let left = rows * columns, first = 0; left > 0; left -= 16, first += 32) {
    draw(scratch, 32, state, stream, first, true);
    for (let p = from, end = from + ((<usize>min(left, 16)) << 3); p < end; p += 8) {
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
  draw(mask, n, state, stream, first, false);
  const keep = <f32>1 / (<f32>1 - rate);
  const limit = f32x4.splat(rate);
  const scale = f32x4.splat(keep);
  let p = at(x);
  let q = at(y);
  let o = at(mask);
  for (; n >= 4; n -= 4, p += 16, q += 16, o += 16) {
    const m = v128.and(scale, f32x4.ge(v128.load(o), limit));
    v128.store(o, m);
    v128.store(q, f32x4.mul(v128.load(p), m));
  }
  for (; n > 0; n--, p += 4, q += 4, o += 4) {
    const m = f32.load(o) >= rate ? keep : <f32>0;
    f32.store(o, m);
    f32.store(q, f32.load(p) * m);
  }
}

/**
 * mask = scale with probability 1 - rate, else 0; y = x mask + shift where kept and `dropped` elsewhere. n is a multiple
 * of 4; the rest as of dropoutForward. (Klambauer et al. 2017.)
 */
export function alphaDropoutForward(
  x: i32,
  y: i32,
  mask: i32,
  n: i32,
  state: i32,
  stream: i32,
  rate: f32,
  scale: f32,
  shift: f32,
  dropped: f32,
  first: i32,
): void {
  draw(mask, n, state, stream, first, false);
  const limit = f32x4.splat(rate);
  const factor = f32x4.splat(scale);
  const kept = f32x4.splat(shift);
  const other = f32x4.splat(dropped);
  let p = at(x);
  let q = at(y);
  let o = at(mask);
  for (const end = o + at(n); o < end; p += 16, q += 16, o += 16) {
    const keep = f32x4.ge(v128.load(o), limit);
    v128.store(o, v128.and(factor, keep));
    v128.store(q, v128.bitselect(fma(v128.load(p), factor, kept), other, keep));
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

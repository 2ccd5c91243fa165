import { EXP, Inlined, number } from './math';
import { at, laneMask } from './simd';

// Softmax takes four rows at a time and interleaves their steps: in a single row each step would wait for the one before.
// The lanes of a vector hold one number of each row, the first row's in the first lane.

/** Moves the lanes down by one; the lowest lane of `top` comes in at the top. */
export function push(v: v128, top: v128): v128 {
  return i8x16.shuffle(v, top, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19);
}

/** Returns all lanes as the lowest one. */
export function lowest(v: v128): v128 {
  return i8x16.shuffle(v, v, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3, 0, 1, 2, 3);
}

/** Returns the largest element of each of up to four rows; NaN is passed over. */
export function rowMaxima(z: usize, step: usize, rows: i32, columns: i32): v128 {
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

const LEAST = memory.data<f32>([1e-20]);

/** Writes e^(z - max) of up to four rows to `out`, with terms below 1e-20 as 0, and returns the sums. */
export function exponentials(z: usize, out: usize, step: usize, rows: i32, columns: i32, maxima: v128): v128 {
  const math = changetype<Inlined>(0);
  const high = number(EXP, 0);
  const low = number(EXP, 1);
  const magic = number(EXP, 2);
  const log2e = number(EXP, 3);
  const ln2High = number(EXP, 4);
  const ln2Low = number(EXP, 5);
  const c0 = number(EXP, 6);
  const c1 = number(EXP, 7);
  const c2 = number(EXP, 8);
  const c3 = number(EXP, 9);
  const c4 = number(EXP, 10);
  const c5 = number(EXP, 11);
  const one = number(EXP, 12);
  const zeroBelow = number(EXP, 13);
  const half = number(EXP, 14);
  const least = v128.load32_splat(LEAST);
  let sums = f32x4.splat(0);
  const tail = laneMask(columns & 3);
  for (let r = 0; r < rows; r++, z += step, out += step) {
    const max = lowest(maxima);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      let e = math.exp(
        f32x4.sub(v128.load(z + i), max),
        high,
        low,
        magic,
        log2e,
        ln2High,
        ln2Low,
        c0,
        c1,
        c2,
        c3,
        c4,
        c5,
        one,
        zeroBelow,
        half,
      );
      e = v128.andnot(e, f32x4.lt(e, least));
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

/** The loops of log softmax over one row. */
@unmanaged
@final
export class LogRow {
  /**
   * Writes x = z - max and returns the lanes' sums of e^x; or, for `back`, writes dx = dy - e^y sum from y = z and dy = g, where
   * `shift` is that sum.
   */
  @inline
  run(back: bool, z: usize, g: usize, out: usize, columns: i32, shift: v128): v128 {
    const math = changetype<Inlined>(0);
    const high = number(EXP, 0);
    const low = number(EXP, 1);
    const magic = number(EXP, 2);
    const log2e = number(EXP, 3);
    const ln2High = number(EXP, 4);
    const ln2Low = number(EXP, 5);
    const c0 = number(EXP, 6);
    const c1 = number(EXP, 7);
    const c2 = number(EXP, 8);
    const c3 = number(EXP, 9);
    const c4 = number(EXP, 10);
    const c5 = number(EXP, 11);
    const one = number(EXP, 12);
    const zeroBelow = number(EXP, 13);
    const half = number(EXP, 14);
    let sum = f32x4.splat(0);
    for (let c = 0; c < columns; c += 4) {
      const i = (<usize>c) << 2;
      const y = v128.load(z + i);
      const x = back ? y : f32x4.sub(y, shift);
      const e = math.exp(x, high, low, magic, log2e, ln2High, ln2Low, c0, c1, c2, c3, c4, c5, one, zeroBelow, half);
      if (back) {
        v128.store(out + i, f32x4.sub(v128.load(g + i), f32x4.mul(e, shift)));
      } else {
        v128.store(out + i, x);
        sum = f32x4.add(sum, v128.and(e, laneMask(columns - c)));
      }
    }
    return sum;
  }
}

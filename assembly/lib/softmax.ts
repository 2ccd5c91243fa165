import { exp } from './math';
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

/** Writes e^(z - max) of up to four rows to `out`, with terms below 1e-20 as 0, and returns the sums. */
export function exponentials(z: usize, out: usize, step: usize, rows: i32, columns: i32, maxima: v128): v128 {
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

import { tallRows } from './pack';
import { fma } from './simd';

/** Says what a product does with a finished sum before it is stored. */
@unmanaged
export abstract class Epilogue {
  abstract f(sum: v128, floor: v128): v128;
}

@unmanaged
@final
export class Keep extends Epilogue {
  @inline
  f(sum: v128, _floor: v128): v128 {
    return sum;
  }
}

@unmanaged
@final
export class Floor extends Epilogue {
  @inline
  f(sum: v128, floor: v128): v128 {
    return f32x4.pmax(sum, floor);
  }
}

/**
 * C[rows][8] = E(bias + A[rows][n] B[n][8], floor), the loop of every dense product, for one panel B of 8 contiguous
 * columns. Every element is one chain of sums over n, in order, whatever the number of rows or the path taken.
 *
 * The register tile is 4 rows by 8 columns. Past the last row its pointers stay on the last row, and rows are stored
 * last one first: what is stored twice ends as it should, nothing outside is touched, and one tile does for all.
 *
 * V8 loads everything that an iteration needs before it computes, so a larger tile or an unrolled loop spills
 * registers, and what is left to save is the arithmetic on pointers: `packed` needs two, `strided` five. Fused
 * multiply-add keeps no products in registers: there 6 rows fit, and `packed` has most rows in tiles of 6.
 */
@unmanaged
@final
export class Product<E extends Epilogue> {
  /**
   * A as tiles of 4 rows: the 4 values that meet row k of B lie side by side, `aStep` bytes after those of k - 1; tiles
   * lie `aTile` bytes apart. Values past the last row may be anything. In the relaxed build the first `tallRows` are
   * tiles of 6 instead, half as large again: an `aStep` of 16 means 24 there, others are rows of a matrix in place.
   */
  @inline
  packed(
    a: usize,
    aTile: usize,
    aStep: usize,
    b: usize,
    n: i32,
    low: v128,
    high: v128,
    c: usize,
    cRow: usize,
    rows: i32,
    floor: f32,
  ): void {
    if (ASC_FEATURE_RELAXED_SIMD) {
      const tall = tallRows(rows);
      this.tiles(6, a, aTile + (aTile >> 1), aStep === 16 ? 24 : aStep, b, n, low, high, c, cRow, tall, floor);
      a += (aTile >> 2) * <usize>tall;
      c += cRow * <usize>tall;
      rows -= tall;
    }
    this.tiles(4, a, aTile, aStep, b, n, low, high, c, cRow, rows, floor);
  }

  /** Whole tiles of `height` rows, known when compiled, and of 4 one that may lack rows. */
  @inline
  tiles(
    height: i32,
    a: usize,
    aTile: usize,
    aStep: usize,
    b: usize,
    n: i32,
    low: v128,
    high: v128,
    c: usize,
    cRow: usize,
    rows: i32,
    floor: f32,
  ): void {
    const bEnd = b + ((<usize>n) << 5);
    for (let left = rows; left > 0; left -= height, a += aTile) {
      let s00 = low;
      let s01 = high;
      let s10 = low;
      let s11 = high;
      let s20 = low;
      let s21 = high;
      let s30 = low;
      let s31 = high;
      let s40 = low;
      let s41 = high;
      let s50 = low;
      let s51 = high;
      let p = a;
      for (let k = b; k < bEnd; k += 32, p += aStep) {
        const b0 = v128.load(k);
        const b1 = v128.load(k, 16);
        let x = v128.load32_splat(p);
        s00 = fma(x, b0, s00);
        s01 = fma(x, b1, s01);
        x = v128.load32_splat(p, 4);
        s10 = fma(x, b0, s10);
        s11 = fma(x, b1, s11);
        x = v128.load32_splat(p, 8);
        s20 = fma(x, b0, s20);
        s21 = fma(x, b1, s21);
        x = v128.load32_splat(p, 12);
        s30 = fma(x, b0, s30);
        s31 = fma(x, b1, s31);
        if (height > 4) {
          x = v128.load32_splat(p, 16);
          s40 = fma(x, b0, s40);
          s41 = fma(x, b1, s41);
          x = v128.load32_splat(p, 20);
          s50 = fma(x, b0, s50);
          s51 = fma(x, b1, s51);
        }
      }
      c = this.store(s00, s01, s10, s11, s20, s21, s30, s31, c, cRow, height > 4 ? 4 : left, floor);
      if (height > 4) {
        const e = changetype<E>(0);
        const least = f32x4.splat(floor);
        v128.store(c, e.f(s40, least));
        v128.store(c, e.f(s41, least), 16);
        c += cRow;
        v128.store(c, e.f(s50, least));
        v128.store(c, e.f(s51, least), 16);
        c += cRow;
      }
    }
  }

  /** A as it lies, rows `aRow` bytes apart: for products too narrow to repay packing. */
  @inline
  strided(
    a: usize,
    aRow: usize,
    b: usize,
    n: i32,
    low: v128,
    high: v128,
    c: usize,
    cRow: usize,
    rows: i32,
    floor: f32,
  ): void {
    const bEnd = b + ((<usize>n) << 5);
    for (let left = rows; left > 0; left -= 4) {
      let a0 = a;
      let a1 = left > 1 ? a0 + aRow : a0;
      let a2 = left > 2 ? a1 + aRow : a1;
      let a3 = left > 3 ? a2 + aRow : a2;
      a = a3 + aRow;
      let s00 = low;
      let s01 = high;
      let s10 = low;
      let s11 = high;
      let s20 = low;
      let s21 = high;
      let s30 = low;
      let s31 = high;
      for (let k = b; k < bEnd; k += 32, a0 += 4, a1 += 4, a2 += 4, a3 += 4) {
        const b0 = v128.load(k);
        const b1 = v128.load(k, 16);
        let x = v128.load32_splat(a0);
        s00 = fma(x, b0, s00);
        s01 = fma(x, b1, s01);
        x = v128.load32_splat(a1);
        s10 = fma(x, b0, s10);
        s11 = fma(x, b1, s11);
        x = v128.load32_splat(a2);
        s20 = fma(x, b0, s20);
        s21 = fma(x, b1, s21);
        x = v128.load32_splat(a3);
        s30 = fma(x, b0, s30);
        s31 = fma(x, b1, s31);
      }
      c = this.store(s00, s01, s10, s11, s20, s21, s30, s31, c, cRow, left, floor);
    }
  }

  /** Stores a tile of which `left` rows count, and returns where the next one goes. */
  @inline
  store(
    s00: v128,
    s01: v128,
    s10: v128,
    s11: v128,
    s20: v128,
    s21: v128,
    s30: v128,
    s31: v128,
    c: usize,
    cRow: usize,
    left: i32,
    floor: f32,
  ): usize {
    const e = changetype<E>(0);
    const least = f32x4.splat(floor);
    const c1 = left > 1 ? c + cRow : c;
    const c2 = left > 2 ? c1 + cRow : c1;
    const c3 = left > 3 ? c2 + cRow : c2;
    v128.store(c3, e.f(s30, least));
    v128.store(c3, e.f(s31, least), 16);
    v128.store(c2, e.f(s20, least));
    v128.store(c2, e.f(s21, least), 16);
    v128.store(c1, e.f(s10, least));
    v128.store(c1, e.f(s11, least), 16);
    v128.store(c, e.f(s00, least));
    v128.store(c, e.f(s01, least), 16);
    return c3 + cRow;
  }

  /** One row of A against 2 to 4 neighbouring panels: chains of sums, two a panel, hide each other's latency. */
  @inline
  row(panels: i32, a: usize, b: usize, n: i32, bias: usize, c: usize, floor: f32): void {
    const e = changetype<E>(0);
    const least = f32x4.splat(floor);
    const panel = (<usize>n) << 5;
    const b1 = b + panel;
    let s0 = v128.load(bias);
    let s1 = v128.load(bias, 16);
    let s2 = v128.load(bias, 32);
    let s3 = v128.load(bias, 48);
    let s4 = s0;
    let s5 = s0;
    let s6 = s0;
    let s7 = s0;
    if (panels > 2) {
      s4 = v128.load(bias, 64);
      s5 = v128.load(bias, 80);
    }
    if (panels > 3) {
      s6 = v128.load(bias, 96);
      s7 = v128.load(bias, 112);
    }
    for (let k = b; k < b1; k += 32, a += 4) {
      const x = v128.load32_splat(a);
      let p = k + panel;
      s0 = fma(x, v128.load(k), s0);
      s1 = fma(x, v128.load(k, 16), s1);
      s2 = fma(x, v128.load(p), s2);
      s3 = fma(x, v128.load(p, 16), s3);
      if (panels > 2) {
        p += panel;
        s4 = fma(x, v128.load(p), s4);
        s5 = fma(x, v128.load(p, 16), s5);
      }
      if (panels > 3) {
        p += panel;
        s6 = fma(x, v128.load(p), s6);
        s7 = fma(x, v128.load(p, 16), s7);
      }
    }
    v128.store(c, e.f(s0, least));
    v128.store(c, e.f(s1, least), 16);
    v128.store(c, e.f(s2, least), 32);
    v128.store(c, e.f(s3, least), 48);
    if (panels > 2) {
      v128.store(c, e.f(s4, least), 64);
      v128.store(c, e.f(s5, least), 80);
    }
    if (panels > 3) {
      v128.store(c, e.f(s6, least), 96);
      v128.store(c, e.f(s7, least), 112);
    }
  }
}

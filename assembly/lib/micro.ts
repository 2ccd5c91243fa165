import { fma } from './simd';

/** What a product does with a finished sum before it is stored. */
@unmanaged
export abstract class Epilogue {
  abstract f(sum: v128): v128;
}

@unmanaged
@final
export class Keep extends Epilogue {
  @inline
  f(sum: v128): v128 {
    return sum;
  }
}

@unmanaged
@final
export class Rectify extends Epilogue {
  @inline
  f(sum: v128): v128 {
    return f32x4.pmax(sum, f32x4.splat(0));
  }
}

/**
 * C[rows][8] = E(bias + A[rows][n] B[n][8]), the one loop behind every dense product.
 *
 * `b` is a panel: 8 columns, contiguous. A is addressed by byte strides, so that the same loop walks a matrix and its
 * transpose. Every element is one chain of sums over n, in order, whatever the number of rows: results do not depend
 * on the batch. The register tile is 4 rows by 8 columns. Past the last row its pointers stay on the last row, which
 * is then computed and stored more than once: that costs less than a second tile, and nothing outside is touched.
 */
@unmanaged
@final
export class Product<E extends Epilogue> {
  @inline
  run(
    a: usize,
    aRow: usize,
    aStep: usize,
    b: usize,
    n: i32,
    low: v128,
    high: v128,
    c: usize,
    cRow: usize,
    rows: i32,
  ): void {
    const e = changetype<E>(0);
    const bEnd = b + ((<usize>n) << 5);
    for (let r = 0; r < rows; r += 4) {
      const left = rows - 1 - r;
      let a0 = a;
      let a1 = left > 0 ? a0 + aRow : a0;
      let a2 = left > 1 ? a1 + aRow : a1;
      let a3 = left > 2 ? a2 + aRow : a2;
      a = a3 + aRow;
      let s00 = low;
      let s01 = high;
      let s10 = low;
      let s11 = high;
      let s20 = low;
      let s21 = high;
      let s30 = low;
      let s31 = high;
      for (let k = b; k < bEnd; k += 32) {
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
        a0 += aStep;
        a1 += aStep;
        a2 += aStep;
        a3 += aStep;
      }
      v128.store(c, e.f(s00));
      v128.store(c, e.f(s01), 16);
      c = left > 0 ? c + cRow : c;
      v128.store(c, e.f(s10));
      v128.store(c, e.f(s11), 16);
      c = left > 1 ? c + cRow : c;
      v128.store(c, e.f(s20));
      v128.store(c, e.f(s21), 16);
      c = left > 2 ? c + cRow : c;
      v128.store(c, e.f(s30));
      v128.store(c, e.f(s31), 16);
      c += cRow;
    }
  }

  /** One row of A against two neighbouring panels: four chains of sums hide the latency of the addition. */
  @inline
  pair(a: usize, b: usize, n: i32, bias: usize, c: usize): void {
    const e = changetype<E>(0);
    const panel = (<usize>n) << 5;
    let s0 = v128.load(bias);
    let s1 = v128.load(bias, 16);
    let s2 = v128.load(bias, 32);
    let s3 = v128.load(bias, 48);
    for (let k = b, end = b + panel; k < end; k += 32, a += 4) {
      const x = v128.load32_splat(a);
      s0 = fma(x, v128.load(k), s0);
      s1 = fma(x, v128.load(k, 16), s1);
      s2 = fma(x, v128.load(k + panel), s2);
      s3 = fma(x, v128.load(k + panel, 16), s3);
    }
    v128.store(c, e.f(s0));
    v128.store(c, e.f(s1), 16);
    v128.store(c, e.f(s2), 32);
    v128.store(c, e.f(s3), 48);
  }
}

// @ts-nocheck: AssemblyScript, compiled by run.js.
// Loops that do nothing but multiply and add, with as little else as possible and all sums in registers. V8 leaves
// 15 vector registers. Nothing here is shared with the library: the yardstick must not change with what it measures.

/** Where the tiles' operands lie: turns x rows, then turns x 8, both within the first-level cache. */
const A: usize = 4096;
const B: usize = 16384;
export const TURNS: i32 = 256;
const END: usize = B + 32 * <usize>TURNS;

function fma(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Twelve independent sums acc = acc x + y that tend to 2, TURNS times as long as asked for. */
export function chains(times: i32): f32 {
  const x = f32x4.splat(f32.load(A));
  const y = f32x4.splat(1);
  let s0 = y;
  let s1 = y;
  let s2 = y;
  let s3 = y;
  let s4 = y;
  let s5 = y;
  let s6 = y;
  let s7 = y;
  let s8 = y;
  let s9 = y;
  let s10 = y;
  let s11 = y;
  for (let i = 0; i < times * TURNS; i++) {
    s0 = fma(s0, x, y);
    s1 = fma(s1, x, y);
    s2 = fma(s2, x, y);
    s3 = fma(s3, x, y);
    s4 = fma(s4, x, y);
    s5 = fma(s5, x, y);
    s6 = fma(s6, x, y);
    s7 = fma(s7, x, y);
    s8 = fma(s8, x, y);
    s9 = fma(s9, x, y);
    s10 = fma(s10, x, y);
    s11 = fma(s11, x, y);
  }
  s0 = f32x4.add(f32x4.add(s0, s1), f32x4.add(s2, s3));
  s4 = f32x4.add(f32x4.add(s4, s5), f32x4.add(s6, s7));
  s8 = f32x4.add(f32x4.add(s8, s9), f32x4.add(s10, s11));
  return f32x4.extract_lane(f32x4.add(s0, f32x4.add(s4, s8)), 0);
}

/** The library's register tile on packed operands: 4 rows by 8 columns, TURNS long. */
export function tile4x8(times: i32): f32 {
  let total = f32x4.splat(0);
  for (let t = 0; t < times; t++) {
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    let a = A;
    for (let b = B; b < END; b += 32, a += 16) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load32_splat(a);
      s00 = fma(x, b0, s00);
      s01 = fma(x, b1, s01);
      x = v128.load32_splat(a, 4);
      s10 = fma(x, b0, s10);
      s11 = fma(x, b1, s11);
      x = v128.load32_splat(a, 8);
      s20 = fma(x, b0, s20);
      s21 = fma(x, b1, s21);
      x = v128.load32_splat(a, 12);
      s30 = fma(x, b0, s30);
      s31 = fma(x, b1, s31);
    }
    s00 = f32x4.add(f32x4.add(s00, s01), f32x4.add(s10, s11));
    s20 = f32x4.add(f32x4.add(s20, s21), f32x4.add(s30, s31));
    total = f32x4.add(s00, s20);
  }
  return f32x4.extract_lane(total, 0);
}

/** 6 rows by 8 columns: more arithmetic per load, though on some machines too many registers. */
export function tile6x8(times: i32): f32 {
  let total = f32x4.splat(0);
  for (let t = 0; t < times; t++) {
    let s00 = f32x4.splat(0);
    let s01 = s00;
    let s10 = s00;
    let s11 = s00;
    let s20 = s00;
    let s21 = s00;
    let s30 = s00;
    let s31 = s00;
    let s40 = s00;
    let s41 = s00;
    let s50 = s00;
    let s51 = s00;
    let a = A;
    for (let b = B; b < END; b += 32, a += 24) {
      const b0 = v128.load(b);
      const b1 = v128.load(b, 16);
      let x = v128.load32_splat(a);
      s00 = fma(x, b0, s00);
      s01 = fma(x, b1, s01);
      x = v128.load32_splat(a, 4);
      s10 = fma(x, b0, s10);
      s11 = fma(x, b1, s11);
      x = v128.load32_splat(a, 8);
      s20 = fma(x, b0, s20);
      s21 = fma(x, b1, s21);
      x = v128.load32_splat(a, 12);
      s30 = fma(x, b0, s30);
      s31 = fma(x, b1, s31);
      x = v128.load32_splat(a, 16);
      s40 = fma(x, b0, s40);
      s41 = fma(x, b1, s41);
      x = v128.load32_splat(a, 20);
      s50 = fma(x, b0, s50);
      s51 = fma(x, b1, s51);
    }
    s00 = f32x4.add(f32x4.add(s00, s01), f32x4.add(s10, s11));
    s20 = f32x4.add(f32x4.add(s20, s21), f32x4.add(s30, s31));
    s40 = f32x4.add(f32x4.add(s40, s41), f32x4.add(s50, s51));
    total = f32x4.add(s00, f32x4.add(s20, s40));
  }
  return f32x4.extract_lane(total, 0);
}

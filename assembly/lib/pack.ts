import { TALL } from './engine';

/** Transposes the 4x4 block at `from`, rows `fromRow` bytes apart, into rows `toRow` bytes apart. */
export function transpose4(r0: v128, r1: v128, r2: v128, r3: v128, to: usize, toRow: usize): void {
  const low01 = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const low23 = i8x16.shuffle(r2, r3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const high01 = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const high23 = i8x16.shuffle(r2, r3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(to, i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  to += toRow;
  v128.store(to, i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  to += toRow;
  v128.store(to, i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  to += toRow;
  v128.store(to, i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

/** Rows that go into tiles of 6: as many as leave whole tiles of 4, or an odd row less. */
export function tallRows(rows: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD || !TALL) return 0;
  const left = rows % 6;
  return max(rows - (((left + 1) & 3) < 2 ? left : left + 6), 0);
}

/**
 * Packs a matrix into tiles of rows: [tallRows / 6][columns][6], then [ceil(rest / 4)][columns][4]. Rows past the last
 * repeat it. Reads whole vectors: the row stride is a multiple of 8 elements.
 */
export function packRows(from: usize, stride: usize, to: usize, rows: i32, columns: i32): void {
  const bytes = (<usize>columns) << 2;
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (let tall = tallRows(rows); tall > 0; tall -= 6, rows -= 6, to += bytes * 6) {
      packFour(from, stride, to, 24, 4, columns);
      from += stride << 2;
      packTwo(from, from + stride, to + 16, columns);
      from += stride << 1;
    }
  }
  for (; rows > 0; rows -= 4, from += stride << 2, to += bytes << 2) packFour(from, stride, to, 16, rows, columns);
}

/** Packs up to 4 rows, side by side every `toRow` bytes. */
function packFour(from: usize, stride: usize, to: usize, toRow: usize, rows: i32, columns: i32): void {
  let a0 = from;
  let a1 = rows > 1 ? a0 + stride : a0;
  let a2 = rows > 2 ? a1 + stride : a1;
  let a3 = rows > 3 ? a2 + stride : a2;
  let left = columns;
  for (; left > 3; left -= 4, to += toRow << 2, a0 += 16, a1 += 16, a2 += 16, a3 += 16) {
    transpose4(v128.load(a0), v128.load(a1), v128.load(a2), v128.load(a3), to, toRow);
  }
  for (; left > 0; left--, to += toRow, a0 += 4, a1 += 4, a2 += 4, a3 += 4) {
    f32.store(to, f32.load(a0));
    f32.store(to, f32.load(a1), 4);
    f32.store(to, f32.load(a2), 8);
    f32.store(to, f32.load(a3), 12);
  }
}

/** Packs the last 2 rows of a tile of 6. */
function packTwo(a0: usize, a1: usize, to: usize, columns: i32): void {
  let left = columns;
  for (; left > 3; left -= 4, to += 96, a0 += 16, a1 += 16) {
    const r0 = v128.load(a0);
    const r1 = v128.load(a1);
    const low = i8x16.shuffle(r0, r1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const high = i8x16.shuffle(r0, r1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    v128.store64_lane(to, low, 0);
    v128.store64_lane(to, low, 1, 24);
    v128.store64_lane(to, high, 0, 48);
    v128.store64_lane(to, high, 1, 72);
  }
  for (; left > 0; left--, to += 24, a0 += 4, a1 += 4) {
    f32.store(to, f32.load(a0));
    f32.store(to, f32.load(a1), 4);
  }
}

/**
 * Packs a matrix into tiles of columns: [tallRows(columns) / 6][rows][6], then [ceil(rest / 4)][rows][4], with what its
 * padding holds; of those a cache line of 16 columns at a time.
 */
export function packColumns(from: usize, stride: usize, to: usize, rows: i32, columns: i32): void {
  let left = columns;
  if (ASC_FEATURE_RELAXED_SIMD) {
    let tall = tallRows(columns);
    left -= tall;
    const tile = <usize>rows * 24;
    for (; tall > 0; tall -= 6, from += 24) {
      let p = from;
      for (const end = to + tile; to < end; to += 24, p += stride) {
        v128.store(to, v128.load(p));
        i64.store(to, i64.load(p, 16), 16);
      }
    }
  }
  const tile = (<usize>rows) << 4;
  for (; left > 12; left -= 16, from += 64, to += tile << 2) {
    let p = from;
    let out = to;
    for (const end = to + tile; out < end; out += 16, p += stride) {
      v128.store(out, v128.load(p));
      v128.store(out + tile, v128.load(p, 16));
      v128.store(out + (tile << 1), v128.load(p, 32));
      v128.store(out + tile * 3, v128.load(p, 48));
    }
  }
  for (; left > 0; left -= 4, from += 16) {
    let p = from;
    for (const end = to + tile; to < end; to += 16, p += stride) v128.store(to, v128.load(p));
  }
}

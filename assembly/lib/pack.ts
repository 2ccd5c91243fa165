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

/**
 * Packs a matrix into tiles of 4 rows [ceil(rows / 4)][columns][4]. Rows past the last repeat it. Reads whole vectors:
 * the row stride is a multiple of 8 elements.
 */
export function packRows(from: usize, stride: usize, to: usize, rows: i32, columns: i32): void {
  const tile = (<usize>columns) << 4;
  for (let left = rows; left > 0; left -= 4, to += tile) {
    let a0 = from;
    let a1 = left > 1 ? a0 + stride : a0;
    let a2 = left > 2 ? a1 + stride : a1;
    let a3 = left > 3 ? a2 + stride : a2;
    from = a3 + stride;
    let out = to;
    const end = to + ((<usize>(columns & ~3)) << 4);
    for (; out < end; out += 64, a0 += 16, a1 += 16, a2 += 16, a3 += 16) {
      transpose4(v128.load(a0), v128.load(a1), v128.load(a2), v128.load(a3), out, 16);
    }
    for (; out < to + tile; out += 16, a0 += 4, a1 += 4, a2 += 4, a3 += 4) {
      f32.store(out, f32.load(a0));
      f32.store(out, f32.load(a1), 4);
      f32.store(out, f32.load(a2), 8);
      f32.store(out, f32.load(a3), 12);
    }
  }
}

/**
 * Packs a matrix into tiles of 4 columns [ceil(columns / 4)][rows][4], with what its padding holds; a cache line of 16
 * columns at a time.
 */
export function packColumns(from: usize, stride: usize, to: usize, rows: i32, columns: i32): void {
  const tile = (<usize>rows) << 4;
  let left = columns;
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

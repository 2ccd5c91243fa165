import { at, copyRow } from '../lib/simd';

// A table has `dim` columns, rows without padding, and ids of its rows: whole numbers in float32, `columns` in each of
// `rows` rows that are `stride` elements apart. Ids are not checked here but where they are passed in.

/** y = the table's row of each id, side by side. */
export function embeddingForward(
  ids: i32,
  table: i32,
  y: i32,
  rows: i32,
  columns: i32,
  dim: i32,
  stride: i32,
  yStride: i32,
): void {
  for (let r = 0; r < rows; r++) {
    let p = at(ids + r * stride);
    let q = at(y + r * yStride);
    for (const end = p + at(columns); p < end; p += 4, q += at(dim)) {
      copyRow(at(table + <i32>f32.load(p) * dim), q, dim);
    }
  }
}

/**
 * distinct = the ids that occur, in the order in which they do, then -1; places = for each id its place among them, without
 * the padding of `ids`. `seen` has an element for each row of the table, of no meaning before or after.
 */
export function embeddingRows(
  ids: i32,
  seen: i32,
  places: i32,
  distinct: i32,
  rows: i32,
  columns: i32,
  stride: i32,
): void {
  const first = at(seen);
  for (let r = 0; r < rows; r++) {
    let p = at(ids + r * stride);
    for (const end = p + at(columns); p < end; p += 4) f32.store(first + at(<i32>f32.load(p)), -1);
  }
  let count = 0;
  let o = at(places);
  for (let r = 0; r < rows; r++) {
    let p = at(ids + r * stride);
    for (const end = p + at(columns); p < end; p += 4, o += 4) {
      const id = f32.load(p);
      const q = first + at(<i32>id);
      let place = f32.load(q);
      if (place < 0) {
        place = <f32>count;
        f32.store(q, place);
        f32.store(at(distinct + count), id);
        count++;
      }
      f32.store(o, place);
    }
  }
  for (const n = rows * columns; count < n; count++) f32.store(at(distinct + count), -1);
}

/** g = for each distinct id, the sum of dy where it occurs, in that order; zeros up to `size` elements. */
export function embeddingGradient(
  dy: i32,
  places: i32,
  g: i32,
  rows: i32,
  columns: i32,
  dim: i32,
  stride: i32,
  size: i32,
): void {
  memory.fill(at(g), 0, at(size));
  let o = at(places);
  for (let r = 0; r < rows; r++) {
    let p = at(dy + r * stride);
    for (let c = 0; c < columns; c++, o += 4) {
      let q = at(g + <i32>f32.load(o) * dim);
      let n = dim;
      for (; n > 3; n -= 4, p += 16, q += 16) v128.store(q, f32x4.add(v128.load(q), v128.load(p)));
      for (; n > 0; n--, p += 4, q += 4) f32.store(q, f32.load(q) + f32.load(p));
    }
  }
}

/** y = the table's rows that `distinct` names, of at most n, then zeros up to `size` elements. */
export function gatherRows(table: i32, distinct: i32, y: i32, n: i32, dim: i32, size: i32): void {
  let q = at(y);
  const end = q + at(size);
  for (let i = 0; i < n; i++, q += at(dim)) {
    const id = f32.load(at(distinct + i));
    if (id < 0) break;
    copyRow(at(table + <i32>id * dim), q, dim);
  }
  memory.fill(q, 0, end - q);
}

/** Reverses gatherRows: puts rows back where it took them. */
export function scatterRows(x: i32, distinct: i32, table: i32, n: i32, dim: i32): void {
  let p = at(x);
  for (let i = 0; i < n; i++, p += at(dim)) {
    const id = f32.load(at(distinct + i));
    if (id < 0) break;
    copyRow(p, at(table + <i32>id * dim), dim);
  }
}

type Floats = Float32Array | Float64Array;

/** A loop copies fewer numbers than these faster than `set` does. */
export const SHORT = 32;

/** Copies rows between flat arrays, from and to a place of the first, each with its own distance from row to row. */
export function copyRows(
  from: Floats,
  first: number,
  fromStride: number,
  to: Floats,
  start: number,
  toStride: number,
  rows: number,
  columns: number,
): void {
  const whole = columns & ~3;
  for (let r = 0; r < rows; r++) {
    const a = first + r * fromStride;
    const b = start + r * toStride;
    for (let c = 0; c < whole; c += 4) {
      to[b + c] = from[a + c]!;
      to[b + c + 1] = from[a + c + 1]!;
      to[b + c + 2] = from[a + c + 2]!;
      to[b + c + 3] = from[a + c + 3]!;
    }
    for (let c = whole; c < columns; c++) to[b + c] = from[a + c]!;
  }
}

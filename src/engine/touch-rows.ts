// Reads rows before they are copied. Measured in bench/NOTES.md, "Cleverness that pays"; test/engine/touch-rows.test.ts
// counts the reads.

/** Rows of fewer elements are read in every cache line before they are copied; of others the machine fetches the rest by itself. */
const SHORT = 256;

/**
 * Reads something of rows that are about to be copied: misses that nothing waits for overlap, those of pages, too. The
 * sum has no meaning; to be stored, so that no compiler leaves the reads out.
 */
export function touchRows(
  data: Float32Array,
  columns: number,
  order: Uint32Array,
  start: number,
  rows: number,
): number {
  const step = columns < SHORT ? 16 : columns;
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const from = (order[start + r] as number) * columns;
    for (let c = 0; c < columns; c += step) sum += data[from + c] as number;
    sum += data[from + columns - 1] as number;
  }
  return sum;
}

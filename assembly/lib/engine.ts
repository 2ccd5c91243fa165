/**
 * Says whether products take tiles of 6 rows and 4 panels: not every engine keeps their sums in registers
 * (src/backends/fused.ts).
 */
export declare const TALL: i32;

export interface Digits {
  /** One digit a row: 8 x 8 pixels from 0 to 1. */
  x: { data: Float32Array; rows: number; columns: number };
  /** What each row shows, 0 to 9. */
  y: Uint8Array;
}

export function readDigits(): Digits;
export function split(digits: Digits, seed: number, testShare?: number): { train: Digits; test: Digits };

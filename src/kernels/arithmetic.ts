import { exp, log, log1p, sigmoid, tanh } from './math.js';

/** What the TypeScript kernels compute with. */
export interface Arithmetic {
  readonly round: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly log: (x: number) => number;
  readonly log1p: (x: number) => number;
  readonly sigmoid: (x: number) => number;
  readonly tanh: (x: number) => number;
}

/** Rounds after every operation, and so repeats the bits of WebAssembly. */
export const float32: Arithmetic = { round: Math.fround, exp, log, log1p, sigmoid, tanh };

/** Rounds nothing; for gradient checks on a heap of float64. */
export const float64: Arithmetic = {
  round: (x) => x,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
};

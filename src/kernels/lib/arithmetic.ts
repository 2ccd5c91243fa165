import { bell, exp, expm1, log, log1p, logOnePlus, middle, sigmoid, tail, tanh } from './math.js';

/** Supplies the arithmetic of the TypeScript kernels. */
export interface Arithmetic {
  readonly round: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly log: (x: number) => number;
  /** log(1 + x) for 0 <= x <= 1. */
  readonly log1p: (x: number) => number;
  /** log(1 + x) for x >= 0. */
  readonly logOnePlus: (x: number) => number;
  readonly sigmoid: (x: number) => number;
  readonly tanh: (x: number) => number;
  /** e^x - 1 for x <= 0. */
  readonly expm1: (x: number) => number;
  /** e^(-t^2 / 2) for 0 <= t <= 13.2. */
  readonly bell: (t: number) => number;
  /** P(X < -t) of a normal X over bell(t). */
  readonly tail: (t: number) => number;
  /** P(X < x) for |x| < 0.75. */
  readonly middle: (x: number) => number;
}

/** Rounds after every operation, and so repeats the bits of WebAssembly. */
export const float32: Arithmetic = {
  round: Math.fround,
  exp,
  log,
  log1p,
  logOnePlus,
  sigmoid,
  tanh,
  expm1,
  bell,
  tail,
  middle,
};

/** Rounds nothing; for gradient checks on a heap of float64. */
export const float64: Arithmetic = {
  round: (x) => x,
  exp: Math.exp,
  log: Math.log,
  log1p: Math.log1p,
  logOnePlus: Math.log1p,
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  tanh: Math.tanh,
  expm1: Math.expm1,
  bell: (t) => Math.exp((t * t) / -2),
  tail: (t) => tail(t, (value) => value),
  middle: (x) => middle(x, (value) => value),
};

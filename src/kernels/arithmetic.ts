import { bell, exp, expm1, log, log1p, logOnePlus, normal, sigmoid, tanh } from './math.js';

/** What the TypeScript kernels compute with. */
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
  /** e^(-t^2 / 2) for 0 <= t <= 15. */
  readonly bell: (t: number) => number;
  /** The normal distribution, where t = min(|x|, 15) and e = bell(t). */
  readonly normal: (x: number, t: number, e: number) => number;
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
  normal,
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
  normal: (x, t, e) => normal(x, t, e, (value) => value),
};

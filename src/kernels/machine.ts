import { exp, log, log1p, sigmoid, tanh } from './math.js';

/**
 * What the TypeScript kernels compute with. The float32 machine rounds after every operation and so repeats the bits
 * of WebAssembly; the float64 machine rounds nothing and serves gradient checks.
 */
export interface Machine {
  readonly heap: Float32Array | Float64Array;
  readonly round: (x: number) => number;
  readonly exp: (x: number) => number;
  readonly log: (x: number) => number;
  readonly log1p: (x: number) => number;
  readonly sigmoid: (x: number) => number;
  readonly tanh: (x: number) => number;
}

export function float32Machine(elements: number): Machine {
  return { heap: new Float32Array(elements), round: Math.fround, exp, log, log1p, sigmoid, tanh };
}

export function float64Machine(elements: number): Machine {
  return {
    heap: new Float64Array(elements),
    round: (x) => x,
    exp: Math.exp,
    log: Math.log,
    log1p: Math.log1p,
    sigmoid: (x) => 1 / (1 + Math.exp(-x)),
    tanh: Math.tanh,
  };
}

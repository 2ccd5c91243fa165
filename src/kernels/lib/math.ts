// These are the float32 functions of assembly/lib/math.ts, operation for operation; the comments there name the sources.

import { logarithm } from './logarithm.js';

export { log } from './logarithm.js';

const f = Math.fround;

function fma(a: number, b: number, c: number): number {
  return f(f(a * b) + c);
}

const MAGIC = 12582912;
const LOG2E = f(Math.LOG2E);
const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(2.1219444e-4);
const LOWEST = f(-87.33654);
const EXP_ZERO = f(-86.98);
const EXP = [1.98756915e-4, 1.3981999507e-3, 8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1].map(f);
const [E0, E1, E2, E3, E4, E5] = EXP as [number, number, number, number, number, number];

/** 2^(n - 1) at index n + 126. */
const POWERS = Float64Array.from({ length: 256 }, (_, i) => 2 ** (i - 127));

function reduced(r: number): number {
  const z = f(r * r);
  const p = fma(fma(fma(r, E0, E1), z, fma(r, E2, E3)), z, fma(r, E4, E5));
  return fma(p, z, r);
}

function rest(t: number, n: number): number {
  return f(f(t - f(n * LN2_HIGH)) + f(n * LN2_LOW));
}

export function exp(x: number): number {
  let t = 89 < x ? 89 : x;
  t = t < LOWEST ? LOWEST : t;
  const n = f(f(f(t * LOG2E) + MAGIC) - MAGIC);
  const y = f(reduced(rest(t, n)) + 1);
  return x < EXP_ZERO ? 0 : f((y + y) * (POWERS[n + 126] as number));
}

/** Computes it for x <= 0. */
export function expm1(x: number): number {
  const t = x < -30 ? -30 : x;
  const n = f(f(f(t * LOG2E) + MAGIC) - MAGIC);
  const power = POWERS[n + 127] as number;
  return fma(power, reduced(rest(t, n)), f(power - 1));
}

const floats = new Float32Array(1);
const bits = new Int32Array(floats.buffer);

const LOG1P = [
  -3.67746547e-3, 2.18754192e-2, -6.09214718e-2, 1.10251299e-1, -1.55695364e-1, 1.97743233e-1, -2.49750981e-1,
  3.33322506e-1,
].map(f);
const [P0, P1, P2, P3, P4, P5, P6, P7] = LOG1P as [number, number, number, number, number, number, number, number];

/** Computes it for 0 <= x <= 1. */
export function log1p(x: number): number {
  const z = f(x * x);
  let p = fma(x, P0, P1);
  p = fma(p, z, fma(x, P2, P3));
  p = fma(p, z, fma(x, P4, P5));
  p = fma(p, z, fma(x, P6, P7));
  return f(x + f(f(f(p * x) * z) - f(z * 0.5)));
}

const SQRT_HALF = 0x3f3504f3;

/** Computes it for x >= 0. */
export function logOnePlus(x: number): number {
  const w = f(1 + x);
  const lost = f(x - f(w - 1));
  floats[0] = w;
  const word = (bits[0] as number) - SQRT_HALF;
  const n = word >> 23;
  bits[0] = (word & 0x007fffff) + SQRT_HALF;
  const m = f((floats[0] as number) - 1);
  return logarithm(fma(lost, POWERS[127 - n] as number, m), n);
}

export function sigmoid(x: number): number {
  return f(1 / f(1 + exp(-x)));
}

const TANH = [-5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1].map(f);
const [T0, T1, T2, T3, T4] = TANH as [number, number, number, number, number];

export function tanh(x: number): number {
  const a = Math.abs(x);
  if (a < 0.625) {
    const z = f(x * x);
    let p = fma(z, T0, T1);
    p = fma(p, z, T2);
    p = fma(p, z, T3);
    p = fma(p, z, T4);
    return fma(f(p * z), x, x);
  }
  const large = f(1 - f(2 / f(exp(f(a + a)) + 1)));
  return x < 0 ? -large : large;
}

/** Computes it for 0 <= t <= 13.2. */
export function bell(t: number): number {
  floats[0] = t;
  bits[0] = (bits[0] as number) & 0xfffff000;
  const short = floats[0] as number;
  const whole = f(f(t * t) * -0.5);
  if (whole < EXP_ZERO) return 0;
  const high = f(f(short * short) * -0.5);
  const low = f(f(f(t + short) * f(t - short)) * -0.5);
  const n = f(f(f(whole * LOG2E) + MAGIC) - MAGIC);
  const y = f(reduced(f(f(high - f(n * LN2_HIGH)) + f(f(n * LN2_LOW) + low))) + 1);
  return f((y + y) * (POWERS[n + 126] as number));
}

const TAIL = [
  -1.137068539e-4, -2.136914845e-4, 6.901405286e-4, 1.754192403e-3, -5.108817946e-3, -1.023383252e-2, 7.109895349e-2,
  -1.714958102e-1, 2.532442808e-1,
].map(f);
const SLOPE = f(0.35);
const MIDDLE = [1.01813647e-4, -1.17985312e-3, 9.97174165e-3, -6.64901994e-2, 3.98942275e-1].map(f);

/** e^(t^2 / 2) P(X < -t) of a normal X for 0 <= t <= 13.2, rounded by `round` after each operation. */
export function tail(t: number, round = f): number {
  const r = round(1 / round(round(t * SLOPE) + 1));
  return round(pairs(TAIL, round(1 - (r + r)), round) * r);
}

/** Returns P(X < x) for |x| < 0.75. */
export function middle(x: number, round = f): number {
  return round(round(polynomial(MIDDLE, round(x * x), round) * x) + 0.5);
}

function polynomial(coefficients: readonly number[], x: number, round: (x: number) => number): number {
  let p = coefficients[0] as number;
  for (let i = 1; i < coefficients.length; i++) p = round(round(p * x) + (coefficients[i] as number));
  return p;
}

/** Does the same for an odd number of coefficients, in the square of x over the first and pairs of the others. */
function pairs(coefficients: readonly number[], x: number, round: (x: number) => number): number {
  const square = round(x * x);
  let p = coefficients[0]!;
  for (let i = 1; i < coefficients.length; i += 2) {
    p = round(round(p * square) + round(round(x * coefficients[i]!) + coefficients[i + 1]!));
  }
  return p;
}

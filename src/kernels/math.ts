// The float32 functions of assembly/lib/math.ts, operation for operation; the comments there name the sources.

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

export function exp(x: number): number {
  let t = 89 < x ? 89 : x;
  t = t < LOWEST ? LOWEST : t;
  const n = f(f(f(t * LOG2E) + MAGIC) - MAGIC);
  let r = f(t - f(n * LN2_HIGH));
  r = f(r + f(n * LN2_LOW));
  let p = fma(r, E0, E1);
  p = fma(p, r, E2);
  p = fma(p, r, E3);
  p = fma(p, r, E4);
  p = fma(p, r, E5);
  const y = f(fma(p, f(r * r), r) + 1);
  return x < EXP_ZERO ? 0 : f((y + y) * (POWERS[n + 126] as number));
}

const floats = new Float32Array(1);
const bits = new Int32Array(floats.buffer);

const SQRT_HALF = f(Math.SQRT1_2);
const SMALLEST_NORMAL = f(1.17549435e-38);
const LOG = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
].map(f);
const [L0, L1, L2, L3, L4, L5, L6, L7, L8] = LOG as [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

export function log(x: number): number {
  if (x === Infinity || Number.isNaN(x)) return x;
  if (x < 0) return Number.NaN;
  if (x < SMALLEST_NORMAL) return -Infinity;
  floats[0] = x;
  const word = bits[0] as number;
  let e = (word >>> 23) - 126;
  bits[0] = (word & 0x007fffff) | 0x3f000000;
  let m = floats[0] as number;
  if (m < SQRT_HALF) {
    e -= 1;
    m = f(m + m);
  }
  m = f(m - 1);
  const z = f(m * m);
  let p = fma(m, L0, L1);
  p = fma(p, m, L2);
  p = fma(p, m, L3);
  p = fma(p, m, L4);
  p = fma(p, m, L5);
  p = fma(p, m, L6);
  p = fma(p, m, L7);
  p = fma(p, m, L8);
  let y = f(f(p * m) * z);
  y = fma(e, -LN2_LOW, y);
  y = f(y - f(z * 0.5));
  return fma(e, LN2_HIGH, f(m + y));
}

export function log1p(x: number): number {
  const w = f(1 + x);
  return f(log(w) + f(f(x - f(w - 1)) / w));
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

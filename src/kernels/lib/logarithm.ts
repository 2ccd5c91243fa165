// The logarithm of math.ts is in a file of its own, since initializers need no more of it.

const f = Math.fround;

function fma(a: number, b: number, c: number): number {
  return f(f(a * b) + c);
}

const LN2_HIGH = f(0.693359375);
const LN2_LOW = f(2.1219444e-4);

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

/** Returns log(1 + m) + n ln 2. */
export function logarithm(m: number, n: number): number {
  const z = f(m * m);
  let p = fma(z, L0, fma(m, L1, L2));
  p = fma(p, z, fma(m, L3, L4));
  p = fma(p, z, fma(m, L5, L6));
  p = fma(p, z, fma(m, L7, L8));
  let y = f(f(p * m) * z);
  y = fma(n, -LN2_LOW, y);
  y = f(y - f(z * 0.5));
  return fma(n, LN2_HIGH, f(m + y));
}

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
  return logarithm(m, e);
}

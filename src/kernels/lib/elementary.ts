/**
 * exp, log, cos and powers in float64 from + - * / and the bits of numbers, for what is computed once a step: the same
 * bits on every engine, which those of Math do not promise. After fdlibm (Sun Microsystems, 1993), within about an ulp.
 */
import { power } from './power.js';

const LN2_HIGH = 0.6931471803691238;
const LN2_LOW = 1.9082149292705877e-10;

/** Returns 2^n for a whole n from -1022 to 1023, exactly. */
function powerOfTwo(n: number): number {
  return n < 0 ? 1 / power(2, -n) : power(2, n);
}

function polynomial(x: number, coefficients: readonly number[]): number {
  let sum = 0;
  for (let i = coefficients.length - 1; i >= 0; i--) sum = sum * x + (coefficients[i] as number);
  return sum;
}

const EXP = [
  0.16666666666666602, -0.0027777777777015593, 6.613756321437934e-5, -1.6533902205465252e-6, 4.1381367970572385e-8,
];

/** e^x; 0 below -708, where the result would be denormal. */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x < -708) return 0;
  if (x > 709.782712893384) return Infinity;
  const n = Math.floor(x / (LN2_HIGH + LN2_LOW) + 0.5);
  const high = x - n * LN2_HIGH;
  const low = n * LN2_LOW;
  const r = high - low;
  const c = r - r * r * polynomial(r * r, EXP);
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return n > 1023 ? y * 2 * powerOfTwo(n - 1) : y * powerOfTwo(n);
}

const LOG = [
  0.6666666666666735, 0.3999999999940942, 0.2857142874366239, 0.22222198432149784, 0.1818357216161805,
  0.15313837699209373, 0.14798198605116586,
];

/** A number as bits; one for all calls, as none lasts. */
const bits = /* @__PURE__ */ new DataView(/* @__PURE__ */ new ArrayBuffer(8));

/** Returns the natural logarithm of a normal number; -Infinity of 0. */
export function log(x: number): number {
  if (!(x > 0) || x === Infinity) return x === 0 ? -Infinity : x > 0 ? x : Number.NaN;
  bits.setFloat64(0, x);
  const top = bits.getUint32(0);
  let n = (top >>> 20) - 1023;
  bits.setUint32(0, (top & 0xfffff) | 0x3ff00000);
  let mantissa = bits.getFloat64(0);
  if (mantissa > Math.SQRT2) {
    mantissa /= 2;
    n++;
  }
  const f = mantissa - 1;
  const s = f / (2 + f);
  const r = s * s * polynomial(s * s, LOG);
  const half = 0.5 * f * f;
  return n * LN2_HIGH - (half - (s * (half + r) + n * LN2_LOW) - f);
}

const HALF_PI_HIGH = 1.5707963267341256;
const HALF_PI_LOW = 6.077100506506192e-11;
const COS = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7, 2.087572321298175e-9,
  -1.1359647557788195e-11,
];
const SIN = [
  -0.16666666666666632, 0.00833333333332249, -1.984126982985795e-4, 2.7557313707070068e-6, -2.5050760253406863e-8,
  1.58969099521155e-10,
];

/** Returns the cosine, for arguments up to some thousands. */
export function cos(x: number): number {
  const n = Math.floor(x / (HALF_PI_HIGH + HALF_PI_LOW) + 0.5);
  const high = x - n * HALF_PI_HIGH;
  const low = n * HALF_PI_LOW;
  const r = high - low;
  const rest = high - r - low;
  const z = r * r;
  const quadrant = ((n % 4) + 4) % 4;
  if (quadrant % 2 === 1) {
    const sine = r + (z * r * polynomial(z, SIN) + rest);
    return quadrant === 1 ? -sine : sine;
  }
  const half = 0.5 * z;
  const w = 1 - half;
  const cosine = w + (1 - w - half + (z * z * polynomial(z, COS) - r * rest));
  return quadrant === 0 ? cosine : -cosine;
}

/** Returns base^exponent for a base above 0; whole exponents by squaring. */
export function pow(base: number, exponent: number): number {
  if (Number.isInteger(exponent)) return exponent < 0 ? 1 / power(base, -exponent) : power(base, exponent);
  return base === 0 ? 0 : exp(exponent * log(base));
}

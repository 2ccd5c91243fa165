/**
 * Sine and cosine of angles from 0 to 2 pi, with the same bits on every engine, which those of Math do not promise. After
 * fdlibm (Sun Microsystems, 1993), operation by operation, so that they are what Node's Math gives.
 */

const SIN = [
  -0.16666666666666632, 0.00833333333332249, -0.0001984126982985795, 2.7557313707070068e-6, -2.5050760253406863e-8,
  1.58969099521155e-10,
] as const;
const COS = [
  0.0416666666666666, -0.001388888888887411, 2.480158728947673e-5, -2.7557314351390663e-7, 2.087572321298175e-9,
  -1.1359647557788195e-11,
] as const;

/** Half of pi, in parts whose multiples are exact. */
const HALF_PI = 1.5707963267341256;
const HALF_PI_REST = 6.077100506506192e-11;
const HALF_PI_SECOND = 6.077100506303966e-11;
const HALF_PI_LAST = 2.0222662487959506e-21;
const PER_HALF_PI = 0.6366197723675814;

const view = /* @__PURE__ */ new DataView(new ArrayBuffer(8));

/** Returns the first 32 bits of a number, without its sign. */
function topOf(x: number): number {
  view.setFloat64(0, x);
  return view.getInt32(0) & 0x7fffffff;
}

function fromTop(top: number): number {
  view.setInt32(0, top);
  view.setInt32(4, 0);
  return view.getFloat64(0);
}

/** Returns the sine of x + rest, of an eighth of a circle at most. */
function kernelSin(x: number, rest: number, exact: boolean): number {
  const z = x * x;
  const v = z * x;
  const r = SIN[1] + z * (SIN[2] + z * (SIN[3] + z * (SIN[4] + z * SIN[5])));
  return exact ? x + v * (SIN[0] + z * r) : x - (z * (0.5 * rest - v * r) - rest - v * SIN[0]);
}

function kernelCos(x: number, rest: number): number {
  const top = topOf(x);
  const z = x * x;
  const r = z * (COS[0] + z * (COS[1] + z * (COS[2] + z * (COS[3] + z * (COS[4] + z * COS[5])))));
  if (top < 0x3fd33333) return 1 - (0.5 * z - (z * r - x * rest));
  const q = top > 0x3fe90000 ? 0.28125 : fromTop(top - 0x00200000);
  return 1 - q - (0.5 * z - q - (z * r - x * rest));
}

/** Returns the quarter of the circle, and what is left of the angle, in two parts. */
function reduce(x: number): readonly [quarter: number, x: number, rest: number] {
  if (x <= Math.PI / 4) return [0, x, 0];
  const quarter = Math.trunc(x * PER_HALF_PI + 0.5);
  let high = x - quarter * HALF_PI;
  let low = quarter * HALF_PI_REST;
  let left = high - low;
  // Near a multiple of half of pi, few digits are left, so more digits of pi are subtracted.
  if ((topOf(x) >> 20) - (topOf(left) >> 20) > 16) {
    const before = high;
    low = quarter * HALF_PI_SECOND;
    high = before - low;
    low = quarter * HALF_PI_LAST - (before - high - low);
    left = high - low;
  }
  return [quarter, left, high - left - low];
}

export function sin(angle: number): number {
  const [quarter, x, rest] = reduce(angle);
  const value = quarter % 2 === 0 ? kernelSin(x, rest, quarter === 0) : kernelCos(x, rest);
  return quarter % 4 > 1 ? -value : value;
}

export function cos(angle: number): number {
  const [quarter, x, rest] = reduce(angle);
  const value = quarter % 2 === 0 ? kernelCos(x, rest) : kernelSin(x, rest, false);
  return quarter % 4 === 1 || quarter % 4 === 2 ? -value : value;
}

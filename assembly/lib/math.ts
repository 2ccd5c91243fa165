import { fma } from './simd';

// Polynomials are read from memory, since V8 rebuilds vector constants in every iteration.
const LOG = memory.data<f32>([
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1,
  2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1, -2.1219444e-4, 0.5, 0.693359375, 1.17549435e-38,
]);
// These are the bits of sqrt(1/2), those of a mantissa, and two that reveal what is not a positive normal number.
const PARTS = memory.data<u32>([0x3f3504f3, 0x007fffff, 0x7f800000, 0xfeffffff]);
const TANH = memory.data<f32>([
  -5.70498872745e-3, 2.06390887954e-2, -5.37397155531e-2, 1.33314422036e-1, -3.33332819422e-1,
]);
const TAIL = memory.data<f32>([
  -1.137068539e-4, -2.136914845e-4, 6.901405286e-4, 1.754192403e-3, -5.108817946e-3, -1.023383252e-2, 7.109895349e-2,
  -1.714958102e-1, 2.532442808e-1,
]);
const MIDDLE = memory.data<f32>([1.01813647e-4, -1.17985312e-3, 9.97174165e-3, -6.64901994e-2, 3.98942275e-1]);

const LOG1P = memory.data<f32>([
  -3.67746547e-3, 2.18754192e-2, -6.09214718e-2, 1.10251299e-1, -1.55695364e-1, 1.97743233e-1, -2.49750981e-1,
  3.33322506e-1,
]);
const PLAIN = memory.data<f32>([
  0.35, 0.5, 0.625, 0.75, 1.0, 2.0, 4.0, 13.2, 20.0, 100.0, -0.5, -100.0, 0.3989422804014327,
]);
const BITS = memory.data<u32>([0x80000000, 0x7fffffff, 0xfffff000]);

/** The numbers of `exp`, in the order in which it needs them; the last has the bits 126 << 23. */
export const EXP = memory.data<f32>([
  89.0, -87.33654, 12582912.0, 1.4426950408889634, 0.693359375, 2.1219444e-4, 1.98756915e-4, 1.3981999507e-3,
  8.3334519073e-3, 4.1665795894e-2, 1.6666665459e-1, 5.0000001201e-1, 1.0, -86.98, 0.5,
]);

/** Returns number `index` of a table, in all lanes. */
export function number(table: usize, index: i32): v128 {
  return v128.load32_splat(table + ((<usize>index) << 2));
}

/** Numbers of PLAIN. */
export enum Plain {
  Slope,
  Half,
  Small,
  Middle,
  One,
  Two,
  Four,
  Farthest,
  Twenty,
  Hundred,
  LessHalf,
  LessHundred,
  Density,
}

export function plain(index: Plain): v128 {
  return number(PLAIN, index);
}

export function signBit(): v128 {
  return v128.load32_splat(BITS);
}

/** |x|; f32x4.abs makes its mask anew each time. */
export function magnitude(x: v128): v128 {
  return v128.and(x, v128.load32_splat(BITS, 4));
}

/**
 * e^x. Range reduction x = n ln 2 + r with |r| <= ln 2 / 2, then a degree 6 polynomial; coefficients of expf in the
 * Cephes library (Moshier 1992). 0 below x = -86.98 (1.7e-38, the end of the normal
 * numbers), infinity above the largest float32; NaN stays NaN.
 */
export function exp(x: v128): v128 {
  return changetype<Inlined>(0).exp(
    x,
    number(EXP, 0),
    number(EXP, 1),
    number(EXP, 2),
    number(EXP, 3),
    number(EXP, 4),
    number(EXP, 5),
    number(EXP, 6),
    number(EXP, 7),
    number(EXP, 8),
    number(EXP, 9),
    number(EXP, 10),
    number(EXP, 11),
    number(EXP, 12),
    number(EXP, 13),
    number(EXP, 14),
  );
}

/** See Inlined.log. */
export function log(x: v128): v128 {
  return changetype<Inlined>(0).log(x);
}

/** See Inlined.logOnePlus. */
export function logOnePlus(x: v128): v128 {
  return changetype<Inlined>(0).logOnePlus(x);
}

/** log(1 + x) for 0 <= x <= 1. */
export function log1p(x: v128): v128 {
  return changetype<Inlined>(0).log1p(x);
}

/**
 * A class, whose methods can be told to be inlined: as a call tanh takes 3.6 instead of 2.7 ns an element. Polynomials
 * run in the square of their argument over pairs of coefficients: engines wait for chains of instructions, not for room.
 */
@unmanaged
@final
export class Inlined {
  /** log(1 + m) + n ln 2 for sqrt(1/2) <= 1 + m < sqrt 2. */
  @inline
  logarithm(m: v128, n: v128): v128 {
    const z = f32x4.mul(m, m);
    let p = fma(z, number(LOG, 0), fma(m, number(LOG, 1), number(LOG, 2)));
    p = fma(p, z, fma(m, number(LOG, 3), number(LOG, 4)));
    p = fma(p, z, fma(m, number(LOG, 5), number(LOG, 6)));
    p = fma(p, z, fma(m, number(LOG, 7), number(LOG, 8)));
    let y = f32x4.mul(f32x4.mul(p, m), z);
    y = fma(n, number(LOG, 9), y);
    y = f32x4.sub(y, f32x4.mul(z, number(LOG, 10)));
    return fma(n, number(LOG, 11), f32x4.add(m, y));
  }

  /**
   * Natural logarithm. x = m 2^e with sqrt(1/2) <= m < sqrt 2 and the polynomial of logf in Cephes.
   * log(0) is -infinity, of a negative number NaN; float32 denormals count as 0.
   */
  @inline
  log(x: v128): v128 {
    // Bits below 0 count down from those of sqrt(1/2), and the exponent with them.
    const root = number(PARTS, 0);
    const bits = i32x4.sub(x, root);
    const m = i32x4.add(v128.and(bits, number(PARTS, 1)), root);
    const n = f32x4.convert_i32x4_s(i32x4.shr_s(bits, 23));
    const y = this.logarithm(f32x4.sub(m, plain(Plain.One)), n);
    // The test finds everything but positive normal numbers.
    if (!v128.any_true(i32x4.gt_s(i32x4.add(x, number(PARTS, 2)), number(PARTS, 3)))) return y;
    const below = v128.bitselect(f32x4.splat(-Infinity), y, f32x4.lt(x, number(LOG, 12)));
    const known = v128.bitselect(f32x4.splat(NaN), below, f32x4.lt(x, f32x4.splat(0.0)));
    return v128.bitselect(x, known, v128.or(f32x4.eq(x, f32x4.splat(Infinity)), f32x4.ne(x, x)));
  }

  /** log(1 + x) for x >= 0: that of 1 + x, with what the sum lost added to m. */
  @inline
  logOnePlus(x: v128): v128 {
    const one = plain(Plain.One);
    const root = number(PARTS, 0);
    const w = f32x4.add(one, x);
    const lost = f32x4.sub(x, f32x4.sub(w, one));
    const bits = i32x4.sub(w, root);
    const m = f32x4.sub(i32x4.add(v128.and(bits, number(PARTS, 1)), root), one);
    const n = i32x4.shr_s(bits, 23);
    const scale = i32x4.sub(one, i32x4.shl(n, 23));
    return this.logarithm(fma(lost, scale, m), f32x4.convert_i32x4_s(n));
  }

  /** log(1 + x) for 0 <= x <= 1, x - x^2 / 2 + x^3 p(x) with a minimax fit of 7.5e-9 as `tail` has them. */
  @inline
  log1p(x: v128): v128 {
    const z = f32x4.mul(x, x);
    let p = fma(x, number(LOG1P, 0), number(LOG1P, 1));
    p = fma(p, z, fma(x, number(LOG1P, 2), number(LOG1P, 3)));
    p = fma(p, z, fma(x, number(LOG1P, 4), number(LOG1P, 5)));
    p = fma(p, z, fma(x, number(LOG1P, 6), number(LOG1P, 7)));
    const y = f32x4.sub(f32x4.mul(f32x4.mul(p, x), z), f32x4.mul(z, plain(Plain.Half)));
    return f32x4.add(x, y);
  }

  /** See `exp`. Loops read the numbers of EXP before they begin: read in every turn they cost Node 20 9% of a softmax. */
  @inline
  exp(
    x: v128,
    high: v128,
    low: v128,
    magic: v128,
    log2e: v128,
    ln2High: v128,
    ln2Low: v128,
    c0: v128,
    c1: v128,
    c2: v128,
    c3: v128,
    c4: v128,
    c5: v128,
    one: v128,
    zeroBelow: v128,
    half: v128,
  ): v128 {
    const t = f32x4.pmax(f32x4.pmin(x, high), low);
    const shifted = f32x4.add(f32x4.mul(t, log2e), magic);
    const n = f32x4.sub(shifted, magic);
    const r = f32x4.add(f32x4.sub(t, f32x4.mul(n, ln2High)), f32x4.mul(n, ln2Low));
    const y = f32x4.add(this.reduced(r, c0, c1, c2, c3, c4, c5), one);
    // 2^n is computed as 2 * 2^(n-1), so that n = 128 overflows to infinity through the product and n = -126 ends in 0.
    const power = i32x4.add(i32x4.shl(shifted, 23), half);
    return v128.andnot(f32x4.mul(f32x4.add(y, y), power), f32x4.lt(x, zeroBelow));
  }

  /** e^r - 1 for |r| <= ln 2 / 2, with the numbers of exp. */
  @inline
  reduced(r: v128, c0: v128, c1: v128, c2: v128, c3: v128, c4: v128, c5: v128): v128 {
    const z = f32x4.mul(r, r);
    const p = fma(fma(fma(r, c0, c1), z, fma(r, c2, c3)), z, fma(r, c4, c5));
    return fma(p, z, r);
  }

  /** e^x - 1 for x <= 0 with all digits near 0, from e^x in parts: 2^n (e^r - 1) + (2^n - 1). */
  @inline
  expm1(r: v128, power: v128): v128 {
    const whole = f32x4.add(power, power);
    return fma(whole, r, f32x4.sub(whole, plain(Plain.One)));
  }

  /** The first 12 bits of t, whose square is exact. */
  @inline
  short(t: v128): v128 {
    return v128.and(t, v128.load32_splat(BITS, 8));
  }

  /**
   * e^(t^2 / 2) P(X < -t) of a normal X for 0 <= t <= 13.2: r p(1 - 2 r) with r = 1 / (1 + 0.35 t), a minimax fit by
   * reweighted least squares in float64 to 3.2e-8 relatively.
   */
  @inline
  tail(t: v128): v128 {
    const one = plain(Plain.One);
    const r = f32x4.div(one, fma(t, plain(Plain.Slope), one));
    const q = f32x4.sub(one, f32x4.add(r, r));
    const qq = f32x4.mul(q, q);
    let p = fma(qq, number(TAIL, 0), fma(q, number(TAIL, 1), number(TAIL, 2)));
    p = fma(p, qq, fma(q, number(TAIL, 3), number(TAIL, 4)));
    p = fma(p, qq, fma(q, number(TAIL, 5), number(TAIL, 6)));
    p = fma(p, qq, fma(q, number(TAIL, 7), number(TAIL, 8)));
    return f32x4.mul(p, r);
  }

  /** P(X < x) of a normal X for |x| < 0.75: 1/2 + x p(x^2), a fit like that of `tail`, to 3.4e-10. */
  @inline
  middle(x: v128): v128 {
    const z = f32x4.mul(x, x);
    let p = fma(z, number(MIDDLE, 0), number(MIDDLE, 1));
    p = fma(p, z, number(MIDDLE, 2));
    p = fma(p, z, number(MIDDLE, 3));
    p = fma(p, z, number(MIDDLE, 4));
    return fma(p, x, plain(Plain.Half));
  }

  /** tanh from e = e^2|x|: 1 - 2 / (e + 1) with the sign of x; below 0.625 the odd polynomial of tanhf in Cephes. */
  @inline
  tanh(x: v128, e: v128): v128 {
    const one = plain(Plain.One);
    const large = f32x4.sub(one, f32x4.div(plain(Plain.Two), f32x4.add(e, one)));
    const z = f32x4.mul(x, x);
    let p = fma(z, number(TANH, 0), number(TANH, 1));
    p = fma(p, z, number(TANH, 2));
    p = fma(p, z, number(TANH, 3));
    p = fma(p, z, number(TANH, 4));
    const small = fma(f32x4.mul(p, z), x, x);
    const signed = v128.or(large, v128.and(x, signBit()));
    return v128.bitselect(small, signed, f32x4.lt(magnitude(x), plain(Plain.Small)));
  }
}

import {
  backward,
  backwardExp,
  backwardNear,
  backwardSum,
  Curve,
  Exponentiated,
  forwardExp,
  forwardNear,
  forwardSum,
} from '../lib/curve';
import { Inlined, magnitude, Plain, plain, signBit } from '../lib/math';

// These activations bend around 0, and most are x times a factor; signatures are as in activations.ts.

/** b x, or a (e^x - 1) for x < 0: elu and selu. */
@unmanaged
@final
class Elu extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return x;
  }

  @inline
  f(x: v128, _dy: v128, _e: v128, r: v128, power: v128, a: v128, b: v128): v128 {
    const low = f32x4.mul(changetype<Inlined>(0).expm1(r, power), a);
    return v128.bitselect(low, f32x4.mul(x, b), f32x4.lt(x, f32x4.splat(0)));
  }
}

/** From y: a e^x = y + a. */
@unmanaged
@final
class EluGradient extends Curve {
  @inline
  df(y: v128, dy: v128, a: v128, b: v128): v128 {
    return f32x4.mul(dy, v128.bitselect(b, f32x4.add(y, a), f32x4.gt(y, f32x4.splat(0))));
  }
}

export function eluForward(x: i32, y: i32, n: i32, alpha: f32, scale: f32): void {
  forwardExp<Elu>(x, y, n, alpha, scale);
}

export function eluBackward(y: i32, dy: i32, dx: i32, n: i32, alpha: f32, scale: f32): void {
  backward<EluGradient>(y, dy, dx, n, alpha, scale);
}

/** x, or a (e^(b x) - 1) for x < 0, where b = 1 / a. */
@unmanaged
@final
class Celu extends Exponentiated {
  @inline
  u(x: v128, _a: v128, b: v128): v128 {
    return f32x4.mul(x, b);
  }

  @inline
  f(x: v128, _dy: v128, _e: v128, r: v128, power: v128, a: v128, _b: v128): v128 {
    const low = f32x4.mul(changetype<Inlined>(0).expm1(r, power), a);
    return v128.bitselect(low, x, f32x4.lt(x, f32x4.splat(0)));
  }
}

/** From y: e^(b x) = b y + 1. */
@unmanaged
@final
class CeluGradient extends Curve {
  @inline
  df(y: v128, dy: v128, _a: v128, b: v128): v128 {
    const one = f32x4.splat(1);
    return f32x4.mul(dy, v128.bitselect(one, f32x4.add(f32x4.mul(y, b), one), f32x4.gt(y, f32x4.splat(0))));
  }
}

export function celuForward(x: i32, y: i32, n: i32, alpha: f32, inverse: f32): void {
  forwardExp<Celu>(x, y, n, alpha, inverse);
}

export function celuBackward(y: i32, dy: i32, dx: i32, n: i32, alpha: f32, inverse: f32): void {
  backward<CeluGradient>(y, dy, dx, n, alpha, inverse);
}

/** e^(-t^2 / 2) with t = |x|, the square in two parts, since exp would enlarge what it lost in rounding. */
@unmanaged
abstract class Bell extends Exponentiated {
  @inline
  t(x: v128): v128 {
    return f32x4.pmin(magnitude(x), plain(Plain.Farthest));
  }

  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    const t = this.t(x);
    return f32x4.mul(f32x4.mul(t, t), plain(Plain.LessHalf));
  }

  @inline
  high(x: v128): v128 {
    const short = changetype<Inlined>(0).short(this.t(x));
    return f32x4.mul(f32x4.mul(short, short), plain(Plain.LessHalf));
  }

  @inline
  low(x: v128): v128 {
    const t = this.t(x);
    const short = changetype<Inlined>(0).short(t);
    return f32x4.mul(f32x4.mul(f32x4.add(t, short), f32x4.sub(t, short)), plain(Plain.LessHalf));
  }
}

/** x P(X < x) for a normal X: max(x, 0) - |x| P(X < -|x|), but near 0. */
@unmanaged
@final
class Gelu extends Bell {
  @inline
  f(x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const math = changetype<Inlined>(0);
    const t = this.t(x);
    const far = f32x4.sub(f32x4.pmax(x, f32x4.splat(0)), f32x4.mul(f32x4.mul(t, math.tail(t)), e));
    return v128.bitselect(f32x4.mul(x, math.middle(x)), far, f32x4.lt(t, plain(Plain.Middle)));
  }
}

/** P(X < x) + x e^(-x^2 / 2) / sqrt(2 pi): 1 minus that of -x. */
@unmanaged
@final
class GeluGradient extends Bell {
  @inline
  f(x: v128, dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const t = this.t(x);
    const slope = f32x4.sub(changetype<Inlined>(0).tail(t), f32x4.mul(t, plain(Plain.Density)));
    const below = f32x4.mul(slope, e);
    const above = f32x4.sub(plain(Plain.One), below);
    return f32x4.mul(dy, v128.bitselect(below, above, f32x4.lt(x, f32x4.splat(0))));
  }
}

export function geluForward(x: i32, y: i32, n: i32): void {
  forwardNear<Gelu>(x, y, n);
}

export function geluBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  backwardNear<GeluGradient>(x, dy, dx, n);
}

/** Beyond these bounds sigmoid(x) is 0 or 1; within them nothing overflows. */
function bounded(x: v128): v128 {
  return f32x4.pmax(f32x4.pmin(x, plain(Plain.Hundred)), plain(Plain.LessHundred));
}

/** x sigmoid(-a x - b x^3): silu with a = -1 and b = 0, and with the argument of tanh doubled the approximate gelu. */
@unmanaged
@final
class Swish extends Exponentiated {
  @inline
  u(x: v128, a: v128, b: v128): v128 {
    const c = bounded(x);
    return f32x4.mul(c, f32x4.add(a, f32x4.mul(b, f32x4.mul(c, c))));
  }

  @inline
  f(x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    return f32x4.div(x, f32x4.add(plain(Plain.One), e));
  }
}

@unmanaged
@final
class SwishGradient extends Exponentiated {
  @inline
  u(x: v128, a: v128, b: v128): v128 {
    const c = bounded(x);
    return f32x4.mul(c, f32x4.add(a, f32x4.mul(b, f32x4.mul(c, c))));
  }

  @inline
  f(x: v128, dy: v128, e: v128, _r: v128, _power: v128, a: v128, b: v128): v128 {
    const one = plain(Plain.One);
    const c = bounded(x);
    const curved = f32x4.mul(b, f32x4.mul(c, c));
    const u = f32x4.mul(c, f32x4.add(a, curved));
    const s = f32x4.div(one, f32x4.add(one, e));
    const du = f32x4.add(u, f32x4.mul(c, f32x4.add(curved, curved)));
    return f32x4.mul(dy, f32x4.mul(s, f32x4.sub(one, f32x4.mul(du, f32x4.sub(one, s)))));
  }
}

/** The same with a = -1 and b = 0. */
@unmanaged
@final
class SiluGradient extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return v128.xor(bounded(x), signBit());
  }

  @inline
  f(x: v128, dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const one = plain(Plain.One);
    const s = f32x4.div(one, f32x4.add(one, e));
    return f32x4.mul(dy, f32x4.mul(s, f32x4.add(one, f32x4.mul(bounded(x), f32x4.sub(one, s)))));
  }
}

export function swishForward(x: i32, y: i32, n: i32, linear: f32, cubic: f32): void {
  forwardSum<Swish>(x, y, n, -linear, -cubic);
}

export function swishBackward(x: i32, dy: i32, dx: i32, n: i32, linear: f32, cubic: f32): void {
  // The relaxed module has no registers to spare for this.
  if (!ASC_FEATURE_RELAXED_SIMD && linear === 1 && cubic === 0) backwardSum<SiluGradient>(x, dy, dx, n);
  else backwardSum<SwishGradient>(x, dy, dx, n, -linear, -cubic);
}

/** x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2). */
@unmanaged
@final
class Mish extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.pmin(x, plain(Plain.Twenty));
  }

  @inline
  f(x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const two = plain(Plain.Two);
    const n = f32x4.mul(e, f32x4.add(e, two));
    return f32x4.mul(x, f32x4.div(n, f32x4.add(n, two)));
  }
}

/** n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2. */
@unmanaged
@final
class MishGradient extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.pmin(x, plain(Plain.Twenty));
  }

  @inline
  f(x: v128, dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const two = plain(Plain.Two);
    const n = f32x4.mul(e, f32x4.add(e, two));
    const q = f32x4.div(plain(Plain.One), f32x4.add(n, two));
    const c = f32x4.pmin(x, plain(Plain.Twenty));
    const bend = f32x4.mul(c, f32x4.mul(f32x4.mul(f32x4.add(f32x4.mul(e, e), e), plain(Plain.Four)), q));
    return f32x4.mul(dy, f32x4.mul(q, f32x4.add(n, bend)));
  }
}

export function mishForward(x: i32, y: i32, n: i32): void {
  forwardExp<Mish>(x, y, n);
}

export function mishBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  backwardExp<MishGradient>(x, dy, dx, n);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
@unmanaged
@final
class Softplus extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return v128.or(x, signBit());
  }

  @inline
  f(x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), changetype<Inlined>(0).log1p(e));
  }
}

/** From y: sigmoid(x) = 1 - e^-y. */
@unmanaged
@final
class SoftplusGradient extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return v128.xor(x, signBit());
  }

  @inline
  f(_x: v128, dy: v128, _e: v128, r: v128, power: v128, _a: v128, _b: v128): v128 {
    return f32x4.mul(dy, f32x4.neg(changetype<Inlined>(0).expm1(r, power)));
  }
}

export function softplusForward(x: i32, y: i32, n: i32): void {
  forwardExp<Softplus>(x, y, n);
}

export function softplusBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backwardExp<SoftplusGradient>(y, dy, dx, n);
}

import { backward, Curve, forward } from './lib/curve';
import { exp, Inlined, log1p } from './lib/math';

// The activations that need more than one call of exp, or numbers of their own; signatures as in activations.ts.

/** b x, or a (e^x - 1) for x < 0: elu and selu. */
@unmanaged
@final
class Elu extends Curve {
  @inline
  f(x: v128, a: v128, b: v128): v128 {
    const low = f32x4.mul(changetype<Inlined>(0).expm1(x), a);
    return v128.bitselect(low, f32x4.mul(x, b), f32x4.lt(x, f32x4.splat(0)));
  }

  /** From y: a e^x = y + a. */
  @inline
  df(y: v128, dy: v128, a: v128, b: v128): v128 {
    return f32x4.mul(dy, v128.bitselect(b, f32x4.add(y, a), f32x4.gt(y, f32x4.splat(0))));
  }
}

export function eluForward(x: i32, y: i32, n: i32, alpha: f32, scale: f32): void {
  forward<Elu>(x, y, n, alpha, scale);
}

export function eluBackward(y: i32, dy: i32, dx: i32, n: i32, alpha: f32, scale: f32): void {
  backward<Elu>(y, dy, dx, n, alpha, scale);
}

/** x P(X < x) for a normal X. */
@unmanaged
@final
class Gelu extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    const math = changetype<Inlined>(0);
    const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(15));
    return f32x4.mul(x, math.normal(x, t, math.bell(t)));
  }

  /** P(X < x) + x e^(-x^2 / 2) / sqrt(2 pi). */
  @inline
  df(x: v128, dy: v128, _a: v128, _b: v128): v128 {
    const math = changetype<Inlined>(0);
    const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(15));
    const e = math.bell(t);
    const density = f32x4.mul(e, f32x4.splat(0.3989422804014327));
    return f32x4.mul(dy, f32x4.add(math.normal(x, t, e), f32x4.mul(x, density)));
  }
}

export function geluForward(x: i32, y: i32, n: i32): void {
  forward<Gelu>(x, y, n);
}

export function geluBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  backward<Gelu>(x, dy, dx, n);
}

/** x sigmoid(a x + b x^3): silu with a = 1 and b = 0, and with tanh's argument doubled the approximate gelu. */
@unmanaged
@final
class Swish extends Curve {
  @inline
  f(x: v128, a: v128, b: v128): v128 {
    const c = this.bounded(x);
    const u = f32x4.mul(c, f32x4.add(a, f32x4.mul(b, f32x4.mul(c, c))));
    return f32x4.div(x, f32x4.add(f32x4.splat(1), exp(f32x4.neg(u))));
  }

  @inline
  df(x: v128, dy: v128, a: v128, b: v128): v128 {
    const one = f32x4.splat(1);
    const c = this.bounded(x);
    const curved = f32x4.mul(b, f32x4.mul(c, c));
    const u = f32x4.mul(c, f32x4.add(a, curved));
    const s = f32x4.div(one, f32x4.add(one, exp(f32x4.neg(u))));
    const du = f32x4.add(u, f32x4.mul(c, f32x4.add(curved, curved)));
    return f32x4.mul(dy, f32x4.mul(s, f32x4.add(one, f32x4.mul(du, f32x4.sub(one, s)))));
  }

  /** Beyond these bounds the sigmoid is 0 or 1; within them nothing overflows. */
  @inline
  bounded(x: v128): v128 {
    return f32x4.pmax(f32x4.pmin(x, f32x4.splat(100)), f32x4.splat(-100));
  }
}

export function swishForward(x: i32, y: i32, n: i32, linear: f32, cubic: f32): void {
  forward<Swish>(x, y, n, linear, cubic);
}

export function swishBackward(x: i32, dy: i32, dx: i32, n: i32, linear: f32, cubic: f32): void {
  backward<Swish>(x, dy, dx, n, linear, cubic);
}

/** x tanh(log(1 + e^x)) = x n / (n + 2) with n = e^x (e^x + 2). */
@unmanaged
@final
class Mish extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    const two = f32x4.splat(2);
    const e = exp(f32x4.pmin(x, f32x4.splat(20)));
    const n = f32x4.mul(e, f32x4.add(e, two));
    return f32x4.mul(x, f32x4.div(n, f32x4.add(n, two)));
  }

  /** n / (n + 2) + 4 x e^x (1 + e^x) / (n + 2)^2. */
  @inline
  df(x: v128, dy: v128, _a: v128, _b: v128): v128 {
    const two = f32x4.splat(2);
    const c = f32x4.pmin(x, f32x4.splat(20));
    const e = exp(c);
    const n = f32x4.mul(e, f32x4.add(e, two));
    const r = f32x4.div(f32x4.splat(1), f32x4.add(n, two));
    const bend = f32x4.mul(c, f32x4.mul(f32x4.mul(f32x4.add(f32x4.mul(e, e), e), f32x4.splat(4)), r));
    return f32x4.mul(dy, f32x4.mul(r, f32x4.add(n, bend)));
  }
}

export function mishForward(x: i32, y: i32, n: i32): void {
  forward<Mish>(x, y, n);
}

export function mishBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  backward<Mish>(x, dy, dx, n);
}

/** log(1 + e^x) = max(x, 0) + log(1 + e^-|x|). */
@unmanaged
@final
class Softplus extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), log1p(exp(f32x4.neg(f32x4.abs(x)))));
  }

  /** From y: sigmoid(x) = 1 - e^-y. */
  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    return f32x4.mul(dy, f32x4.neg(changetype<Inlined>(0).expm1(f32x4.neg(y))));
  }
}

export function softplusForward(x: i32, y: i32, n: i32): void {
  forward<Softplus>(x, y, n);
}

export function softplusBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<Softplus>(y, dy, dx, n);
}

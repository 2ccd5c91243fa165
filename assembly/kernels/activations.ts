import { backward, backwardExp, Curve, Exponentiated, forward, forwardExp, forwardSum } from '../lib/curve';
import { map, Unary } from '../lib/map';
import { Inlined, log, magnitude, Plain, plain, signBit } from '../lib/math';

// Kernels are elementwise over n, a multiple of 8, and may work in place: forward (x, y, n, ...numbers), backward (saved,
// dy, dx, n, ...numbers), where `saved` is x or y as the table in src/kernels/twins/activations.ts says. NaN in gives NaN
// out.

// Constants are read from memory before the loop, since V8 rebuilds vector constants in every iteration.
const CONSTANTS = memory.data<f32>([1.0, 6.0]);

@unmanaged
@final
class Step extends Curve {
  @inline
  f(x: v128, a: v128, _b: v128): v128 {
    // A lane with all bits set is a NaN.
    return v128.or(v128.and(a, f32x4.gt(x, f32x4.splat(0))), f32x4.ne(x, x));
  }
}

export function stepForward(x: i32, y: i32, n: i32): void {
  forward<Step>(x, y, n, f32.load(CONSTANTS));
}

/** The gradient of the sigmoid from x, e^-|x| / (1 + e^-|x|)^2. */
@unmanaged
@final
class Surrogate extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return v128.or(x, signBit());
  }

  @inline
  f(_x: v128, dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const w = f32x4.add(plain(Plain.One), e);
    return f32x4.mul(dy, f32x4.div(e, f32x4.mul(w, w)));
  }
}

export function stepBackward(x: i32, dy: i32, dx: i32, n: i32): void {
  backwardExp<Surrogate>(x, dy, dx, n);
}

@unmanaged
@final
class Relu extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.pmax(x, f32x4.splat(0));
  }

  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
  }
}

export function reluForward(x: i32, y: i32, n: i32): void {
  forward<Relu>(x, y, n);
}

export function reluBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<Relu>(y, dy, dx, n);
}

@unmanaged
@final
class Relu6 extends Curve {
  @inline
  f(x: v128, a: v128, _b: v128): v128 {
    return f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), a);
  }

  @inline
  df(y: v128, dy: v128, a: v128, _b: v128): v128 {
    return v128.and(v128.and(dy, f32x4.gt(y, f32x4.splat(0))), f32x4.lt(y, a));
  }
}

export function relu6Forward(x: i32, y: i32, n: i32): void {
  forward<Relu6>(x, y, n, f32.load(CONSTANTS, 4));
}

export function relu6Backward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<Relu6>(y, dy, dx, n, f32.load(CONSTANTS, 4));
}

/** min(max(x + a, 0), 6) b; of the gradient a is 6 b. */
@unmanaged
@final
class Ramp extends Curve {
  @inline
  f(x: v128, a: v128, b: v128): v128 {
    return f32x4.mul(f32x4.pmin(f32x4.pmax(f32x4.add(x, a), f32x4.splat(0)), v128.load32_splat(CONSTANTS, 4)), b);
  }

  @inline
  df(y: v128, dy: v128, a: v128, b: v128): v128 {
    const inside = v128.and(f32x4.gt(y, f32x4.splat(0)), f32x4.lt(y, a));
    return v128.and(f32x4.mul(dy, b), inside);
  }
}

export function rampForward(x: i32, y: i32, n: i32, shift: f32, scale: f32): void {
  forward<Ramp>(x, y, n, shift, scale);
}

export function rampBackward(y: i32, dy: i32, dx: i32, n: i32, _shift: f32, scale: f32): void {
  backward<Ramp>(y, dy, dx, n, scale * f32.load(CONSTANTS, 4), scale);
}

/** x / (1 + |x|). */
@unmanaged
@final
class Softsign extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.div(x, f32x4.add(plain(Plain.One), magnitude(x)));
  }

  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    const root = f32x4.sub(plain(Plain.One), magnitude(y));
    return f32x4.mul(dy, f32x4.mul(root, root));
  }
}

export function softsignForward(x: i32, y: i32, n: i32): void {
  forward<Softsign>(x, y, n);
}

export function softsignBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<Softsign>(y, dy, dx, n);
}

@unmanaged
@final
class Sigmoid extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return v128.xor(x, signBit());
  }

  @inline
  f(_x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    const one = plain(Plain.One);
    return f32x4.div(one, f32x4.add(one, e));
  }
}

@unmanaged
@final
class SigmoidGradient extends Curve {
  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
  }
}

export function sigmoidForward(x: i32, y: i32, n: i32): void {
  forwardSum<Sigmoid>(x, y, n);
}

export function sigmoidBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<SigmoidGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Tanh extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    const size = magnitude(x);
    return f32x4.add(size, size);
  }

  @inline
  f(x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    return changetype<Inlined>(0).tanh(x, e);
  }
}

@unmanaged
@final
class TanhGradient extends Curve {
  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    return f32x4.mul(dy, f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)));
  }
}

export function tanhForward(x: i32, y: i32, n: i32): void {
  forwardSum<Tanh>(x, y, n);
}

export function tanhBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<TanhGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Exponential extends Exponentiated {
  @inline
  u(x: v128, _a: v128, _b: v128): v128 {
    return x;
  }

  @inline
  f(_x: v128, _dy: v128, e: v128, _r: v128, _power: v128, _a: v128, _b: v128): v128 {
    return e;
  }
}

@unmanaged
@final
class ExponentialGradient extends Curve {
  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    return f32x4.mul(dy, y);
  }
}

export function exponentialForward(x: i32, y: i32, n: i32): void {
  forwardExp<Exponential>(x, y, n);
}

export function exponentialBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<ExponentialGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Logarithm extends Unary {
  @inline
  f(x: v128): v128 {
    return log(x);
  }
}

export function logForward(x: i32, y: i32, n: i32): void {
  map<Logarithm>(x, y, n);
}

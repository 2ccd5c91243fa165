import { Binary, map, Unary, zip } from './lib/map';
import { exp, Inlined, log, sigmoid } from './lib/math';

// Forward: y = f(x). Backward: dx = dy f', computed from the saved output y. Elementwise over n; in place is allowed.

@unmanaged
@final
class Relu extends Unary {
  @inline
  f(x: v128): v128 {
    return f32x4.pmax(x, f32x4.splat(0));
  }
}

@unmanaged
@final
class ReluGradient extends Binary {
  @inline
  f(y: v128, dy: v128): v128 {
    return v128.andnot(dy, f32x4.le(y, f32x4.splat(0)));
  }
}

export function reluForward(x: i32, y: i32, n: i32): void {
  map<Relu>(x, y, n);
}

export function reluBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  zip<ReluGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Sigmoid extends Unary {
  @inline
  f(x: v128): v128 {
    return sigmoid(x);
  }
}

@unmanaged
@final
class SigmoidGradient extends Binary {
  @inline
  f(y: v128, dy: v128): v128 {
    return f32x4.mul(dy, f32x4.mul(y, f32x4.sub(f32x4.splat(1), y)));
  }
}

export function sigmoidForward(x: i32, y: i32, n: i32): void {
  map<Sigmoid>(x, y, n);
}

export function sigmoidBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  zip<SigmoidGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Tanh extends Unary {
  @inline
  f(x: v128): v128 {
    return changetype<Inlined>(0).tanh(x);
  }
}

@unmanaged
@final
class TanhGradient extends Binary {
  @inline
  f(y: v128, dy: v128): v128 {
    return f32x4.mul(dy, f32x4.sub(f32x4.splat(1), f32x4.mul(y, y)));
  }
}

export function tanhForward(x: i32, y: i32, n: i32): void {
  map<Tanh>(x, y, n);
}

export function tanhBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  zip<TanhGradient>(y, dy, dx, n);
}

@unmanaged
@final
class Exponential extends Unary {
  @inline
  f(x: v128): v128 {
    return exp(x);
  }
}

@unmanaged
@final
class Multiply extends Binary {
  @inline
  f(y: v128, dy: v128): v128 {
    return f32x4.mul(dy, y);
  }
}

export function exponentialForward(x: i32, y: i32, n: i32): void {
  map<Exponential>(x, y, n);
}

export function exponentialBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  zip<Multiply>(y, dy, dx, n);
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

import { at, flush, fma, loadPart, storePart } from './lib/simd';

// One call updates a whole slab of parameters. What changes from step to step is read from heap slots. `factor` holds
// the gradient's scale (see clipFactor); where it is NaN nothing is touched.
// Gradients below 1e-15 and state below 1e-33 become 0: denormal numbers would slow a converged model down.

/** w -= rate g. */
export function sgd(w: i32, g: i32, n: i32, rate: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const step = f32x4.splat(-f32.load(at(rate)) * scale);
  let p = at(w);
  let q = at(g);
  const end = p + at(n & ~3);
  for (; p < end; p += 16, q += 16) v128.store(p, fma(v128.load(q), step, v128.load(p)));
  const live = n & 3;
  if (live) storePart(p, fma(loadPart(q, live), step, loadPart(p, live)), live);
}

/** v = momentum v + g; w -= rate v, or with Nesterov's look-ahead w -= rate (g + momentum v). (PyTorch's SGD.) */
export function sgdMomentum(
  w: i32,
  g: i32,
  v: i32,
  n: i32,
  rate: i32,
  factor: i32,
  momentum: f32,
  nesterov: i32,
): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const tiny = f32x4.splat(1e-33);
  const step = f32x4.splat(-f32.load(at(rate)));
  const s = f32x4.splat(scale);
  const mu = f32x4.splat(momentum);
  let p = at(w);
  let q = at(g);
  let o = at(v);
  for (let left = n; left > 0; left -= 4, p += 16, q += 16, o += 16) {
    const whole = left >= 4;
    const gradient = f32x4.mul(whole ? v128.load(q) : loadPart(q, left), s);
    const velocity = flush(fma(whole ? v128.load(o) : loadPart(o, left), mu, gradient), tiny);
    const direction = nesterov ? fma(velocity, mu, gradient) : velocity;
    const weight = fma(direction, step, whole ? v128.load(p) : loadPart(p, left));
    if (whole) {
      v128.store(o, velocity);
      v128.store(p, weight);
    } else {
      storePart(o, velocity, left);
      storePart(p, weight, left);
    }
  }
}

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w -= step m / (sqrt(v) correction + epsilon), where
 * `step` holds rate / (1 - beta1^t) and `correction` 1 / sqrt(1 - beta2^t). (Kingma and Ba 2015, as in PyTorch.)
 * The betas come in float64: 1 - beta2 would lose five digits in float32.
 */
export function adam(
  w: i32,
  g: i32,
  m: i32,
  v: i32,
  n: i32,
  step: i32,
  correction: i32,
  factor: i32,
  beta1: f64,
  beta2: f64,
  epsilon: f32,
): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const s = f32x4.splat(scale);
  const rate = f32x4.splat(-f32.load(at(step)));
  const unbias = f32x4.splat(f32.load(at(correction)));
  const b1 = f32x4.splat(<f32>beta1);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const b2 = f32x4.splat(<f32>beta2);
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const eps = f32x4.splat(epsilon);
  const small = f32x4.splat(1e-15);
  const tiny = f32x4.splat(1e-33);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  let pv = at(v);
  for (let left = n; left > 0; left -= 4, pw += 16, pg += 16, pm += 16, pv += 16) {
    const whole = left >= 4;
    const gradient = flush(f32x4.mul(whole ? v128.load(pg) : loadPart(pg, left), s), small);
    const m0 = whole ? v128.load(pm) : loadPart(pm, left);
    const v0 = whole ? v128.load(pv) : loadPart(pv, left);
    const m1 = flush(fma(m0, b1, f32x4.mul(gradient, c1)), tiny);
    const v1 = flush(fma(v0, b2, f32x4.mul(f32x4.mul(gradient, gradient), c2)), tiny);
    const divisor = fma(f32x4.sqrt(v1), unbias, eps);
    const weight = fma(f32x4.div(m1, divisor), rate, whole ? v128.load(pw) : loadPart(pw, left));
    if (whole) {
      v128.store(pm, m1);
      v128.store(pv, v1);
      v128.store(pw, weight);
    } else {
      storePart(pm, m1, left);
      storePart(pv, v1, left);
      storePart(pw, weight, left);
    }
  }
}

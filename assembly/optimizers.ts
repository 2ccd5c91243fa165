import { at, flush, fma, loadPart, storePart } from './lib/simd';

// One call updates a whole slab of parameters. What changes from step to step is read from heap slots. `factor` holds
// the gradient's scale (see clipFactor); where it is NaN nothing is touched.
// Gradients below 1e-15 and state below 1e-33 become 0: denormal numbers would slow a converged model down.

/** w -= rate g. */
export function sgd(w: i32, g: i32, n: i32, rate: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const step = -f32.load(at(rate)) * scale;
  const steps = f32x4.splat(step);
  let p = at(w);
  let q = at(g);
  const end = p + at(n & ~3);
  if (n >= 4) {
    do {
      v128.store(p, fma(v128.load(q), steps, v128.load(p)));
      p += 16;
      q += 16;
    } while (p < end);
  }
  for (const last = end + at(n & 3); p < last; p += 4, q += 4) f32.store(p, f32.load(q) * step + f32.load(p));
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
  const end = p + at(n & ~3);
  if (n >= 4) {
    do {
      const gradient = f32x4.mul(v128.load(q), s);
      const velocity = flush(fma(v128.load(o), mu, gradient), tiny);
      v128.store(o, velocity);
      v128.store(p, fma(nesterov ? fma(velocity, mu, gradient) : velocity, step, v128.load(p)));
      p += 16;
      q += 16;
      o += 16;
    } while (p < end);
  }
  for (const last = end + at(n & 3); p < last; p += 4, q += 4, o += 4) {
    const gradient = f32.load(q) * scale;
    let velocity = f32.load(o) * momentum + gradient;
    if (abs(velocity) < 1e-33) velocity = 0;
    f32.store(o, velocity);
    const direction = nesterov ? velocity * momentum + gradient : velocity;
    f32.store(p, f32.load(p) - direction * f32.load(at(rate)));
  }
}

/** The three updates of Adam, each of four elements. */
@unmanaged
@final
class AdamStep {
  @inline
  average(old: v128, value: v128, keep: v128, take: v128): v128 {
    return flush(fma(old, keep, f32x4.mul(value, take)), f32x4.splat(1e-33));
  }

  @inline
  weight(w: v128, m: v128, v: v128, rate: v128, unbias: v128, epsilon: v128): v128 {
    return fma(f32x4.div(m, fma(f32x4.sqrt(v), unbias, epsilon)), rate, w);
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
  const op = changetype<AdamStep>(0);
  const s = f32x4.splat(scale);
  const rate = f32x4.splat(-f32.load(at(step)));
  const unbias = f32x4.splat(f32.load(at(correction)));
  const b1 = f32x4.splat(<f32>beta1);
  const c1 = f32x4.splat(<f32>(1 - beta1));
  const b2 = f32x4.splat(<f32>beta2);
  const c2 = f32x4.splat(<f32>(1 - beta2));
  const eps = f32x4.splat(epsilon);
  const small = f32x4.splat(1e-15);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  let pv = at(v);
  const end = pw + at(n & ~3);
  for (; pw < end; pw += 16, pg += 16, pm += 16, pv += 16) {
    const gradient = flush(f32x4.mul(v128.load(pg), s), small);
    const m1 = op.average(v128.load(pm), gradient, b1, c1);
    const v1 = op.average(v128.load(pv), f32x4.mul(gradient, gradient), b2, c2);
    v128.store(pm, m1);
    v128.store(pv, v1);
    v128.store(pw, op.weight(v128.load(pw), m1, v1, rate, unbias, eps));
  }
  const live = n & 3;
  if (!live) return;
  const gradient = flush(f32x4.mul(loadPart(pg, live), s), small);
  const m1 = op.average(loadPart(pm, live), gradient, b1, c1);
  const v1 = op.average(loadPart(pv, live), f32x4.mul(gradient, gradient), b2, c2);
  storePart(pm, m1, live);
  storePart(pv, v1, live);
  storePart(pw, op.weight(loadPart(pw, live), m1, v1, rate, unbias, eps), live);
}

import { at, fma } from './lib/simd';
import { Flush, hyper } from './lib/update';

// One call updates a slab of parameters: (weights, gradients, states ..., n, block, factor). Slabs are whole vectors: n is
// a multiple of 4. `block` points at the numbers of the step to come, the step size (negative) first; see `fill` in
// src/kernels/optimizers.ts. `factor` holds the gradient's scale (see clipFactor); where it is NaN nothing is touched.
// Gradients below 1e-15 and state below 1e-33 become 0: denormal numbers would slow a converged model down.

/** w += step g. */
export function sgd(w: i32, g: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const step = f32x4.splat(f32.load(at(block)) * scale);
  let p = at(w);
  let q = at(g);
  for (const end = p + at(n); p < end; p += 16, q += 16) v128.store(p, fma(v128.load(q), step, v128.load(p)));
}

/** v = momentum v + g; w += step v, or with Nesterov's look-ahead w += step (g + momentum v). (PyTorch's SGD.) */
export function sgdMomentum(w: i32, g: i32, v: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const tiny = flush.tiny();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const momentum = hyper(block, 1);
  const lookAhead = hyper(block, 2);
  const present = hyper(block, 3);
  let p = at(w);
  let q = at(g);
  let o = at(v);
  for (const end = p + at(n); p < end; p += 16, q += 16, o += 16) {
    const gradient = f32x4.mul(v128.load(q), s);
    const velocity = flush.signed(fma(v128.load(o), momentum, gradient), tiny, magnitude);
    v128.store(o, velocity);
    v128.store(p, fma(fma(velocity, lookAhead, f32x4.mul(gradient, present)), step, v128.load(p)));
  }
}

/** The update of four weights by Adam, without its states' thresholds or with them. */
@unmanaged
@final
class AdamLoop {
  @inline
  run(w: i32, g: i32, m: i32, v: i32, n: i32, block: i32, factor: i32, flushing: bool): void {
    const flush = changetype<Flush>(0);
    const magnitude = flush.magnitude();
    const small = flush.small();
    const tiny = flush.tiny();
    const s = v128.load32_splat(at(factor));
    const step = hyper(block, 0);
    const epsilon = hyper(block, 1);
    const b1 = hyper(block, 2);
    const c1 = hyper(block, 3);
    const b2 = hyper(block, 4);
    const c2 = hyper(block, 5);
    let pw = at(w);
    let pg = at(g);
    let pm = at(m);
    let pv = at(v);
    for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16, pv += 16) {
      const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
      let m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
      let v1 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(gradient, gradient), c2));
      if (flushing) {
        m1 = flush.signed(m1, tiny, magnitude);
        v1 = flush.square(v1, tiny);
      }
      v128.store(pm, m1);
      v128.store(pv, v1);
      v128.store(pw, fma(f32x4.div(m1, f32x4.add(f32x4.sqrt(v1), epsilon)), step, v128.load(pw)));
    }
  }
}

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w += step m / (sqrt(v) + epsilon). Block: step, epsilon,
 * beta1, 1 - beta1, beta2, 1 - beta2, whether to flush state; step and epsilon hold both bias corrections. (Kingma and Ba
 * 2015, as in PyTorch.)
 */
export function adam(w: i32, g: i32, m: i32, v: i32, n: i32, block: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const loop = changetype<AdamLoop>(0);
  if (f32.load(at(block + 6))) loop.run(w, g, m, v, n, block, factor, true);
  else loop.run(w, g, m, v, n, block, factor, false);
}

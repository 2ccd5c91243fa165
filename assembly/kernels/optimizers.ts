import { at, fma } from '../lib/simd';
import { Flush, hyper, settle } from '../lib/update';

// One call updates a flat vector of parameters: (weights, gradients, states ..., n, block, factor). These are whole SIMD
// vectors: n is a multiple of 4. `block` points at the numbers of the next step, the step size (negative) first; see `fill`
// in src/kernels/twins/optimizers.ts. `factor` holds the gradient's scale (see clipFactor); where it is NaN nothing is
// changed. Gradients below 1e-15 become 0, and states below 1e-33 become 0 in the steps for which `settle` asks: denormal
// numbers would slow a converged model down.

/** w += decay w, `decay` the (negative) number in a slot: decoupled weight decay, before the update. */
export function decayWeights(w: i32, n: i32, slot: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const decay = v128.load32_splat(at(slot));
  let p = at(w);
  for (const end = p + at(n); p < end; p += 16) {
    const v = v128.load(p);
    v128.store(p, fma(v, decay, v));
  }
}

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
    const velocity = fma(v128.load(o), momentum, gradient);
    v128.store(o, velocity);
    v128.store(p, fma(fma(velocity, lookAhead, f32x4.mul(gradient, present)), step, v128.load(p)));
  }
  settle(v, n, block);
}

/** sum += g^2; w += step g / (sqrt(sum) + epsilon). Block: step, epsilon. (Duchi et al. 2011, as in PyTorch.) */
export function adagrad(w: i32, g: i32, sum: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const epsilon = hyper(block, 1);
  let pw = at(w);
  let pg = at(g);
  let pv = at(sum);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pv += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const v = fma(gradient, gradient, v128.load(pv));
    v128.store(pv, v);
    v128.store(pw, fma(f32x4.div(gradient, f32x4.add(f32x4.sqrt(v), epsilon)), step, v128.load(pw)));
  }
}

/**
 * v = rho v + (1 - rho) g^2; d = sqrt((u + epsilon) / (v + epsilon)) g; u = rho u + (1 - rho) d^2; w += step d.
 * Block: step, epsilon, rho, 1 - rho. (Zeiler 2012, as in PyTorch.)
 */
export function adadelta(w: i32, g: i32, v: i32, u: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const epsilon = hyper(block, 1);
  const keep = hyper(block, 2);
  const take = hyper(block, 3);
  let pw = at(w);
  let pg = at(g);
  let pv = at(v);
  let pu = at(u);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pv += 16, pu += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const v1 = fma(v128.load(pv), keep, f32x4.mul(f32x4.mul(gradient, gradient), take));
    const u0 = v128.load(pu);
    const ratio = f32x4.div(f32x4.add(u0, epsilon), f32x4.add(v1, epsilon));
    const change = f32x4.mul(f32x4.sqrt(ratio), gradient);
    v128.store(pv, v1);
    v128.store(pu, fma(u0, keep, f32x4.mul(f32x4.mul(change, change), take)));
    v128.store(pw, fma(change, step, v128.load(pw)));
  }
  settle(v, n, block);
  settle(u, n, block);
}

/** Runs the loop of all four; offsets of states that a variant lacks are 0. */
function rms(w: i32, g: i32, v: i32, m: i32, u: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const epsilon = hyper(block, 1);
  const keep = hyper(block, 2);
  const take = hyper(block, 3);
  const momentum = hyper(block, 4);
  let pw = at(w);
  let pg = at(g);
  let pv = at(v);
  let pm = at(m);
  let pu = at(u);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pv += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const v1 = fma(v128.load(pv), keep, f32x4.mul(f32x4.mul(gradient, gradient), take));
    v128.store(pv, v1);
    let variance = v1;
    if (m) {
      const m1 = fma(v128.load(pm), keep, f32x4.mul(gradient, take));
      v128.store(pm, m1);
      variance = f32x4.pmax(f32x4.sub(v1, f32x4.mul(m1, m1)), f32x4.splat(0));
      pm += 16;
    }
    const change = f32x4.div(gradient, f32x4.add(f32x4.sqrt(variance), epsilon));
    if (u) {
      const velocity = fma(v128.load(pu), momentum, change);
      v128.store(pu, velocity);
      v128.store(pw, fma(velocity, step, v128.load(pw)));
      pu += 16;
    } else {
      v128.store(pw, fma(change, step, v128.load(pw)));
    }
  }
  settle(v, n, block);
  if (m) settle(m, n, block);
  if (u) settle(u, n, block);
}

/**
 * v = rho v + (1 - rho) g^2; w += step g / (sqrt(v) + epsilon). Block: step, epsilon, rho, 1 - rho, momentum.
 * (Tieleman and Hinton 2012, as in PyTorch.)
 */
export function rmsprop(w: i32, g: i32, v: i32, n: i32, block: i32, factor: i32): void {
  rms(w, g, v, 0, 0, n, block, factor);
}

/** u = momentum u + g / (sqrt(v) + epsilon); w += step u. */
export function rmspropMomentum(w: i32, g: i32, v: i32, u: i32, n: i32, block: i32, factor: i32): void {
  rms(w, g, v, 0, u, n, block, factor);
}

/** m = rho m + (1 - rho) g; max(v - m^2, 0) in place of v. */
export function rmspropCentered(w: i32, g: i32, v: i32, m: i32, n: i32, block: i32, factor: i32): void {
  rms(w, g, v, m, 0, n, block, factor);
}

/** Does both. */
export function rmspropCenteredMomentum(w: i32, g: i32, v: i32, m: i32, u: i32, n: i32, block: i32, factor: i32): void {
  rms(w, g, v, m, u, n, block, factor);
}

/**
 * c = beta1 m + (1 - beta1) g; w += step sign(c); m = beta2 m + (1 - beta2) g, where sign(0) = 0 and sign(NaN) is NaN.
 * Block: step, beta1, 1 - beta1, beta2, 1 - beta2. (Chen et al. 2023.)
 */
export function lion(w: i32, g: i32, m: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const b1 = hyper(block, 1);
  const c1 = hyper(block, 2);
  const b2 = hyper(block, 3);
  const c2 = hyper(block, 4);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const m0 = v128.load(pm);
    const blend = fma(m0, b1, f32x4.mul(gradient, c1));
    const signed = v128.andnot(v128.xor(step, v128.andnot(blend, magnitude)), f32x4.eq(blend, f32x4.splat(0)));
    v128.store(pm, fma(m0, b2, f32x4.mul(gradient, c2)));
    // The difference is 0, or NaN.
    v128.store(pw, f32x4.add(f32x4.add(signed, f32x4.sub(blend, blend)), v128.load(pw)));
  }
  settle(m, n, block);
}

import { at, fma } from '../lib/simd';
import { Flush, hyper, settle } from '../lib/update';

// These are the optimizers of Adam's family; the comment on loops in optimizers.ts applies here too.

/**
 * m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; w += step m / (sqrt(v) + epsilon). Block: step, epsilon,
 * beta1, 1 - beta1, beta2, 1 - beta2; step and epsilon hold both bias corrections. (Kingma and Ba 2015, as in PyTorch.)
 */
export function adam(w: i32, g: i32, m: i32, v: i32, n: i32, block: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
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
    const m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
    const v1 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(gradient, gradient), c2));
    v128.store(pm, m1);
    v128.store(pv, v1);
    v128.store(pw, fma(f32x4.div(m1, f32x4.add(f32x4.sqrt(v1), epsilon)), step, v128.load(pw)));
  }
  settle(m, n, block);
  settle(v, n, block);
}

/** Updates like adam, with the largest v so far in place of v. (AMSGrad; Reddi et al. 2018, as in PyTorch.) */
export function adamMaximum(w: i32, g: i32, m: i32, v: i32, u: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
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
  let pu = at(u);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16, pv += 16, pu += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
    const v1 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(gradient, gradient), c2));
    const u1 = f32x4.pmax(v128.load(pu), v1);
    v128.store(pm, m1);
    v128.store(pv, v1);
    v128.store(pu, u1);
    v128.store(pw, fma(f32x4.div(m1, f32x4.add(f32x4.sqrt(u1), epsilon)), step, v128.load(pw)));
  }
  settle(m, n, block);
  settle(v, n, block);
}

/**
 * m and v as in adam; w += (stepM m + stepG g) / (root sqrt(v) + epsilon). Block: stepM, epsilon, beta1, 1 - beta1,
 * beta2, 1 - beta2, stepG, root. NAdam's look-ahead gives the present gradient a share of its own, and RAdam's first
 * steps do without v. (Dozat 2016; Liu et al. 2020.)
 */
export function adamBlend(w: i32, g: i32, m: i32, v: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const stepM = hyper(block, 0);
  const epsilon = hyper(block, 1);
  const b1 = hyper(block, 2);
  const c1 = hyper(block, 3);
  const b2 = hyper(block, 4);
  const c2 = hyper(block, 5);
  const stepG = hyper(block, 6);
  const root = hyper(block, 7);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  let pv = at(v);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16, pv += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
    const v1 = fma(v128.load(pv), b2, f32x4.mul(f32x4.mul(gradient, gradient), c2));
    v128.store(pm, m1);
    v128.store(pv, v1);
    const change = fma(m1, stepM, f32x4.mul(gradient, stepG));
    v128.store(pw, f32x4.add(f32x4.div(change, fma(f32x4.sqrt(v1), root, epsilon)), v128.load(pw)));
  }
  settle(m, n, block);
  settle(v, n, block);
}

/**
 * m = beta1 m + (1 - beta1) g; u = max(beta2 u, |g| + epsilon); w += step m / u. Block: step, epsilon, beta1, 1 - beta1,
 * beta2. (Kingma and Ba 2015, as in PyTorch.)
 */
export function adamax(w: i32, g: i32, m: i32, u: i32, n: i32, block: i32, factor: i32): void {
  const scale = f32.load(at(factor));
  if (isNaN(scale)) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const epsilon = hyper(block, 1);
  const b1 = hyper(block, 2);
  const c1 = hyper(block, 3);
  const b2 = hyper(block, 4);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  let pu = at(u);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16, pu += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), s), small, magnitude);
    const m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
    const u1 = f32x4.pmax(f32x4.mul(v128.load(pu), b2), f32x4.add(v128.and(gradient, magnitude), epsilon));
    v128.store(pm, m1);
    v128.store(pu, u1);
    v128.store(pw, fma(f32x4.div(m1, u1), step, v128.load(pw)));
  }
  settle(m, n, block);
}

/**
 * d = g - previous g, in the first step 0; m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) d;
 * n = beta3 n + (1 - beta3) (g + beta2 d)^2; w += step (m + share v) / (sqrt(n) + epsilon). Block: step, epsilon, each
 * beta and 1 - beta, share, 0 in the first step and 1 later; step, epsilon and share hold the bias corrections. (Xie
 * et al. 2022 and its authors' implementation, which counts the betas from 1 down.)
 */
export function adan(w: i32, g: i32, m: i32, v: i32, s: i32, last: i32, n: i32, block: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const small = flush.small();
  const scale = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const epsilon = hyper(block, 1);
  const b1 = hyper(block, 2);
  const c1 = hyper(block, 3);
  const b2 = hyper(block, 4);
  const c2 = hyper(block, 5);
  const b3 = hyper(block, 6);
  const c3 = hyper(block, 7);
  const share = hyper(block, 8);
  const known = hyper(block, 9);
  let pw = at(w);
  let pg = at(g);
  let pm = at(m);
  let pv = at(v);
  let ps = at(s);
  let pl = at(last);
  for (const end = pw + at(n); pw < end; pw += 16, pg += 16, pm += 16, pv += 16, ps += 16, pl += 16) {
    const gradient = flush.signed(f32x4.mul(v128.load(pg), scale), small, magnitude);
    const change = f32x4.mul(f32x4.sub(gradient, v128.load(pl)), known);
    const ahead = flush.signed(fma(change, b2, gradient), small, magnitude);
    const m1 = fma(v128.load(pm), b1, f32x4.mul(gradient, c1));
    const v1 = fma(v128.load(pv), b2, f32x4.mul(change, c2));
    const s1 = fma(v128.load(ps), b3, f32x4.mul(f32x4.mul(ahead, ahead), c3));
    v128.store(pl, gradient);
    v128.store(pm, m1);
    v128.store(pv, v1);
    v128.store(ps, s1);
    const move = f32x4.div(fma(v1, share, m1), f32x4.add(f32x4.sqrt(s1), epsilon));
    v128.store(pw, fma(move, step, v128.load(pw)));
  }
  settle(m, n, block);
  settle(v, n, block);
  settle(s, n, block);
}

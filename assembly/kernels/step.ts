import { at, fma } from '../lib/simd';
import { Flush } from '../lib/update';

// These kernels run before and after an optimizer's loop, over flat vectors of whole SIMD vectors: n is a multiple of 4.

/** g = g, but not beyond -limit and limit. */
export function clipValues(g: i32, n: i32, limit: f32): void {
  const high = f32x4.splat(limit);
  const low = f32x4.neg(high);
  let p = at(g);
  for (const end = p + at(n); p < end; p += 16) v128.store(p, f32x4.pmax(f32x4.pmin(v128.load(p), high), low));
}

/** sum += g, unless `factor` is NaN (see clipFactor). */
export function accumulateGradients(sum: i32, g: i32, n: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  let p = at(sum);
  let q = at(g);
  for (const end = p + at(n); p < end; p += 16, q += 16) v128.store(p, f32x4.add(v128.load(p), v128.load(q)));
}

/** g = (sum + g) scale. */
export function meanGradients(sum: i32, g: i32, n: i32, scale: f32): void {
  const s = f32x4.splat(scale);
  let p = at(sum);
  let q = at(g);
  for (const end = p + at(n); p < end; p += 16, q += 16) {
    v128.store(q, f32x4.mul(f32x4.add(v128.load(p), v128.load(q)), s));
  }
}

/**
 * average += share (w - average), so that equal weights stay equal; nothing where `share` is 0 or `factor` NaN. Averages
 * below 1e-33 become 0.
 */
export function averageWeights(average: i32, w: i32, n: i32, share: i32, factor: i32): void {
  if (f32.load(at(share)) === 0 || isNaN(f32.load(at(factor)))) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const tiny = flush.tiny();
  const s = v128.load32_splat(at(share));
  let p = at(average);
  let q = at(w);
  for (const end = p + at(n); p < end; p += 16, q += 16) {
    const a = v128.load(p);
    v128.store(p, flush.signed(fma(f32x4.sub(v128.load(q), a), s, a), tiny, magnitude));
  }
}

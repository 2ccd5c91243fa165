import { at } from './simd';

// Thresholds are read from memory, since V8 rebuilds vector constants in every iteration, and the mask of f32x4.abs too.
const CONSTANTS = memory.data<u32>([0x7fffffff, 0x26901d7d, 0x08a6274c]);

/** Lanes whose magnitude is below 1e-15 (gradients) or 1e-33 (optimizer state) become +0; NaN stays NaN. */
@unmanaged
@final
export class Flush {
  @inline
  magnitude(): v128 {
    return v128.load32_splat(CONSTANTS);
  }

  @inline
  small(): v128 {
    return v128.load32_splat(CONSTANTS, 4);
  }

  @inline
  tiny(): v128 {
    return v128.load32_splat(CONSTANTS, 8);
  }

  @inline
  signed(v: v128, limit: v128, magnitude: v128): v128 {
    return v128.andnot(v, f32x4.lt(v128.and(v, magnitude), limit));
  }
}

/** Number of the block that says whether states are looked through in this step; see src/kernels/lib/update.ts. */
const SETTLES = 14;

/**
 * Turns, where the step says so, numbers of n elements below 1e-33 become +0; NaN stays NaN. A call (see ../calls.js).
 */
export function settle(state: i32, n: i32, block: i32): void {
  if (f32.load(at(block + SETTLES)) === 0) return;
  const flush = changetype<Flush>(0);
  const magnitude = flush.magnitude();
  const tiny = flush.tiny();
  let p = at(state);
  for (const end = p + at(n); p < end; p += 16) v128.store(p, flush.signed(v128.load(p), tiny, magnitude));
}

/** Returns number `index` of the block that an optimizer reads before each step, in all lanes. */
export function hyper(block: i32, index: i32): v128 {
  return v128.load32_splat(at(block + index));
}

import { at } from './simd';

// Thresholds come from memory: V8 rebuilds vector constants in every turn of a loop, and f32x4.abs its mask.
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

  /** Of what is never negative. */
  @inline
  square(v: v128, limit: v128): v128 {
    return v128.andnot(v, f32x4.lt(v, limit));
  }
}

/** Number `index` of the block that an optimizer reads before each step, in all lanes. */
export function hyper(block: i32, index: i32): v128 {
  return v128.load32_splat(at(block + index));
}

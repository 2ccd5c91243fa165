import { BackendError } from '../errors.js';

// (module (func (result v128) (f32x4.relaxed_madd (i8x16.splat 0) (i8x16.splat 0) (i8x16.splat 0))))
const RELAXED = '0061736d010000000105016000017b030201000a130111004100fd0f4100fd0f4100fd0ffd85020b';

/** Returns whether this engine has relaxed SIMD, and so `wasm({ math: 'fast' })`. */
export function relaxedSimd(): boolean {
  const module = Uint8Array.from(RELAXED.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  return typeof WebAssembly === 'object' && WebAssembly.validate(module);
}

/** @throws BackendError where the engine lacks relaxed SIMD. */
export function checkRelaxedSimd(): void {
  if (relaxedSimd()) return;
  throw new BackendError(
    "wasm({ math: 'fast' }) needs relaxed SIMD, which this engine lacks (Node 21, Chrome 114, Firefox 145 or newer). " +
      "auto({ math: 'fast' }) takes the exact kernels instead.",
  );
}

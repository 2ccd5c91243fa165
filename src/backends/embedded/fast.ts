// The kernels beyond the core as text, in one chunk of bundles: the extras and the special ones.
import extras from '../../../build/kernels.fast.extras.wasm.js';
import special from '../../../build/kernels.fast.special.wasm.js';

export default [extras, special] as const;

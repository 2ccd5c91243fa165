// The kernels beyond the core as text, in one chunk of bundles: the extras and the special ones.
import extras from '../../../build/kernels.extras.wasm.js';
import special from '../../../build/kernels.special.wasm.js';

export default [extras, special] as const;

// This file makes one chunk of the kernels beyond the core, as text: the extras, then the special ones.
import extras from '../../../build/kernels.fast.extras.wasm.js';
import special from '../../../build/kernels.fast.special.wasm.js';

export const texts = [extras, special] as const;

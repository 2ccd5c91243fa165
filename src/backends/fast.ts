// A module of its own, so that only programs that ask for the fast kernels load them.
export { default } from '../../build/kernels.fast.wasm.js';

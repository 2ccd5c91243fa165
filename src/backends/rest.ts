// `wasm` always loads this file, which bundlers make a chunk of; a page waits for it together with the extra kernels.

export { rareParts } from '../model/rare-parts.js';
export { opener } from './heaps.js';

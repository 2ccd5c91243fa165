// What `wasm({ threads })` loads: threads, and all of a model, for the reason in train/core.ts.
export * from './backends/threads/pool.js';
export { Model } from './train/core.js';

/**
 * Models, what they are made of, training, files and backends.
 * @module myelin
 */

export * from './api.js';
export { type AutoOptions, auto, hasRelaxedSimd } from './backends/detect.js';
export type { CompiledModule, KernelParts, KernelSource } from './backends/sources.js';
export { typescript } from './backends/typescript.js';
export { type ThreadOptions, type WasmOptions, wasm } from './backends/wasm.js';

export * from './api.js';
export { type AutoOptions, auto, hasRelaxedSimd } from './backends/detect.js';
export { typescript } from './backends/typescript.js';
export { type CompiledModule, type ThreadOptions, type WasmOptions, wasm } from './backends/wasm.js';

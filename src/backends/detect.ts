import { BackendError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import { relaxedSimd } from './relaxed.js';
import { typescript } from './typescript.js';
import { type WasmOptions, wasm } from './wasm.js';

/** Whether this engine has relaxed SIMD, and so `wasm({ math: 'fast' })`. */
export function hasRelaxedSimd(): boolean {
  return relaxedSimd();
}

export interface AutoOptions extends Pick<WasmOptions, 'math' | 'threads' | 'threadUrl'> {}

/**
 * The best backend that runs here: WebAssembly as asked for, without fused arithmetic where the engine has none, and
 * TypeScript where there is no WebAssembly. `reason` says what could not be had and why, and so does a warning. Results
 * are the same to the bit but for `math: 'fast'`.
 */
export async function auto(options: AutoOptions = {}): Promise<BackendFactory> {
  const reasons: string[] = [];
  let { math, ...rest } = options;
  if (math === 'fast' && !relaxedSimd()) {
    reasons.push('This engine has no relaxed SIMD; taking exact arithmetic instead of fast.');
    math = 'exact';
  }
  let backend: BackendFactory;
  try {
    backend = await wasm(math === undefined ? rest : { ...rest, math });
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    reasons.push(`Falling back to the TypeScript backend. ${error.message}`);
    backend = typescript();
  }
  if (reasons.length === 0) return backend;
  const reason = reasons.join(' ');
  console.warn(`myelin: ${reason}`);
  return { ...backend, reason };
}

import { BackendError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import { relaxedSimd } from './relaxed.js';
import { typescript } from './typescript.js';
import { type WasmOptions, wasm } from './wasm.js';

/** Returns whether this engine has relaxed SIMD, and so `wasm({ math: 'fast' })`. */
export function hasRelaxedSimd(): boolean {
  return relaxedSimd();
}

/** Options of `auto`: what it asks of the WASM backend, where it takes that one. */
export interface AutoOptions extends Pick<WasmOptions, 'math' | 'extras' | 'threads' | 'threadUrl'> {}

const says = (error: unknown) => {
  if (!(error instanceof BackendError)) throw error;
  return error.message;
};

/**
 * Returns the best backend that runs here: WebAssembly as asked for, without fused arithmetic where the engine has none, on
 * one thread where there cannot be more, and TypeScript where there is no WebAssembly. `reason` says what was not available
 * and why, and so does a warning. Results are the same to the bit but for `math: 'fast'`.
 * @throws ValueError, UnknownNameError for options out of range or unknown
 */
export async function auto(options: AutoOptions = {}): Promise<BackendFactory> {
  const reasons: string[] = [];
  let { math, ...rest } = options;
  if (math === 'fast' && !relaxedSimd()) {
    reasons.push('This engine has no relaxed SIMD; taking exact arithmetic instead of fast.');
    math = 'exact';
  }
  const { threads, threadUrl, ...alone } = rest;
  const open = (rest: AutoOptions) => wasm(math === undefined ? rest : { ...rest, math });
  let backend: BackendFactory;
  try {
    backend = await open(rest).catch(async (error) => {
      const reason = says(error);
      if (threads === undefined || threads === 1) throw error;
      const single = await open(alone);
      reasons.push(`Computing on one thread. ${reason}`);
      return single;
    });
  } catch (error) {
    reasons.push(`Falling back to the TypeScript backend. ${says(error)}`);
    backend = typescript();
  }
  // wasm() itself reports what `threads: 'auto'` had to do without.
  if (backend.reason) reasons.unshift(backend.reason);
  const reason = reasons.join(' ');
  // With threads it may say something else later.
  if (reason === (backend.reason ?? '')) return backend;
  console.warn(`myelin: ${reason}`);
  return { ...backend, reason };
}

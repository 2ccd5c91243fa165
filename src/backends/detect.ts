import type { BackendFactory } from '../kernels/contract.js';
import { typescript } from './typescript.js';
import { wasm } from './wasm.js';

/**
 * The WebAssembly backend where it runs, else the TypeScript one; `reason` then says why, and so does a warning.
 * Results are the same to the bit.
 */
export async function auto(): Promise<BackendFactory> {
  try {
    return await wasm();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.warn(`myelin: falling back to the TypeScript backend. ${reason}`);
    return { ...typescript(), reason };
  }
}

import type { BackendFactory } from '../kernels/contract.js';
import { rareParts } from '../model/rare-parts.js';
import { provideRareParts } from '../rare.js';
import { openTwins, openTwins64 } from './twins.js';

/** Returns the backend in plain TypeScript: the same bits as WebAssembly, where WebAssembly cannot run. */
export function typescript(): BackendFactory {
  provideRareParts(rareParts);
  return openTwins();
}

/**
 * Returns the same kernels in float64 without rounding, for gradient checks. Its results differ from the other backends'.
 */
export function typescript64(): BackendFactory {
  provideRareParts(rareParts);
  return openTwins64();
}

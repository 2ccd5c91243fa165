import { checkCallbacks } from './hooks.js';
import type { Callback } from './interfaces.js';

/** Returns a callback of functions; checks their names at once. A plain object of hooks does as well. */
export function lambda(hooks: Callback): Callback {
  checkCallbacks([hooks]);
  return { ...hooks };
}

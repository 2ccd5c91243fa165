import { StateError } from './errors.js';

/**
 * Functions that are synchronous and that few programs call: bundlers put them into a chunk of their own. Each is declared
 * where it is written, by `declare module`, and listed in model/rare-parts.ts. What opens a backend loads that file: `wasm` and
 * `auto` wait for it together with the extra kernels, `typescript` imports it.
 */
// biome-ignore lint/suspicious/noEmptyInterface: the files of the parts fill it
export interface RareParts {}

let parts: RareParts | undefined;

/** Makes the parts known, before any model can exist. */
export function provideRareParts(given: RareParts): void {
  parts = given;
}

/** @throws StateError where no backend of the library has been opened, as under a backend of one's own */
export function rare(): RareParts {
  if (parts) return parts;
  throw new StateError(
    'A part of Myelin that this call needs has not been loaded: await wasm() or await auto() loads it, and so does typescript().',
  );
}

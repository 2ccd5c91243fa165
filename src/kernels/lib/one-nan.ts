import { allFinite } from '../../matrix.js';

/** The bits of the quiet NaN without a sign. */
export const NAN_BITS = 0x7fc00000;

/**
 * Returns the same numbers, where every NaN has the bits that JavaScript's standard calls NaN in float32. Engines and
 * processors write others, too, by which files and hashes would differ. Copies only where there is a NaN.
 */
export function oneNaN(data: Float32Array): Float32Array {
  if (allFinite(data) || !data.some(Number.isNaN)) return data;
  const copy = data.slice();
  const bits = new Uint32Array(copy.buffer);
  for (let i = 0; i < copy.length; i++) if (Number.isNaN(copy[i])) bits[i] = NAN_BITS;
  return copy;
}

// Finds out whether inputs and output overlap without making V8 allocate. Measured in bench/NOTES.md, "Cleverness that
// pays"; test/engine/shared-memory.test.ts counts the bytes.

import { isMatrix, type Matrix, type MatrixLike } from '../../matrix.js';
import { isFloat32 } from '../../realms.js';

/** V8 keeps typed arrays of up to 64 bytes in its own heap, until someone asks for their buffer. */
const LARGEST_IN_HEAP = 16;

/**
 * Returns whether two float32 arrays share memory. Asking small ones for their `buffer` would move them out of V8's
 * heap, which takes as long as a small network, so that first their numbers tell: in one memory they are the same.
 */
function floatsOverlap(x: Float32Array, output: Float32Array): boolean {
  const shift = (output.byteOffset - x.byteOffset) / 4;
  const inX = Math.max(0, shift);
  const inOutput = Math.max(0, -shift);
  if (inX >= x.length || inOutput >= output.length) return false;
  if (x.length <= LARGEST_IN_HEAP || output.length <= LARGEST_IN_HEAP) {
    const a = x[inX]!;
    const b = output[inOutput]!;
    if (a !== b && !(Number.isNaN(a) && Number.isNaN(b))) return false;
  }
  return x.buffer === output.buffer;
}

export function sharesMemory(x: MatrixLike, output: Float32Array): boolean {
  if (x instanceof Float32Array) return floatsOverlap(x, output);
  if (isMatrix(x) && isFloat32(x.data)) return floatsOverlap(x.data, output);
  if (Array.isArray(x)) return x.some((row) => ArrayBuffer.isView(row) && overlap(row, output));
  const data = ArrayBuffer.isView(x) ? x : (x as Matrix).data;
  return ArrayBuffer.isView(data) && overlap(data, output);
}

function overlap(a: ArrayBufferView, b: ArrayBufferView): boolean {
  return (
    a.buffer === b.buffer && a.byteOffset < b.byteOffset + b.byteLength && b.byteOffset < a.byteOffset + a.byteLength
  );
}

import { fillNumbers, fillRows, type NumericArray } from '../matrix.js';
import { makePause } from '../rows/pause.js';
import type { ArrayKind } from './protocol.js';

// Data are copied in slices, so that the event loop gets its turn.

/** Milliseconds of copying after which the event loop has a turn. */
const SLICE = 2;

/** Numbers of plain arrays that are copied between two looks at the clock: a millisecond in code not yet compiled. */
export const NUMBERS = 2 ** 13;

/** Elements of a typed array between two looks at the clock. */
export const ELEMENTS = 2 ** 16;

/** Something to copy to an array of a kind. */
export interface Copy {
  readonly kind: ArrayKind;
  readonly length: number;
  /** Elements to copy at a time. */
  readonly step: number;
  /** Fills a piece with the elements from `from` on. */
  fill(piece: NumericArray, from: number): void;
}

export const kindOf = (view: NumericArray) => view[Symbol.toStringTag] as ArrayKind;

export function makeArray(kind: ArrayKind, length: number, buffer?: ArrayBufferLike): NumericArray {
  type Constructor = new (content: number | ArrayBufferLike) => NumericArray;
  return new (globalThis as unknown as Record<ArrayKind, Constructor>)[kind](buffer ?? length);
}

export function copyOfView(view: NumericArray): Copy {
  return {
    kind: kindOf(view),
    length: view.length,
    step: ELEMENTS,
    fill: (piece, from) => piece.set(view.subarray(from, from + piece.length)),
  };
}

export function copyOfNumbers(values: ArrayLike<unknown>, label: string): Copy {
  return {
    kind: 'Float32Array',
    length: values.length,
    step: NUMBERS,
    fill: (piece, from) => fillNumbers(piece as Float32Array, values, from, label),
  };
}

export function copyOfRows(rows: readonly unknown[], columns: number, label: string): Copy {
  return {
    kind: 'Float32Array',
    length: rows.length * columns,
    step: Math.max(1, Math.floor(NUMBERS / columns)) * columns,
    fill: (piece, from) => fillRows(piece as Float32Array, rows, from / columns, columns, label),
  };
}

/** Copies everything at once. */
export function copyNow({ kind, length, fill }: Copy): NumericArray {
  const array = makeArray(kind, length);
  fill(array, 0);
  return array;
}

export const canShare = () => typeof SharedArrayBuffer !== 'undefined';

/** Allocates memory that threads share. */
export function makeShared({ kind, length }: Copy): NumericArray {
  const bytes = makeArray(kind, 0).BYTES_PER_ELEMENT * length;
  return makeArray(kind, length, new SharedArrayBuffer(bytes));
}

/** Copies in slices, and says after each how far it has come. */
export async function copyInto(
  shared: NumericArray,
  { length, step, fill }: Copy,
  reached: (end: number) => void = () => {},
): Promise<void> {
  const pause = makePause(SLICE);
  for (let from = 0; from < length; from += step) {
    const end = Math.min(length, from + step);
    fill(shared.subarray(from, end), from);
    const pausing = pause();
    if (!pausing && end < length) continue;
    reached(end);
    await pausing;
  }
}

/** Copies in slices, piece by piece, each new memory of its own. */
export async function copyInPieces(
  { kind, length, step, fill }: Copy,
  take: (piece: NumericArray, from: number) => void,
): Promise<void> {
  const pause = makePause(SLICE);
  for (let from = 0; from < length; from += step) {
    const piece = makeArray(kind, Math.min(step, length - from));
    fill(piece, from);
    take(piece, from);
    const pausing = pause();
    if (pausing) await pausing;
  }
}

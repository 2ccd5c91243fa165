import type { NumberColumn } from './column.js';

/** Numbers of which there are few: `palette[bytes[row]]`. */
export interface Coded {
  readonly bytes: Uint8Array;
  readonly palette: Float64Array;
  /** Counts the rows of each byte value; counted once, and shared with columns that are made of this one. */
  counts(): Uint32Array;
}

const CODED = Symbol('coded');

type Carrier = { readonly [CODED]?: Coded };

/** Each byte means itself. */
const SAME = /* @__PURE__ */ Float64Array.from({ length: 256 }, (_, byte) => byte);

/**
 * Returns a column that holds a byte for each row. `values` is made when it is first read, and kept; `codedOf` does without.
 * A copy by `{ ...column }` holds values and no bytes, so that they cannot contradict each other.
 */
export function bytesColumn(name: string, bytes: Uint8Array): NumberColumn {
  let counts: Uint32Array | undefined;
  const count = () => {
    counts ??= countsOf(bytes);
    return counts;
  };
  return column(name, { bytes, palette: SAME, counts: count });
}

function column(name: string, coded: Coded): NumberColumn {
  const { bytes, palette } = coded;
  let values: Float64Array | undefined;
  const made = {
    name,
    kind: 'number' as const,
    get values() {
      if (!values) {
        values = new Float64Array(bytes.length);
        for (let row = 0; row < bytes.length; row++) values[row] = palette[bytes[row]!]!;
      }
      return values;
    },
  };
  Object.defineProperty(made, CODED, { value: coded, enumerable: false });
  return made;
}

/** Returns the bytes of a column, and what they mean, where it holds bytes. */
export function codedOf(numbers: object): Coded | undefined {
  return (numbers as Carrier)[CODED];
}

/** Returns the bytes of a column where each means itself. */
export function bytesOf(numbers: object): Coded | undefined {
  const coded = codedOf(numbers);
  return coded?.palette === SAME ? coded : undefined;
}

/** Numbers to be read, not to be mapped: what a `map` of bytes makes is bytes again. */
export type Readable = Float64Array | Uint8Array;

/** Returns the numbers of a column: bytes where each means itself. */
export function readable(numbers: NumberColumn): Readable {
  return bytesOf(numbers)?.bytes ?? numbers.values;
}

/** Returns the same rows, where each number is mapped. */
export function mappedBytes(name: string, coded: Coded, map: (value: number) => number): NumberColumn {
  return column(name, { ...coded, palette: coded.palette.map(map) });
}

function countsOf(bytes: Uint8Array): Uint32Array {
  const counts = new Uint32Array(256);
  for (let row = 0; row < bytes.length; row++) counts[bytes[row]!]!++;
  return counts;
}

/** Returns the least and greatest of bytes, and their sum. */
export function rangeOf(coded: Coded): { readonly low: number; readonly high: number; readonly sum: number } {
  const counts = coded.counts();
  const low = counts.findIndex((count) => count > 0);
  return {
    low,
    high: counts.findLastIndex((count) => count > 0),
    sum: counts.reduce((sum, count, byte) => sum + count * byte, 0),
  };
}

import type { NumberColumn } from './table.js';

/** Numbers of which there are few: `palette[bytes[row]]`. */
export interface Coded {
  readonly bytes: Uint8Array;
  readonly palette: Float64Array;
}

const CODED = Symbol('coded');

type Carrier = { readonly [CODED]?: Coded };

/** Each byte means itself. */
const SAME = /* @__PURE__ */ Float64Array.from({ length: 256 }, (_, byte) => byte);

/**
 * A column that holds a byte for each row. `values` is made, and kept, when somebody asks for it: who can reads `codedOf`.
 * A copy by `{ ...column }` holds values and no bytes, so that they cannot contradict each other.
 */
export function bytesColumn(name: string, bytes: Uint8Array, palette: Float64Array = SAME): NumberColumn {
  let values: Float64Array | undefined;
  const column = {
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
  Object.defineProperty(column, CODED, { value: { bytes, palette }, enumerable: false });
  return column;
}

/** The bytes of a column, and what they mean, where it holds bytes. */
export function codedOf(column: object): Coded | undefined {
  return (column as Carrier)[CODED];
}

/** Numbers to be read, not to be mapped: what a `map` of bytes makes is bytes again. */
export type Readable = Float64Array | Uint8Array;

/** The numbers of a column: bytes where each means itself. */
export function readable(column: NumberColumn): Readable {
  const coded = codedOf(column);
  return coded?.palette === SAME ? coded.bytes : column.values;
}

/** The same column of other rows. */
export function withBytes({ name }: NumberColumn, { palette }: Coded, bytes: Uint8Array): NumberColumn {
  return bytesColumn(name, bytes, palette);
}

/** The same rows, where each number is mapped. */
export function mappedBytes({ name }: NumberColumn, { bytes, palette }: Coded, map: (value: number) => number) {
  return bytesColumn(name, bytes, palette.map(map));
}

/** How many rows have each byte. */
export function countsOf({ bytes }: Coded): Uint32Array {
  const counts = new Uint32Array(256);
  for (let row = 0; row < bytes.length; row++) counts[bytes[row]!]!++;
  return counts;
}

import { isMatrix, makeMatrix } from '../matrix.js';
import type { Mark, Path } from './protocol.js';

/** A result on its way: its arrays are moved, not copied. */
export interface PackedResult {
  readonly value: unknown;
  readonly marks: readonly Mark[];
  readonly transfer: readonly ArrayBuffer[];
}

type View = ArrayBufferView & { slice(): ArrayBufferView };

/** Packs what a model's method returned, which nothing else holds. With `keep`, arrays stay here and copies go. */
export function packResult(result: unknown, keep = false): PackedResult {
  const marks: Mark[] = [];
  const transfer = new Set<ArrayBuffer>();
  const pack = (value: unknown, path: Path): unknown => {
    if (typeof value === 'function') return undefined;
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) {
      if (!(value.buffer instanceof ArrayBuffer)) return value;
      const whole = value.byteLength === value.buffer.byteLength;
      const own = whole && !keep ? value : (value as View).slice();
      transfer.add(own.buffer as ArrayBuffer);
      return own;
    }
    if (Array.isArray(value)) {
      return typeof value[0] === 'number' ? value : value.map((item, i) => pack(item, [...path, i]));
    }
    if (Object.prototype.toString.call(value) !== '[object Object]') return value;
    if (isMatrix(value)) marks.push({ kind: 'matrix', path });
    else if (Object.hasOwn(value, 'toString')) marks.push({ kind: 'text', path, text: String(value) });
    const entries = Object.entries(value).filter(([, item]) => typeof item !== 'function');
    return Object.fromEntries(entries.map(([key, item]) => [key, pack(item, [...path, key])]));
  };
  return { value: pack(result, []), marks, transfer: [...transfer] };
}

/** Returns what is at a path. */
export function at(root: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => (value as Record<string | number, unknown>)[key], root);
}

/** Puts something at a path; returns the root, which is new where the path is empty. */
export function put(root: unknown, path: Path, value: unknown): unknown {
  const key = path.at(-1);
  if (key === undefined) return value;
  (at(root, path.slice(0, -1)) as Record<string | number, unknown>)[key] = value;
  return root;
}

/** Restores the result as the method returned it. */
export function unpackResult(value: unknown, marks: readonly Mark[]): unknown {
  let root = value;
  for (const mark of marks) {
    if (mark.kind === 'matrix') {
      const { data, rows, columns } = at(root, mark.path) as { data: Float32Array; rows: number; columns: number };
      root = put(root, mark.path, makeMatrix(data, rows, columns));
    } else {
      const printed = at(root, mark.path) as object;
      const print = () => mark.text;
      Object.assign(printed, { toString: print });
      Object.defineProperty(printed, Symbol.for('nodejs.util.inspect.custom'), { value: print });
    }
  }
  return root;
}

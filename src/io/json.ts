import { asError, FileFormatError, isOutOfMemory, show, ValueError } from '../errors.js';

/** Deeper nesting could overflow the stack of code that walks the data. */
const DEEPEST = 64;

/** Plain data, as JSON has it. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** Skips to the end of the string that begins at `at`, in JSON that is known to be well-formed. */
function stringEnd(text: string, at: number): number {
  for (let i = at + 1; ; i++) {
    const c = text.charCodeAt(i);
    if (c === 92) i++;
    else if (c === 34) return i + 1;
  }
}

/** Refuses keys that come twice, of which JSON.parse keeps the last one, `__proto__`, and depth. */
function checkKeys(text: string, where: string): void {
  /** The keys of each object that is open; undefined for arrays. */
  const open: (Set<string> | undefined)[] = [];
  let keyNext = false;
  for (let i = 0; i < text.length; i++) {
    switch (text[i]) {
      case '{':
      case '[':
        keyNext = text[i] === '{';
        if (open.push(keyNext ? new Set() : undefined) > DEEPEST) {
          throw new FileFormatError(where, `nested deeper than ${DEEPEST} levels`);
        }
        break;
      case '}':
      case ']':
        open.pop();
        keyNext = false;
        break;
      case ',':
        keyNext = open.at(-1) !== undefined;
        break;
      case '"': {
        const end = stringEnd(text, i);
        if (keyNext) {
          const key = JSON.parse(text.slice(i, end)) as string;
          const keys = open.at(-1) as Set<string>;
          if (key === '__proto__') throw new FileFormatError(where, "the key '__proto__'");
          if (keys.has(key)) throw new FileFormatError(where, `the key ${show(key)} twice`);
          keys.add(key);
          keyNext = false;
        }
        i = end - 1;
      }
    }
  }
}

/** Reads JSON that may have been made to do harm. @throws FileFormatError */
export function parseJson(text: string, where: string): Json {
  let value: Json;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new FileFormatError(where, `no JSON (${asError(cause).message})`, { cause });
  }
  checkKeys(text, where);
  return value;
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuse(argument: string, value: unknown): never {
  const expected = 'plain data, as JSON has it: null, booleans, finite numbers, strings, arrays and objects of those';
  throw new ValueError({ argument, given: show(value), expected });
}

/** Refuses what JSON would change or drop; undefined options are left out. */
function checkPlain(given: unknown, argument: string, depth: number): void {
  const json = (given as { toJSON?: unknown } | null | undefined)?.toJSON;
  const value: unknown = typeof json === 'function' ? json.call(given) : given;
  if (depth > DEEPEST) refuse(argument, value);
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) refuse(argument, value);
  } else if (Array.isArray(value)) {
    // Long lists hold numbers, and formatting the place of each would take longer than everything else.
    if (depth < DEEPEST && value.every((item) => typeof item === 'number' && Number.isFinite(item))) return;
    value.forEach((item, i) => {
      checkPlain(item, `${argument}[${i}]`, depth + 1);
    });
  } else if (Object.prototype.toString.call(value) === '[object Object]') {
    for (const [key, item] of Object.entries(value as object)) {
      if (key === '__proto__') refuse(`${argument}.__proto__`, item);
      if (item !== undefined) checkPlain(item, `${argument}.${key}`, depth + 1);
    }
  } else refuse(argument, value);
}

/** Plain data as JSON, once `change` has been through what is known to be plain. @throws ValueError that names what is not. */
export function toJson(value: unknown, argument: string, change: (value: unknown) => unknown = (same) => same): string {
  checkPlain(value, argument, 1);
  try {
    return JSON.stringify(change(value));
  } catch (cause) {
    if (!isOutOfMemory(cause)) throw cause;
    throw new ValueError({ argument, given: 'more text than a string can hold', expected: 'less' });
  }
}

import * as classes from '../errors.js';
import { isError } from '../realms.js';

/** An error as plain data: its class by name, its text and its fields. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly cause?: PackedError;
  /** Holds what was thrown where it is no error. */
  readonly thrown?: unknown;
}

const natives = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** Returns the class whose instances have this name, of Myelin's or the engine's; `Error` for others. */
function classOf(name: string): { readonly prototype: object } {
  const tables: readonly object[] = [classes, natives];
  for (const table of tables) {
    const found = Object.hasOwn(table, name) ? (table as Record<string, unknown>)[name] : undefined;
    if (typeof found === 'function' && (found === Error || found.prototype instanceof Error)) return found;
  }
  return Error;
}

/** Returns whether it can be sent; what cannot is left out, as by JSON. */
function sendable(value: unknown): boolean {
  if (typeof value === 'function' || typeof value === 'symbol') return false;
  if (typeof value !== 'object' || value === null) return true;
  try {
    structuredClone(value);
    return true;
  } catch {
    return false;
  }
}

export function packError(error: unknown): PackedError {
  if (!isError(error)) {
    const thrown = sendable(error) ? error : String(error);
    return { name: 'Error', message: String(error), stack: '', fields: {}, thrown };
  }
  const { name, message, stack = '', cause } = error;
  const fields = Object.entries(error).filter(([key, value]) => key !== 'name' && sendable(value));
  return {
    name,
    message,
    stack,
    fields: Object.fromEntries(fields),
    ...(cause === undefined ? {} : { cause: packError(cause) }),
  };
}

/** Restores the error on this side: an instance of its class, with its fields; its stack continues in that of the call. */
export function unpackError(packed: PackedError, calledFrom = ''): unknown {
  const { name, message, stack, fields, cause } = packed;
  if ('thrown' in packed) return packed.thrown;
  if (name === 'AbortError' || name === 'TimeoutError') return new DOMException(message, name);
  const error = new Error(message, cause === undefined ? undefined : { cause: unpackError(cause) });
  const found = classOf(name);
  Object.setPrototypeOf(error, found.prototype);
  if (error.name !== name) Object.defineProperty(error, 'name', { value: name, enumerable: found !== Error });
  Object.assign(error, fields);
  const frames = calledFrom.replace(/^.*\n/, '');
  error.stack = frames === '' ? stack : `${stack}\n    in a worker, called\n${frames}`;
  return error;
}

/**
 * Returns whether a value is one of these classes, in whichever realm it was made: `instanceof` is false for values of
 * an iframe, of `vm` and of jsdom under Jest or Vitest, which have classes of their own of the same names.
 */
export function isA<T>(value: unknown, ...classes: readonly string[]): value is T {
  if (typeof value !== 'object' || value === null) return false;
  return classes.includes(Object.prototype.toString.call(value).slice(8, -1));
}

/** Returns a `URL` or a text: a place that can be opened. */
export function isPlace(value: unknown): value is string | URL {
  return typeof value === 'string' || isA<URL>(value, 'URL');
}

/** Returns whether a value holds float32 numbers. */
export function isFloat32(value: unknown): value is Float32Array {
  return value instanceof Float32Array || isA<Float32Array>(value, 'Float32Array');
}

export function isError(value: unknown): value is Error {
  return value instanceof Error || isA<Error>(value, 'Error', 'DOMException');
}

export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise || isA<Promise<unknown>>(value, 'Promise');
}

interface NodeUtil {
  readonly TextDecoder: typeof TextDecoder;
  readonly TextEncoder: typeof TextEncoder;
}

/** Returns a constructor that jsdom under Jest hides, from Node's module. */
function hidden(name: keyof NodeUtil): unknown {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): NodeUtil } };
  return process?.getBuiltinModule?.('node:util')[name];
}

/** Returns a decoder of bytes, made where it is needed: not every place has one. */
export function textDecoder(label?: string, options?: TextDecoderOptions): TextDecoder {
  const Decoder = typeof TextDecoder === 'function' ? TextDecoder : (hidden('TextDecoder') as typeof TextDecoder);
  return new Decoder(label, options);
}

export function textEncoder(): TextEncoder {
  const Encoder = typeof TextEncoder === 'function' ? TextEncoder : (hidden('TextEncoder') as typeof TextEncoder);
  return new Encoder();
}

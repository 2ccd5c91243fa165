import { asError, BackendError, FileError, show, ValueError } from '../errors.js';
import { isA, isPromise } from '../realms.js';
import type { KernelSource } from './kernel-source.js';

/** A module that can be compiled or instantiated. */
export type Opened = Response | BufferSource | WebAssembly.Module;

async function readFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  const name = 'node:fs/promises';
  let system: { readFile(path: URL): Promise<Uint8Array<ArrayBuffer>> };
  try {
    system = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch {
    throw new ValueError({
      argument: 'openKernels.source',
      given: show(String(url)),
      expected: 'an http or https URL, a Response or bytes where there is no file system',
    });
  }
  try {
    return await system.readFile(url);
  } catch (cause) {
    throw new FileError('Cannot read', String(url), cause);
  }
}

async function download(url: URL): Promise<Response> {
  try {
    return await fetch(url);
  } catch (cause) {
    throw new BackendError(`Cannot load the kernels from ${url}: ${asError(cause).message}`, { cause: asError(cause) });
  }
}

/**
 * Awaits and checks a source.
 * @throws BackendError where the response has another status than 200 to 299; ValueError for anything but a source.
 */
export async function openSource(given: KernelSource): Promise<Opened> {
  const source = isPromise(given) ? await (given as Promise<unknown>) : given;
  if (isA<URL>(source, 'URL')) {
    return source.protocol === 'file:' ? readFile(source) : openSource(await download(source));
  }
  if (isA<Response>(source, 'Response')) {
    if (source.ok) return source;
    throw new BackendError(
      `Cannot load the kernels from ${source.url || 'a response'}: its status is ${source.status}.`,
    );
  }
  if (isA<BufferSource | WebAssembly.Module>(source, 'ArrayBuffer', 'WebAssembly.Module')) return source;
  if (ArrayBuffer.isView(source)) return source as BufferSource;
  throw new ValueError({
    argument: 'openKernels.source',
    given: show(source),
    expected: 'a URL, a Response, the bytes of myelin/kernels.wasm, or a WebAssembly.Module of them',
    ...(typeof source === 'string' ? { hint: 'A URL: new URL(text, import.meta.url).' } : {}),
  });
}

/**
 * Returns whether a response can be compiled while it arrives: only with this type, and without parameters such as a
 * charset.
 */
export function streams(source: Opened): source is Response {
  if (typeof Response === 'undefined' || !(source instanceof Response)) return false;
  return /^[\t ]*application\/wasm[\t ]*$/i.test(source.headers.get('content-type') ?? '');
}

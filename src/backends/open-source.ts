// Opens the kernels that users bring, for `wasm` and for `myelin/kernels`.

import { asError, BackendError, FileError, show, ValueError } from '../errors.js';
import { isA, isPlace, isPromise } from '../realms.js';
import type { KernelSource } from './sources.js';

/** A module that can be compiled or instantiated. */
export type Opened = Response | BufferSource | WebAssembly.Module;

interface Expected {
  /** The name of the argument in errors, such as `wasm.source`. */
  readonly argument: string;
  /** The file of the package, such as `myelin/kernels.wasm`. */
  readonly file: string;
}

async function readFile(url: URL, { argument }: Expected): Promise<Uint8Array<ArrayBuffer>> {
  const name = 'node:fs/promises';
  let system: { readFile(path: URL): Promise<Uint8Array<ArrayBuffer>> };
  try {
    system = await import(/* @vite-ignore */ /* webpackIgnore: true */ name);
  } catch {
    throw new ValueError({
      argument,
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

/** Returns the address that a text or a URL stands for: on pages and in their workers relative to them. */
function addressOf(place: string | URL): URL | undefined {
  const { document, location } = globalThis as {
    readonly document?: { readonly baseURI: string };
    readonly location?: { readonly href: string };
  };
  try {
    return new URL(place, document?.baseURI ?? location?.href);
  } catch {
    return undefined;
  }
}

/**
 * Awaits and checks a source.
 * @throws ValueError for what is none, or a response that was read before; BackendError where it cannot be loaded; FileError
 * for a file that cannot be read
 */
export async function openSource(given: KernelSource, expected: Expected): Promise<Opened> {
  const source: unknown = isPromise(given) ? await given : given;
  const url = isPlace(source) ? addressOf(source) : undefined;
  if (url) return url.protocol === 'file:' ? readFile(url, expected) : openSource(await download(url), expected);
  if (isA<Response>(source, 'Response')) {
    if (!source.ok) {
      throw new BackendError(
        `Cannot load the kernels from ${source.url || 'a response'}: its status is ${source.status}.`,
      );
    }
    if (!source.bodyUsed) return source;
    throw new ValueError({
      argument: expected.argument,
      given: 'a response that was read before',
      expected: 'one that nobody has read',
      hint: 'response.clone() can be read as well.',
    });
  }
  if (isA<BufferSource | WebAssembly.Module>(source, 'ArrayBuffer', 'WebAssembly.Module')) return source;
  if (ArrayBuffer.isView(source)) return source as BufferSource;
  throw new ValueError({
    argument: expected.argument,
    given: show(source),
    expected: `a URL, a Response, the bytes of ${expected.file}, or a WebAssembly.Module of them`,
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

export type Instantiated = Pick<WebAssembly.WebAssemblyInstantiatedSource, 'instance' | 'module'>;

/**
 * Instantiates a source over a memory, a response of type application/wasm while it arrives. For `tall` see `FastPlan`.
 * @throws ValueError for a module that asks for other imports
 */
export async function instantiateSource(
  source: Opened,
  memory: WebAssembly.Memory,
  tall: boolean,
  { argument, file }: Expected,
): Promise<Instantiated> {
  const loader = await import('./loader.js');
  const imports = { env: { memory }, engine: { TALL: Number(tall) } };
  try {
    if (streams(source)) return await loader.instantiateStreaming(source, imports);
    return await loader.instantiate(await bytesOf(source), imports);
  } catch (thrown) {
    // Engines call it a LinkError or a TypeError.
    const { message } = asError(thrown);
    if (!/import/i.test(message)) throw thrown;
    throw new ValueError({
      argument,
      given: `a module that asks for other imports (${message})`,
      expected: `this version's ${file}`,
    });
  }
}

/** Reads a response to its end; what is no response stays as it is. */
export async function bytesOf(source: Opened): Promise<BufferSource | WebAssembly.Module> {
  return isA<Response>(source, 'Response') ? source.arrayBuffer() : source;
}

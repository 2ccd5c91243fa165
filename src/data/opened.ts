import { FileError, show, ValueError } from '../errors.js';
import { isA, isPlace, textEncoder } from '../realms.js';
import { DataError } from './data-error.js';

/**
 * A source of data. A string is a path (Node); text is passed as `{ text }`. Bytes in gzip are recognized and decompressed,
 * whatever they come from.
 */
export type Source =
  | string
  | URL
  | {
      /** Reads the file at this path. */
      readonly path: string;
    }
  | {
      /** Reads this text itself, as if it were the file's. */
      readonly text: string;
    }
  | ArrayBuffer
  | Uint8Array
  | Blob
  | Request
  | Response
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>;

/** An opened source. */
export interface Bytes {
  /** The name of the source in errors. */
  readonly name: string;
  /** Says whether `blocks` can be called again. */
  readonly again: boolean;
  /** Returns the bytes, without gzip, about `BLOCK` at a time: larger pieces are cut and smaller ones joined. */
  blocks(): AsyncGenerator<Uint8Array, void, undefined>;
}

export const BLOCK = 1 << 18;

type Chunks = AsyncIterable<Uint8Array | string>;

interface FileSystem {
  createReadStream(path: string | URL, options: { highWaterMark: number }): Chunks;
}

async function* readFile(path: string | URL): AsyncGenerator<Uint8Array | string> {
  const name = 'node:fs';
  let system: FileSystem;
  try {
    system = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as FileSystem;
  } catch {
    throw new ValueError({
      argument: 'source',
      given: show(String(path)),
      expected: 'a Response, a Blob, bytes or { text } where there is no file system',
    });
  }
  try {
    yield* system.createReadStream(path, { highWaterMark: BLOCK });
  } catch (cause) {
    if (typeof (cause as { code?: unknown }).code !== 'string') throw cause;
    throw new FileError('Cannot read', String(path), cause);
  }
}

async function* once<T>(value: T): AsyncGenerator<T> {
  yield value;
}

async function* read(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Blobs of jsdom can be read by a `FileReader` alone. */
async function* piecesOf(blob: Blob): AsyncGenerator<Uint8Array> {
  if (typeof blob.stream === 'function') {
    yield* read(blob.stream());
    return;
  }
  const reader = new FileReader();
  const whole = new Promise<ArrayBuffer>((resolve, reject) => {
    reader.onload = () => resolve(reader.result as ArrayBuffer);
    reader.onerror = () => reject(reader.error);
  });
  reader.readAsArrayBuffer(blob);
  yield new Uint8Array(await whole);
}

async function* bodyOf(message: Request | Response, name: string): AsyncGenerator<Uint8Array> {
  if ('status' in message && !message.ok) {
    throw new ValueError({
      argument: 'source',
      given: `a response of status ${message.status} from ${name}`,
      expected: 'one of success',
    });
  }
  if (message.bodyUsed) throw new ValueError({ argument: 'source', given: 'a body that is used', expected: 'a body' });
  if (message.body) {
    yield* read(message.body);
    return;
  }
  // Firefox has no stream of a request's body.
  const bytes = new Uint8Array(await message.arrayBuffer());
  if (bytes.length === 0) {
    throw new ValueError({ argument: 'source', given: 'a body that is empty', expected: 'a body' });
  }
  yield bytes;
}

interface Opened {
  readonly name: string;
  readonly again: boolean;
  chunks(): Chunks;
}

/** Bytes of this realm, a view of those that are given. */
function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (isA<Uint8Array>(value, 'Uint8Array')) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return isA<ArrayBuffer>(value, 'ArrayBuffer') ? new Uint8Array(value) : undefined;
}

function recognize(source: Source): Opened {
  if (isPlace(source)) {
    const path = String(source);
    if (/[\n\r]/.test(path)) {
      const expected = 'a path, or text as { text }';
      throw new ValueError({ argument: 'source', given: show(path), expected });
    }
    if (/^https?:/.test(path)) {
      throw new ValueError({
        argument: 'source',
        given: show(path),
        expected: 'a path',
        hint: 'Pass await fetch(url).',
      });
    }
    return { name: path, again: true, chunks: () => readFile(path.startsWith('file:') ? new URL(path) : source) };
  }
  const bytes = asBytes(source);
  if (bytes) {
    return { name: 'buffer', again: true, chunks: () => once(bytes) };
  }
  if (isA<Blob>(source, 'Blob', 'File')) {
    const name = (source as Blob & { name?: unknown }).name;
    return { name: typeof name === 'string' ? name : 'blob', again: true, chunks: () => piecesOf(source) };
  }
  if (isA<Request | Response>(source, 'Request', 'Response')) {
    const name = source.url || 'response';
    return { name, again: false, chunks: () => bodyOf(source, name) };
  }
  if (isA<ReadableStream<Uint8Array>>(source, 'ReadableStream')) {
    return { name: 'stream', again: false, chunks: () => read(source) };
  }
  if (typeof source === 'object' && source !== null) {
    if (Symbol.asyncIterator in source) return { name: 'stream', again: false, chunks: () => source };
    if ('text' in source && typeof source.text === 'string') {
      const { text } = source;
      return { name: 'text', again: true, chunks: () => pieces(text) };
    }
    if ('path' in source && typeof source.path === 'string') {
      const { path } = source;
      return { name: path, again: true, chunks: () => readFile(path) };
    }
  }
  const expected = 'a path, { text }, bytes, a Blob, a Request, a Response or a stream of bytes';
  throw new ValueError({ argument: 'source', given: show(source), expected });
}

/** Returns a text in pieces that do not cut a character into two. */
async function* pieces(text: string): AsyncGenerator<string> {
  for (let at = 0; at < text.length; ) {
    let end = Math.min(at + BLOCK, text.length);
    const last = text.charCodeAt(end - 1);
    if (end < text.length && last >= 0xd800 && last < 0xdc00) end++;
    yield text.slice(at, end);
    at = end;
  }
}

async function* encoded(chunks: Chunks): AsyncGenerator<Uint8Array> {
  const encoder = textEncoder();
  for await (const chunk of chunks) {
    if (typeof chunk === 'string') yield encoder.encode(chunk);
    else {
      const bytes = asBytes(chunk);
      if (!bytes) {
        const given = `a stream of ${show(chunk)}`;
        throw new ValueError({ argument: 'source', given, expected: 'a stream of bytes' });
      }
      yield bytes;
    }
  }
}

/** Joins small pieces and cuts large ones. */
async function* inBlocks(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] = [];
  let length = 0;
  const joined = () => {
    if (held.length === 1) return held[0]!;
    const block = new Uint8Array(length);
    let at = 0;
    for (const piece of held) {
      block.set(piece, at);
      at += piece.length;
    }
    return block;
  };
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += BLOCK) {
      const piece = chunk.subarray(at, at + BLOCK);
      held.push(piece);
      length += piece.length;
      if (length < BLOCK) continue;
      yield joined();
      held = [];
      length = 0;
    }
  }
  if (length > 0) yield joined();
}

async function* gunzipped(chunks: AsyncGenerator<Uint8Array>, name: string): AsyncGenerator<Uint8Array> {
  let failure: unknown;
  const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      try {
        const { done, value } = await chunks.next();
        if (done) controller.close();
        else controller.enqueue(value as Uint8Array<ArrayBuffer>);
      } catch (error) {
        failure = error;
        controller.error(error);
      }
    },
    async cancel() {
      await chunks.return(undefined);
    },
  });
  let offset = 0;
  try {
    for await (const block of read(compressed.pipeThrough(new DecompressionStream('gzip')))) {
      offset += block.length;
      yield block;
    }
  } catch (error) {
    if (failure !== undefined) throw failure;
    if (error instanceof DataError || !isA<Error>(error, 'Error')) throw error;
    throw new DataError({
      code: 'gzip',
      source: name,
      offset,
      problem: `the gzip data is damaged or cut off after ${offset} bytes of content`,
    });
  }
}

/** Recognizes a source; nothing is read before `blocks`. */
export function open(source: Source): Bytes {
  const { name, again, chunks } = recognize(source);
  async function* blocks(): AsyncGenerator<Uint8Array, void, undefined> {
    const raw = inBlocks(encoded(chunks()));
    const first = await raw.next();
    if (first.done) return;
    async function* all() {
      yield first.value as Uint8Array;
      yield* raw;
    }
    const [a, b] = first.value;
    yield* a === 0x1f && b === 0x8b ? inBlocks(gunzipped(all(), name)) : all();
  }
  return { name, again, blocks };
}

/** Reads all of a source. @throws DataError beyond `maxBytes`. */
export async function readAll(source: Bytes, maxBytes: number): Promise<Uint8Array> {
  const held: Uint8Array[] = [];
  let length = 0;
  for await (const block of source.blocks()) {
    held.push(block);
    length += block.length;
    if (length > maxBytes) {
      throw new DataError({
        code: 'limit',
        source: source.name,
        offset: maxBytes,
        problem: `there are more than ${maxBytes} bytes, the limit maxBytes`,
      });
    }
  }
  if (held.length === 1) return held[0]!;
  const all = new Uint8Array(length);
  let at = 0;
  for (const piece of held) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}

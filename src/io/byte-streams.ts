import { FileFormatError } from '../errors.js';
import { isA } from '../realms.js';
import { headerLength, type Layout, PREFIX, readLayout } from './layout.js';

/** A file as far as it has been checked: its first bytes up to the end of the header, what they say, and the tensors. */
export interface Opened {
  readonly head: Uint8Array;
  readonly layout: Layout;
  readonly data: Uint8Array;
}

/** Opens a whole file in memory. @throws FileFormatError */
export function openBytes(bytes: Uint8Array): Opened {
  const end = PREFIX + headerLength(bytes.subarray(0, PREFIX), bytes.length);
  const layout = readLayout(bytes.subarray(PREFIX, end), bytes.length - end);
  return { head: bytes.subarray(0, end), layout, data: bytes.subarray(end) };
}

/** Bytes that arrive in pieces of any size, handed out in pieces of the size asked for. */
class Arriving {
  readonly #pieces: AsyncIterator<unknown>;
  #waiting: Uint8Array[] = [];
  #length = 0;

  constructor(pieces: AsyncIterable<unknown>) {
    this.#pieces = pieces[Symbol.asyncIterator]();
  }

  /** Takes the next `count` bytes, or as many as there are. Nothing is allocated for bytes that have not come. */
  async take(count: number): Promise<Uint8Array> {
    while (this.#length < count) {
      const { done, value } = await this.#pieces.next();
      if (done) break;
      const piece = asBytes(value);
      if (!piece) throw new FileFormatError('stream', 'pieces that are no bytes');
      this.#waiting.push(piece);
      this.#length += piece.length;
    }
    const taken = new Uint8Array(Math.min(count, this.#length));
    let at = 0;
    while (at < taken.length) {
      const piece = this.#waiting[0] as Uint8Array;
      const part = piece.subarray(0, taken.length - at);
      taken.set(part, at);
      at += part.length;
      if (part.length === piece.length) this.#waiting.shift();
      else this.#waiting[0] = piece.subarray(part.length);
    }
    this.#length -= taken.length;
    return taken;
  }

  /** Tells the sender that no more is wanted. */
  async stop(): Promise<void> {
    await this.#pieces.return?.();
  }
}

/** Returns a view of bytes in whatever they come. */
export function asBytes(value: unknown): Uint8Array | undefined {
  if (value instanceof Uint8Array) return value;
  if (ArrayBuffer.isView(value)) return new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
  return isA<ArrayBuffer>(value, 'ArrayBuffer', 'SharedArrayBuffer') ? new Uint8Array(value) : undefined;
}

/** Reads a stream to its end, or as far as it makes sense. @throws FileFormatError */
export async function openStream(pieces: AsyncIterable<unknown>): Promise<Opened> {
  const arriving = new Arriving(pieces);
  try {
    const prefix = await arriving.take(PREFIX);
    const length = headerLength(prefix);
    const header = await arriving.take(length);
    if (header.length < length)
      throw new FileFormatError('header', `the stream ends after ${header.length} of its ${length} bytes`);
    const layout = readLayout(header);
    const data = await arriving.take(layout.dataBytes);
    if (data.length < layout.dataBytes) {
      throw new FileFormatError('data', `the stream ends after ${data.length} of ${layout.dataBytes} bytes`);
    }
    if ((await arriving.take(1)).length > 0) throw new FileFormatError('data', 'bytes after the last tensor');
    const head = new Uint8Array(PREFIX + length);
    head.set(prefix);
    head.set(header, PREFIX);
    return { head, layout, data };
  } catch (error) {
    await arriving.stop();
    throw error;
  }
}

/** Returns the pieces of a ReadableStream; not every browser's is iterable. */
export async function* piecesOf(stream: ReadableStream<unknown>): AsyncGenerator<unknown, void> {
  const reader = stream.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** A Writable of `node:stream`. */
export interface NodeWritable {
  write(bytes: Uint8Array, written: (error?: Error | null) => void): boolean;
  end(ended?: () => void): unknown;
  once(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
}

/** Bytes that a stream is given at a time. */
const PIECE = 1_048_576;

/** Writes bytes as fast as the stream takes them, and closes it. */
export async function writeStream(stream: WritableStream<Uint8Array> | NodeWritable, bytes: Uint8Array): Promise<void> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / PIECE) }, (_, i) =>
    bytes.subarray(i * PIECE, (i + 1) * PIECE),
  );
  if ('getWriter' in stream) {
    const writer = stream.getWriter();
    for (const piece of pieces) {
      await writer.ready;
      await writer.write(piece);
    }
    await writer.close();
    return;
  }
  await new Promise<void>((resolve, reject) => {
    stream.once('error', reject);
    const next = (i: number) => {
      const piece = pieces[i];
      if (!piece) {
        stream.end(() => {
          stream.off('error', reject);
          resolve();
        });
        return;
      }
      stream.write(piece, (error) => (error ? reject(error) : next(i + 1)));
    };
    next(0);
  });
}

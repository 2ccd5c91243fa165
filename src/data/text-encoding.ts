import { lookUp } from '../errors.js';
import { textDecoder, textEncoder } from '../realms.js';
import { DataError } from './data-error.js';
import type { Bytes } from './opened.js';

function markOf([a, b, c]: Uint8Array): string | undefined {
  if (a === 0xff && b === 0xfe) return 'utf-16le';
  if (a === 0xfe && b === 0xff) return 'utf-16be';
  return a === 0xef && b === 0xbb && c === 0xbf ? 'utf-8' : undefined;
}

/** Bytes in UTF-8 without a byte order mark, which counts more than the encoding that is said. */
export async function* asUtf8(bytes: Bytes, encoding = 'utf-8'): AsyncGenerator<Uint8Array> {
  const said = decoderOf(encoding);
  let decoder: TextDecoder | undefined;
  let first = true;
  const encoder = textEncoder();
  for await (let block of bytes.blocks()) {
    if (first) {
      first = false;
      const mark = markOf(block);
      decoder = mark === undefined ? said : decoderOf(mark);
      if (mark === 'utf-8') block = block.subarray(3);
    }
    yield decoder ? encoder.encode(decodeIn(decoder, block, bytes.name)) : block;
  }
  if (decoder) yield encoder.encode(decodeIn(decoder, undefined, bytes.name));
}

/** Returns the decoder of an encoding; undefined for UTF-8. */
function decoderOf(label: string): TextDecoder | undefined {
  if (/^utf-?8$/i.test(label)) return undefined;
  try {
    return textDecoder(label, { fatal: true });
  } catch {
    return lookUp({ 'utf-8': undefined, 'utf-16le': 0, 'windows-1252': 0, latin1: 0 } as never, label, 'encoding');
  }
}

function decodeIn(decoder: TextDecoder, block: Uint8Array | undefined, source: string): string {
  try {
    return block ? decoder.decode(block, { stream: true }) : decoder.decode();
  } catch {
    const problem = `this is not ${decoder.encoding}`;
    throw new DataError({ code: 'encoding', source, line: 1, column: 1, problem });
  }
}

/** Converts the bytes to UTF-8. */
export function inUtf8(bytes: Bytes, encoding: string | undefined): Bytes {
  return { ...bytes, blocks: () => asUtf8(bytes, encoding) };
}

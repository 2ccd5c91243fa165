import { FileError, FileFormatError, MyelinError } from '../errors.js';
import { isPlace, textEncoder } from '../realms.js';
import { replaceFile, writeAll } from './atomic.js';
import { writeStream } from './byte-streams.js';
import { nodeFiles } from './node-files.js';
import { elements, encodeSafetensors, type NewTensor, type SafeTensors } from './safetensors.js';
import { type LoadSource, open, type SaveTarget } from './save.js';
import { Xxh32 } from './xxhash.js';

/** Hashes the elements of tensors, under their names in order. */
function checksumOf(tensors: Iterable<readonly [string, { readonly data: ArrayBufferView }]>): string {
  const sum = new Xxh32();
  for (const [name, { data }] of [...tensors].sort(([a], [b]) => (a < b ? -1 : 1))) {
    sum.update(textEncoder().encode(name));
    sum.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return `xxh32:${sum.digest().toString(16).padStart(8, '0')}`;
}

/**
 * Writes tensors with a checksum to a file, of which there is the old one or the new one, whole, at any moment, or to a
 * stream. @throws FileError where the file system refuses.
 */
export async function saveTensors(
  target: SaveTarget,
  tensors: Readonly<Record<string, NewTensor>>,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const bytes = encodeSafetensors(tensors, { ...metadata, checksum: checksumOf(Object.entries(tensors)) });
  if (!isPlace(target)) return writeStream(target, bytes);
  try {
    await replaceFile(await nodeFiles(), target, async (handle) => writeAll(handle, bytes, 0), false);
  } catch (cause) {
    if (cause instanceof MyelinError || typeof (cause as { code?: unknown }).code !== 'string') throw cause;
    throw new FileError('Cannot save to', String(target), cause);
  }
}

/**
 * Reads what `saveTensors` wrote, if the metadata are as wanted, else the metadata alone.
 * @throws FileFormatError for a file that has been damaged; errors as of `load`.
 */
export async function loadTensors(
  source: LoadSource,
  wanted: (metadata: SafeTensors['metadata']) => boolean,
): Promise<SafeTensors> {
  const { layout, data } = await open(source);
  const { metadata, entries } = layout;
  if (!wanted(metadata)) return { metadata, tensors: new Map() };
  const tensors = new Map(
    entries.map((entry) => [entry.name, { dtype: entry.dtype, shape: entry.shape, data: elements(entry, data) }]),
  );
  if (metadata.get('checksum') === checksumOf(tensors)) return { metadata, tensors };
  throw new FileFormatError('metadata.checksum', 'not that of the file, which has been damaged or changed', {
    ...(isPlace(source) ? { path: String(source) } : {}),
  });
}

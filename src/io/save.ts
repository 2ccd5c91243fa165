import type { Model } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import { checkOptions, FileError, FileFormatError, MyelinError, show, ValueError } from '../errors.js';
import type { ModelOptions } from '../model/options.js';
import { portable } from '../nn/registrations.js';
import { isA, isPlace } from '../realms.js';
import { replaceFile, writePieces } from './atomic.js';
import {
  asBytes,
  type NodeWritable,
  type Opened,
  openBytes,
  openStream,
  piecesOf,
  writeStream,
} from './byte-streams.js';
import { readDescription } from './description.js';
import type { FileHandle, Files } from './files.js';
import { checkClassNames, fill, type Read, readContents } from './fill.js';
import { toJson } from './json.js';
import { type Entry, headerLength, type Layout, PREFIX, readLayout } from './layout.js';
import { CHECKSUM_DIGITS, checksumPlace, makeImage, VERSIONS, withoutChecksum } from './model-file.js';
import { nodeFiles } from './node-files.js';
import { Blocks } from './numbers.js';
import { revive } from './revive.js';
import { elements } from './safetensors.js';
import { Xxh32 } from './xxhash.js';

/** Options of `serialize`. */
export interface SerializeOptions {
  /**
   * Also what training needs to go on to the same bits: the optimizer's state, averages, counts and where an unfinished
   * `fit` stands. Default true; without, files are smaller, with Adam a third.
   */
  readonly training?: boolean;
}

/** Options of `save`. */
export interface SaveOptions extends SerializeOptions {
  /** Keeps the file that was there as `<path>.previous`. Default true. */
  readonly keepPrevious?: boolean;
}

/** Options of `load`. */
export type LoadOptions = Pick<ModelOptions, 'backend'>;

/** The place that `save` writes to: a path or a file URL in Node, or a stream, which is closed at the end. */
export type SaveTarget = string | URL | WritableStream<Uint8Array> | NodeWritable;

/** The place that `load` reads from: a path or a file URL in Node, what `fetch` returns, a Blob, a stream, or bytes. */
export type LoadSource =
  | string
  | URL
  | Response
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>
  | Uint8Array
  | ArrayBuffer;

function readFlag(value: unknown, argument: string): boolean {
  if (value === undefined || typeof value === 'boolean') return value ?? true;
  throw new ValueError({ argument, given: show(value), expected: 'true or false' });
}

/**
 * Returns the model as the bytes of a safetensors file: weights row by row under their names, all else as JSON in the
 * metadata.
 * @throws NonFiniteError for weights that are not finite; ValueError for `preprocessing` that is not plain data; StateError
 * while a step of `fit` is under way.
 */
export function serialize(model: Model, options: SerializeOptions = {}): Uint8Array {
  checkOptions(options, ['training'], 'serialize');
  const image = makeImage(model, readFlag(options.training, 'serialize.training'));
  const bytes = new Uint8Array(image.size);
  let at = image.headerSize;
  for (const piece of image.data()) {
    bytes.set(piece, at);
    at += piece.length;
  }
  bytes.set(image.header());
  return bytes;
}

/**
 * Writes the model to a file or a stream; `load` makes the same model of it, to the bit. Whatever happens on the way, the
 * path holds the old file or the new one, whole; the old one stays as `<path>.previous`. The file holds one moment: a
 * model that trains on meanwhile does no harm.
 * @throws FileError where the file system refuses; NonFiniteError, ValueError and StateError as `serialize`.
 */
export async function save(model: Model, target: SaveTarget, options: SaveOptions = {}): Promise<void> {
  checkOptions(options, ['training', 'keepPrevious'], 'save');
  const training = readFlag(options.training, 'save.training');
  const keepPrevious = readFlag(options.keepPrevious, 'save.keepPrevious');
  if (target === '') throw new ValueError({ argument: 'target', given: "''", expected: 'a path' });
  if (isPlace(target)) {
    await saveFile(await nodeFiles(), model, target, { training, keepPrevious });
    return;
  }
  const stream = typeof target === 'object' && target !== null && ('getWriter' in target || 'write' in target);
  if (!stream) {
    throw new ValueError({
      argument: 'target',
      given: show(target),
      expected: 'a path, a file URL or a writable stream',
    });
  }
  await writeStream(target, serialize(model, { training }));
}

/** Saves like `save`, on any file system. */
export async function saveFile(
  files: Files,
  model: Model,
  path: string | URL,
  { training = true, keepPrevious = true }: SaveOptions = {},
): Promise<void> {
  const write = async (handle: FileHandle) => {
    const image = makeImage(model, training);
    await writePieces(handle, image.data(), image.headerSize, image.header);
  };
  await refusing('Cannot save to', path, () => replaceFile(files, path, write, keepPrevious));
}

/** Errors of the file system as errors that name the path. */
async function refusing<T>(doing: string, path: string | URL, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof MyelinError || typeof (cause as { code?: unknown } | null)?.code !== 'string') throw cause;
    throw new FileError(doing, String(path), cause);
  }
}

/** Errors about what is in a file as errors that name it. */
export function naming(error: unknown, source: LoadSource): unknown {
  if (!isPlace(source) || !(error instanceof FileFormatError) || error.path !== undefined) return error;
  return new FileFormatError(error.where, error.what, {
    path: String(source),
    ...(error.cause !== undefined && { cause: error.cause }),
  });
}

/** The first byte of a header, which is JSON. */
const BRACE = 123;

/** Reads a file whose size bounds what is allocated. */
async function openFile(files: Files, path: string | URL): Promise<Opened> {
  const handle = await files.open(files.split(path).path, 'read');
  try {
    const size = await handle.size();
    const read = async (count: number, position: number) => {
      const bytes = new Uint8Array(count);
      for (let done = 0; done < count; ) {
        const more = await handle.read(bytes.subarray(done), position + done);
        if (more === 0) throw new FileFormatError('file', `ends after ${position + done} bytes`);
        done += more;
      }
      return bytes;
    };
    const start = await read(Math.min(PREFIX + 1, size), 0);
    if (size > PREFIX && start[PREFIX] !== BRACE) {
      throw new FileFormatError('header', 'not a safetensors file, which begins with a length and JSON');
    }
    const length = headerLength(start.subarray(0, PREFIX), size);
    const head = await read(PREFIX + length, 0);
    const layout = readLayout(head.subarray(PREFIX), size - head.length);
    return { head, layout, data: await read(layout.dataBytes, head.length) };
  } finally {
    await handle.close();
  }
}

/** Opens whatever `load` takes. @throws FileError, FileFormatError; ValueError for anything else. */
export async function open(source: LoadSource, files?: Files): Promise<Opened> {
  if (isPlace(source)) {
    const system = files ?? (await nodeFiles());
    try {
      return await refusing('Cannot load', source, () => openFile(system, source));
    } catch (error) {
      throw naming(error, source);
    }
  }
  const bytes = asBytes(source);
  if (bytes) return openBytes(bytes);
  if (isA<Response>(source, 'Response')) {
    if (!source.ok) throw new FileError('Cannot load', source.url, new Error(`status ${source.status}`));
    return source.body ? openStream(piecesOf(source.body)) : openBytes(new Uint8Array(0));
  }
  if (isA<Blob>(source, 'Blob', 'File')) return openBytes(new Uint8Array(await source.arrayBuffer()));
  const stream = source as Partial<ReadableStream & AsyncIterable<unknown>> | null | undefined;
  if (typeof stream?.getReader === 'function') return openStream(piecesOf(stream as ReadableStream));
  if (typeof stream?.[Symbol.asyncIterator] === 'function') return openStream(stream as AsyncIterable<unknown>);
  throw new ValueError({
    argument: 'source',
    given: show(source),
    expected: 'a path, a file URL, what fetch() returns, a Blob, a readable stream or bytes',
  });
}

/** Compares the checksum with that of the whole file. */
function checkSum({ head, data }: Opened): void {
  const place = checksumPlace(head);
  const digits = place === undefined ? '' : String.fromCharCode(...head.subarray(place, place + CHECKSUM_DIGITS));
  if (place === undefined || !/^[0-9a-f]{8}$/.test(digits)) {
    throw new FileFormatError('metadata.checksum', 'missing, or not written by Myelin');
  }
  const sum = new Xxh32().update(withoutChecksum(head, place)).update(data).digest();
  if (sum === Number.parseInt(digits, 16)) return;
  throw new FileFormatError('metadata.checksum', 'not that of the file, which has been damaged or changed');
}

/**
 * Reads what a model's file says, and a way to its numbers, once it is known to be one, whole and undamaged. @throws
 * FileFormatError
 */
function verify(opened: Opened): { readonly layout: Layout; readonly read: Read; readonly blocks: Blocks | undefined } {
  const { layout, data } = opened;
  const format = layout.metadata.get('format');
  if (format !== 'myelin') {
    const what = `not a model saved by Myelin (${format === undefined ? 'no format' : `format ${show(format)}`})`;
    throw new FileFormatError('metadata.format', `${what}; loadWeights takes weights from other tools`);
  }
  const version = layout.metadata.get('version');
  if (!VERSIONS.some((known) => known === version)) {
    const expected = VERSIONS.map((known) => `'${known}'`).join(' and ');
    throw new FileFormatError('metadata.version', `${show(version)}, where this version of Myelin reads ${expected}`);
  }
  checkSum(opened);
  const tensor = (entry: Entry) => elements(entry, data);
  // In a file of version 1, an object that looks like the name of a tensor is the user's own data.
  const blocks = version === VERSIONS[0] ? undefined : new Blocks(layout.entries, tensor);
  return { layout, read: tensor as Read, blocks };
}

function build(opened: Opened, options: LoadOptions): Model {
  const { layout, read, blocks } = verify(opened);
  return revive(layout, options, read, blocks);
}

/**
 * Puts weights, state and all else that a file holds into a model that was made and compiled as the one that was saved.
 * @throws FileFormatError for the file of another model, before anything is changed.
 */
export async function restore(model: Model, source: LoadSource): Promise<void> {
  await restoreFile(model, source, false);
}

/**
 * `restore`, or with `running` only where a run is to go on.
 * @throws FileFormatError for the file of another model, or one without a state or a run that is asked for.
 */
export async function restoreFile(model: Model, source: LoadSource, running: boolean): Promise<void> {
  const { layout, read, blocks } = verify(await open(source));
  const contents = readContents(readDescription(layout.metadata), blocks);
  const { compiled, engine } = internalsOf(model);
  if (layout.metadata.get('spec') !== toJson(portable(model.spec, 'spec', 'file'), 'spec')) {
    throw new FileFormatError('metadata.spec', 'another model than the one to restore');
  }
  checkClassNames(engine.network, contents);
  if (compiled && !contents.state) throw new FileFormatError('metadata.training', 'no state of the optimizer');
  if (running && contents.run === undefined) throw new FileFormatError('metadata.training', 'no unfinished run');
  fill(model, layout.entries, contents, read);
}

/**
 * Returns the model that `serialize` wrote, compiled if it was; predictions, and training from here on, are the same to the
 * bit.
 * @throws FileFormatError for bytes that are no such model, whole and undamaged.
 * @throws ValueError for anything but bytes.
 */
export function deserialize(bytes: Uint8Array | ArrayBuffer, options: LoadOptions): Model {
  checkOptions(options ?? {}, ['backend'], 'deserialize');
  const view = asBytes(bytes);
  if (!view)
    throw new ValueError({ argument: 'bytes', given: show(bytes), expected: 'a Uint8Array or an ArrayBuffer' });
  return build(openBytes(view), options ?? {});
}

/**
 * Returns the model that `save` wrote, from a path, what `fetch` returns, a Blob, a stream or bytes; compiled if it was.
 * Predictions, and training from here on, are the same to the bit.
 * @throws FileFormatError for a file that is no such model, whole and undamaged; FileError where it cannot be read.
 */
export async function load(source: LoadSource, options: LoadOptions): Promise<Model> {
  checkOptions(options ?? {}, ['backend'], 'load');
  const opened = await open(source);
  let model: Model;
  try {
    model = build(opened, options ?? {});
  } catch (error) {
    throw naming(error, source);
  }
  await internalsOf(model).engine.prepare();
  return model;
}

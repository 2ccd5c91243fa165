import type { Model } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import { describeState, firstNaN, firstNonFinite, type Part, readRows, weightParts } from '../engine/state.js';
import { FileFormatError, NonFiniteError, ValueError } from '../errors.js';
import { portable } from '../nn/registrations.js';
import { textEncoder } from '../realms.js';
import { type Description, readDescription } from './description.js';
import { countNames, readContents, wrongNames } from './fill.js';
import { type Json, toJson } from './json.js';
import { byteLength, type Declaration, DTYPES, LONGEST_HEADER, PREFIX, readLayout, writeHeader } from './layout.js';
import { type Block, lift } from './numbers.js';
import { Xxh32 } from './xxhash.js';

/**
 * The version of the metadata. A reader refuses files of a later one. In those of version 2 some numbers of the plain
 * data are tensors; where none are, version 1 is written, which earlier builds read.
 */
export const VERSIONS = ['1', '2'] as const;

/** Stands for the checksum while it is computed. */
const UNKNOWN = '00000000';

/** The text in front of the checksum in a header. */
const BEFORE_CHECKSUM = '"checksum":"xxh32:';
export const CHECKSUM_DIGITS = 8;

/** Bytes of tensors that are taken in one piece: few enough to stay in a processor's second-level cache. */
const PIECE = 262_144;

/** The bytes of a model's file. Good until the model's next step. */
export interface Image {
  readonly size: number;
  /** The byte where the data begin. */
  readonly headerSize: number;
  /**
   * Returns all but the header, piece by piece; a piece is overwritten by the next.
   * @throws NonFiniteError for weights that could not be loaded again.
   */
  data(): Generator<Uint8Array, void>;
  /** Returns what comes first, once all of `data` was seen. */
  header(): Uint8Array;
}

/** Vectors are written as such. */
export function shapeOf({ parameter: { rows, columns, layout } }: Part): readonly number[] {
  return layout === 'vector' && rows === 1 ? [columns] : [rows, columns];
}

function declare(part: Part): Declaration {
  return { name: part.name, dtype: part.dtype, shape: shapeOf(part) };
}

function checkValues(name: string, state: boolean, values: Float32Array | Float64Array): void {
  const bad = state ? firstNaN(values) : firstNonFinite(values);
  if (bad < 0) return;
  throw new NonFiniteError(
    `${name} holds ${values[bad]}: a model that has diverged is not saved, and what was saved before stays as it is.`,
    state ? {} : { layer: name.replace(/\.[^.]*$/, ''), tensor: 'weight' },
  );
}

/** A tensor of the file, and its bytes, some at a time. */
interface Piece {
  readonly declaration: Declaration;
  bytes(buffer: ArrayBuffer): Iterable<Uint8Array>;
}

function* bytesOf(part: Part, weight: boolean, buffer: ArrayBuffer): Generator<Uint8Array, void> {
  const { rows, columns } = part.parameter;
  const size = DTYPES[part.dtype];
  const most = Math.max(1, Math.floor(PIECE / (columns * size)));
  for (let first = 0; first < rows; first += most) {
    const last = Math.min(rows, first + most);
    const length = (last - first) * columns;
    const values = part.dtype === 'F32' ? new Float32Array(buffer, 0, length) : new Float64Array(buffer, 0, length);
    readRows(part, first, last, values);
    checkValues(part.name, !weight, values);
    yield new Uint8Array(buffer, 0, length * size);
  }
}

/** Returns all tensors of a file, the largest elements first, so that all are aligned. */
function piecesOf(parts: readonly Part[], weights: ReadonlySet<Part>, blocks: readonly Block[]): readonly Piece[] {
  const pieces = [
    ...parts.map((part): Piece => {
      return { declaration: declare(part), bytes: (buffer) => bytesOf(part, weights.has(part), buffer) };
    }),
    ...blocks.map(({ data, ...declaration }): Piece => {
      return { declaration, bytes: () => [new Uint8Array(data.buffer, data.byteOffset, data.byteLength)] };
    }),
  ];
  return pieces.sort((a, b) => DTYPES[b.declaration.dtype] - DTYPES[a.declaration.dtype]);
}

/** Parts of a description whose numbers become tensors. */
const LIFTED: readonly string[] = ['training', 'preprocessing'];

/** Refuses what no reader could read, before anything is written. */
function checkLength(header: Uint8Array, texts: readonly (readonly [string, string])[]): void {
  if (header.length - PREFIX <= LONGEST_HEADER) return;
  const [name, text] = [...texts].sort(([, a], [, b]) => b.length - a.length)[0]!;
  throw new ValueError({
    argument: name,
    given: `${text.length} characters of JSON, in a header of ${header.length - PREFIX} bytes`,
    expected: `a header of at most ${LONGEST_HEADER} bytes, which is what readers of safetensors take`,
    hint: 'Lists of numbers do not count, as they become tensors; long texts do.',
  });
}

/** Reads what was made as `load` will, so that nothing takes the place of an old file that could not be read back. */
function checkReadable(header: Uint8Array): void {
  try {
    readContents(readDescription(readLayout(header.subarray(PREFIX)).metadata));
  } catch (error) {
    if (!(error instanceof FileFormatError)) throw error;
    const { where, what } = error;
    const expected = 'what load can read back';
    throw new ValueError({ argument: where.replace('metadata.', 'model.'), given: what, expected });
  }
}

/**
 * Optimizer state is part of it unless `training` is false. @throws StateError during a step; ValueError for what is not
 * plain data.
 */
export function makeImage(model: Model, training: boolean): Image {
  const { engine, compiled } = internalsOf(model);
  const state = training && compiled ? describeState(engine) : undefined;
  const weights = weightParts(engine);
  const parts = [...weights, ...(state?.parts ?? [])];
  const run = model.run as Json | undefined;
  const { classNames, preprocessing } = model;
  const expected = wrongNames(engine.network, classNames);
  if (expected !== undefined) {
    const given = countNames(classNames);
    throw new ValueError({ argument: 'model.classNames', given, expected: `${expected}, as the output has columns` });
  }
  const description: Description = {
    spec: portable(model.spec, 'spec', 'file'),
    ...(compiled && {
      compile: portable({ ...compiled, optimizer: engine.training.optimizer.spec }, 'compile', 'file'),
    }),
    ...(training && {
      training: { epochs: model.epochs, ...(state && { state: state.scalars }), ...(run !== undefined && { run }) },
    }),
    ...(classNames !== undefined && { classNames }),
    ...(preprocessing !== undefined && { preprocessing }),
  };
  const blocks: Block[] = [];
  const textsOf = (change?: (plain: unknown) => unknown) =>
    Object.entries(description).map(([name, value]): [string, string] => {
      return [name, toJson(value, name, LIFTED.includes(name) ? change : undefined)];
    });
  const lifted = textsOf((plain) => lift(plain, blocks));
  const texts = blocks.length > 0 ? lifted : textsOf();
  const metadata = {
    format: 'myelin',
    version: blocks.length > 0 ? VERSIONS[1] : VERSIONS[0],
    checksum: `xxh32:${UNKNOWN}`,
    ...Object.fromEntries(texts),
  };
  const pieces = piecesOf(parts, new Set(weights), blocks);
  const declarations = pieces.map(({ declaration }) => declaration);
  const header = writeHeader(declarations, metadata);
  checkLength(header, texts);
  checkReadable(header);
  const sum = new Xxh32().update(header);
  return {
    size: declarations.reduce((total, declaration) => total + byteLength(declaration), header.length),
    headerSize: header.length,

    *data() {
      const widths = parts.map(({ dtype, parameter }) => parameter.columns * DTYPES[dtype]);
      const buffer = new ArrayBuffer(widths.reduce((most, width) => Math.max(most, width), PIECE));
      for (const { bytes } of pieces) {
        for (const piece of bytes(buffer)) {
          sum.update(piece);
          yield piece;
        }
      }
    },

    header() {
      const digits = sum.digest().toString(16).padStart(UNKNOWN.length, '0');
      const at = checksumPlace(header) as number;
      header.set(textEncoder().encode(digits), at);
      return header;
    },
  };
}

/** Returns where the digits of the checksum begin, in bytes that begin with a header. */
export function checksumPlace(header: Uint8Array): number | undefined {
  const before = textEncoder().encode(BEFORE_CHECKSUM);
  let at = header.indexOf(before[0]!);
  while (at >= 0) {
    if (before.every((byte, i) => header[at + i] === byte)) return at + before.length;
    at = header.indexOf(before[0]!, at + 1);
  }
  return undefined;
}

/** Returns a copy of a header without its checksum. */
export function withoutChecksum(header: Uint8Array, place: number): Uint8Array {
  const copy = header.slice();
  copy.set(textEncoder().encode(UNKNOWN), place);
  return copy;
}

import { NonFiniteError } from '../errors.js';
import type { GraphSpec } from '../model/graph.js';
import type { Model } from '../train/model.js';
import type { CompileOptions } from '../train/model-types.js';
import { internalsOf } from '../train/model-types.js';
import {
  describeState,
  firstNaN,
  firstNonFinite,
  type Part,
  readRows,
  type StateScalars,
  weightParts,
} from '../train/state.js';
import { type Json, toJson } from './json.js';
import { byteLength, type Declaration, DTYPES, writeHeader } from './layout.js';
import { Xxh32 } from './xxhash.js';

/** Of what stands in the metadata. A reader refuses files of a later one. */
export const VERSION = 1;

/** Stands for the checksum while it is computed. */
const UNKNOWN = '00000000';

/** What stands in front of the checksum in a header. */
const BEFORE_CHECKSUM = '"checksum":"xxh32:';
export const CHECKSUM_DIGITS = 8;

/** Bytes of tensors that are taken in one piece: few enough to stay in a processor's second-level cache. */
const PIECE = 262_144;

/** The `training` of a file's metadata. */
export interface TrainingRecord {
  readonly epochs: number;
  readonly state?: StateScalars;
  /** What an unfinished `fit` needs to go on. */
  readonly run?: Json;
}

/** What a file says of its model, each under its name as JSON. */
export interface Description {
  readonly spec: GraphSpec & { readonly seed: number };
  readonly compile?: CompileOptions;
  readonly training?: TrainingRecord;
  readonly classNames?: readonly string[];
  readonly preprocessing?: unknown;
}

/** What a model's file holds, byte for byte. Good until the model's next step. */
export interface Image {
  readonly size: number;
  /** Where the data begin. */
  readonly headerSize: number;
  /**
   * All but the header, piece by piece; a piece is overwritten by the next.
   * @throws NonFiniteError for weights that could not be loaded again.
   */
  data(): Generator<Uint8Array, void>;
  /** What comes first, once all of `data` was seen. */
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

/** Optimizer state is part of it unless `training` is false. @throws StateError amid a step; ValueError for what is not plain data. */
export function makeImage(model: Model, training: boolean): Image {
  const { engine, compiled } = internalsOf(model);
  const state = training && compiled ? describeState(engine) : undefined;
  const weights = weightParts(engine);
  const parts = [...weights, ...(state?.parts ?? [])].sort((a, b) => DTYPES[b.dtype] - DTYPES[a.dtype]);
  const run = model.run as Json | undefined;
  const { classNames, preprocessing } = model;
  const description: Description = {
    spec: model.spec,
    ...(compiled && { compile: { ...compiled, optimizer: engine.training.optimizer.spec } }),
    ...(training && {
      training: { epochs: model.epochs, ...(state && { state: state.scalars }), ...(run !== undefined && { run }) },
    }),
    ...(classNames !== undefined && { classNames }),
    ...(preprocessing !== undefined && { preprocessing }),
  };
  const metadata = {
    format: 'myelin',
    version: String(VERSION),
    checksum: `xxh32:${UNKNOWN}`,
    ...Object.fromEntries(Object.entries(description).map(([name, value]) => [name, toJson(value, name)])),
  };
  const declarations = parts.map(declare);
  const header = writeHeader(declarations, metadata);
  const sum = new Xxh32().update(header);
  return {
    size: declarations.reduce((total, declaration) => total + byteLength(declaration), header.length),
    headerSize: header.length,

    *data() {
      const buffer = new ArrayBuffer(
        Math.max(PIECE, ...parts.map(({ dtype, parameter }) => parameter.columns * DTYPES[dtype])),
      );
      for (const part of parts) {
        const { rows, columns } = part.parameter;
        const size = DTYPES[part.dtype];
        const most = Math.max(1, Math.floor(PIECE / (columns * size)));
        for (let first = 0; first < rows; first += most) {
          const last = Math.min(rows, first + most);
          const length = (last - first) * columns;
          const values =
            part.dtype === 'F32' ? new Float32Array(buffer, 0, length) : new Float64Array(buffer, 0, length);
          readRows(part, first, last, values);
          checkValues(part.name, !weights.includes(part), values);
          const bytes = new Uint8Array(buffer, 0, length * size);
          sum.update(bytes);
          yield bytes;
        }
      }
    },

    header() {
      const digits = sum.digest().toString(16).padStart(UNKNOWN.length, '0');
      const at = checksumPlace(header) as number;
      header.set(new TextEncoder().encode(digits), at);
      return header;
    },
  };
}

/** Where the digits of the checksum begin, in bytes that begin with a header. */
export function checksumPlace(header: Uint8Array): number | undefined {
  const before = new TextEncoder().encode(BEFORE_CHECKSUM);
  let at = header.indexOf(before[0]!);
  while (at >= 0) {
    if (before.every((byte, i) => header[at + i] === byte)) return at + before.length;
    at = header.indexOf(before[0]!, at + 1);
  }
  return undefined;
}

/** A copy of a header without its checksum. */
export function withoutChecksum(header: Uint8Array, place: number): Uint8Array {
  const copy = header.slice();
  copy.set(new TextEncoder().encode(UNKNOWN), place);
  return copy;
}

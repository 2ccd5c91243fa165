import { oneNaN } from '../kernels/lib/one-nan.js';
import type { FeedState } from '../rows/feed.js';
import type { History } from './history.js';

/** A value that JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/**
 * Describes the position in an unfinished run, as plain JSON: with the model's weights and its optimizer's state
 * everything that `fit(x, y, { ...options, resume: true })` needs to go on as if nothing had happened. Numbers that
 * JSON does not have and typed arrays stand in it in other words.
 */
export interface RunState {
  /** The version of this form. */
  readonly version: 1;
  /** The first epoch of the run, and the one after its last. */
  readonly firstEpoch: number;
  /** The epoch after the last of the run. */
  readonly epochs: number;
  /** The next batch. */
  readonly epoch: number;
  /** The number in the epoch, from 0 on, of the batch that comes next. */
  readonly batch: number;
  /** Callbacks have been told that the epoch begins. */
  readonly begun: boolean;
  /** The seconds that the epoch took so far. */
  readonly seconds: Json;
  /** The sums of loss and metrics over the batches of the epoch so far. */
  readonly totals: Json;
  /** Losses of the last updates, for errors to tell; files of earlier builds have none. */
  readonly recent?: Json;
  /** Rows that metrics need at the end of the epoch. */
  readonly gathered?: Json;
  /** The position in the data: the order of rows and the state of shuffling. */
  readonly data: Json;
  /** The state that `getState` of each callback returned, by its `name`. */
  readonly callbacks: Readonly<Record<string, Json>>;
  /** The history so far, as `fit` would return it. */
  readonly history: {
    /** The numbers of the epochs that have ended. */
    readonly epoch: readonly Json[];
    /** The values of each epoch that has ended, by the name of the loss or metric. */
    readonly history: Readonly<Record<string, readonly Json[]>>;
    /** The seconds that each epoch took. */
    readonly seconds: readonly Json[];
  };
}

/** The place of a run among its epochs and batches; a RunState says of its parts what they are. */
export interface Position {
  readonly firstEpoch: number;
  readonly epochs: number;
  epoch: number;
  batch: number;
  begun: boolean;
}

/** The parts of a RunState in the form in which `fit` uses them. */
export interface Cursor extends Readonly<Position> {
  readonly seconds: number;
  readonly totals: unknown;
  readonly recent?: readonly number[];
  readonly gathered?: unknown;
  readonly data: FeedState;
  readonly callbacks: Readonly<Record<string, unknown>>;
  readonly history: History;
}

/** Bytes that `String.fromCharCode` takes at a time; a multiple of 3, so that parts of base64 can be joined. */
const CHUNK = 3 * 8192;

/** Bytes of an array as text, as `pack` has them. */
export function toBase64(given: Float32Array): string {
  const data = oneNaN(given);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  let text = '';
  for (let i = 0; i < bytes.length; i += CHUNK) {
    text += btoa(String.fromCharCode(...bytes.subarray(i, i + CHUNK)));
  }
  return text;
}

/** Packs plain data as JSON: NaN, infinities, -0 and Float32Arrays come back from `unpack` to the bit. */
export function pack(value: unknown): Json {
  if (typeof value === 'number') {
    if (Number.isFinite(value) && !Object.is(value, -0)) return value;
    return { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (value instanceof Float32Array) return { $float32: toBase64(value) };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return value as Json;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && typeof item !== 'function');
  return Object.fromEntries(entries.map(([key, item]) => [key, pack(item)]));
}

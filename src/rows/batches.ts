import type { MatrixLike } from '../matrix.js';
import type { Labels } from '../nn/class-names.js';
import type { Data, Targets } from './arrays.js';
import type { SampleWeight } from './sample-weights.js';

/** Data by name as TypeScript infers it of `[{ a: x }, { o: y }]`: each part has, optionally undefined, the names of the other. */
type LooseData = Readonly<Record<string, MatrixLike | Labels | undefined>>;

/** One batch of a stream, inputs and targets and maybe the weights of its rows: `[x, y]`, `[x, y, sampleWeight]` or by name. */
export type Batch =
  | readonly [x: Data, y: Targets, sampleWeight?: SampleWeight | undefined]
  | readonly (Targets | LooseData)[]
  | {
      /** Inputs, rows x columns; for several inputs a list, or an object by name. */
      readonly x: Data;
      /** Targets of the same rows. */
      readonly y: Targets;
      /** A weight for each row; default 1. */
      readonly sampleWeight?: SampleWeight;
    };

type Stream<T> = Iterable<T> | AsyncIterable<T> | Iterator<T> | AsyncIterator<T>;

/**
 * Something that yields batches one after the other: an (async) iterable, which starts anew with each epoch; a function
 * that is called with the number of each epoch and returns one, such as a generator function; or a generator, which goes on
 * from epoch to epoch.
 */
export type Batches<T = Batch> = Stream<T> | ((epoch: number) => Stream<T>);

/** Returns whether this yields batches, and is no data itself. */
export function isBatches(x: unknown): x is Batches {
  if (typeof x === 'function') return true;
  if (typeof x !== 'object' || x === null || Array.isArray(x) || ArrayBuffer.isView(x) || 'rows' in x) return false;
  const { next } = x as { next?: unknown };
  return Symbol.iterator in x || Symbol.asyncIterator in x || typeof next === 'function';
}

import type { BackendFactory } from '../kernels/contract.js';
import type { NumericArray } from '../matrix.js';
import type { GraphSpec } from '../nn/graph.js';
import type { PackedError } from './packed-errors.js';

/** A backend as plain data, for a worker to open. */
export type BackendChoice = {
  /** The function that was called. */
  readonly name: 'auto' | 'wasm' | 'typescript';
  /** The options that it was given. */
  readonly options: object;
};

/** Describes a backend without having it. */
export type BackendInfo = Pick<BackendFactory, 'name' | 'math' | 'threads' | 'reason'>;

/** The path of something among arguments or in a result. */
export type Path = readonly (string | number)[];

/** Hooks of a callback by name, each the number of a function on the calling side. */
export interface PackedCallback {
  readonly hooks: Readonly<Record<string, number>>;
  /** Plain data among its fields. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** The state of a callback with `getState`, and the number by which later states come. */
  readonly state?: { readonly fn: number; readonly value: unknown };
  /**
   * Says how the worker makes one like it for itself; the number is that of its state at the end, the state what it
   * begins with, where calls before count.
   */
  readonly recipe?: {
    readonly name: string;
    readonly args: readonly unknown[];
    readonly fn: number;
    readonly state?: unknown;
  };
}

/** A value at a path that crosses in a way of its own; the value there is undefined. */
export type Note = { readonly path: Path } & (
  | { readonly kind: 'array'; readonly array: number }
  | { readonly kind: 'function'; readonly fn: number }
  | { readonly kind: 'callback'; readonly callback: PackedCallback }
  | { readonly kind: 'signal'; readonly signal: number; readonly aborted?: PackedError | undefined }
  | {
      readonly kind: 'stream';
      readonly stream: PackedStream;
    }
  | { readonly kind: 'control'; readonly control: PackedControl }
  | { readonly kind: 'url'; readonly href: string }
  | { readonly kind: 'sparse' }
);

/** Something that yields batches: functions of the calling side that return the next one, and that end it. */
export interface PackedStream {
  /** Takes the number of an epoch, begins and returns two functions' numbers: for the next batch, and for no more. */
  readonly open: number;
  readonly kind: 'function' | 'iterable' | 'once';
  /** A function that returns the classes of the target, where batches are of tables. */
  readonly prepare?: number;
  /** The number, in all calls, of what can be read but once. */
  readonly known: number;
}

/** Lets a run pause. */
export interface PackedControl {
  readonly control: number;
  readonly paused: boolean;
  readonly halt: number;
}

/** Objects that go by their class in a result. */
export type Mark = { readonly path: Path } & (
  | { readonly kind: 'matrix' }
  /** An object that prints as text. */
  | { readonly kind: 'text'; readonly text: string }
);

/** Kinds of numeric arrays by name. */
export type ArrayKind =
  | 'Float32Array'
  | 'Float64Array'
  | 'Int8Array'
  | 'Uint8Array'
  | 'Uint8ClampedArray'
  | 'Int16Array'
  | 'Uint16Array'
  | 'Int32Array'
  | 'Uint32Array';

/** Messages of the calling side. Calls run in the order in which they are posted. */
export type Request =
  | {
      readonly type: 'create';
      readonly call: number;
      readonly model: number;
      /** The spec to build it from, or the file that it was saved in. */
      readonly spec?: GraphSpec & { readonly seed?: number };
      readonly source?: unknown;
      readonly notes?: readonly Note[];
      readonly seed: number | undefined;
      readonly backend: BackendChoice;
    }
  | {
      readonly type: 'call';
      readonly call: number;
      readonly model: number;
      /** A method of the model, or a function that takes the model first. */
      readonly method: string;
      readonly takes: 'method' | 'function';
      readonly args: readonly unknown[];
      readonly notes: readonly Note[];
      /** The paths of arrays that were moved here and go back with the result. */
      readonly lent: readonly Path[];
      readonly settings: CallSettings;
    }
  | { readonly type: 'get'; readonly call: number; readonly model: number; readonly name: string }
  | {
      readonly type: 'set';
      readonly model: number;
      readonly name: string;
      readonly value: unknown;
      readonly count: number;
    }
  | {
      readonly type: 'array';
      readonly array: number;
      readonly kind: ArrayKind;
      readonly length: number;
      /** Shared memory that is being filled; undefined where pieces follow. */
      readonly data: NumericArray | undefined;
    }
  | { readonly type: 'piece'; readonly array: number; readonly offset: number; readonly data: NumericArray }
  | { readonly type: 'filled'; readonly array: number; readonly end: number }
  | { readonly type: 'discard'; readonly arrays: readonly number[] }
  | { readonly type: 'pause'; readonly control: number; readonly paused: boolean }
  | { readonly type: 'stop'; readonly call: number; readonly thrown: number; readonly error: PackedError }
  | { readonly type: 'abort'; readonly signal: number; readonly reason: PackedError }
  | {
      readonly type: 'reply';
      readonly ask: number;
      readonly answers: readonly unknown[];
      readonly notes: readonly Note[];
      readonly states: States;
    }
  | { readonly type: 'failure'; readonly ask: number; readonly thrown: number; readonly error: PackedError }
  | { readonly type: 'drop'; readonly model: number };

/** States of callbacks by number. */
export type States = readonly (readonly [number, unknown])[];

/** Holds what a call says besides its arguments. */
export interface CallSettings {
  /** Hooks of batches one by one, each awaited, instead of in groups. */
  readonly eachBatch?: boolean;
  /** A function for events of progress, and milliseconds between two. */
  readonly progress?: { readonly fn: number; readonly interval: number };
  /**
   * Receives the values of a method that is a generator: a function for each of its values, which returns whether to go
   * on.
   */
  readonly put?: number;
}

/** Describes a model's property: a value, an object to be asked for, or an error where reading it fails. */
export type Property =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'object' }
  | { readonly kind: 'error'; readonly error: PackedError };

/** Properties that have changed, and how many settings the model had seen by then. */
export interface ModelState {
  readonly changed: Readonly<Record<string, Property>>;
  readonly settings: number;
}

/** A function of the calling side to call. `self` is the place of the model among the arguments, -1 where it is none. */
export interface Ask {
  readonly fn: number;
  readonly args: readonly unknown[];
  readonly self: number;
  /** The marks of the first argument, where it is a result. */
  readonly marks?: readonly Mark[];
}

export interface Description {
  /** Names of properties that can be set. */
  readonly settable: readonly string[];
  readonly backend: BackendInfo;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Messages of the worker. */
export type Response =
  | { readonly type: 'ready' }
  | {
      readonly type: 'result';
      readonly call: number;
      readonly value: unknown;
      readonly marks: readonly Mark[];
      readonly states: States;
      readonly lent: readonly unknown[];
      readonly state: ModelState | undefined;
    }
  | {
      readonly type: 'error';
      readonly call: number;
      readonly error: PackedError;
      /** The number of a failure or signal of the calling side that this error is. */
      readonly thrown: number | undefined;
      readonly states: States;
      readonly lent: readonly unknown[];
      readonly state: ModelState | undefined;
    }
  | {
      readonly type: 'ask';
      readonly ask: number;
      readonly call: number;
      readonly asks: readonly Ask[];
      /** Not in turn with hooks. */
      readonly apart: boolean;
      readonly state: ModelState | undefined;
    }
  | { readonly type: 'progress'; readonly call: number; readonly fn: number; readonly event: unknown };

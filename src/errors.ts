import { isError } from './realms.js';

/** The base of every error that Myelin raises on purpose. */
export class MyelinError extends Error {
  /** The name of the class, which tells errors apart across realms and in messages. */
  override name = 'MyelinError';
}

/** Says what is wrong with an argument: its name, what came, what is expected. */
export interface Complaint {
  readonly argument: string;
  readonly given: string;
  readonly expected: string;
  readonly hint?: string | undefined;
}

class ArgumentError extends MyelinError {
  /** The argument that was refused, such as `fit.batchSize`. */
  readonly argument: string;
  /** The value that came, shortened for people. */
  readonly given: string;
  /** The values that are expected instead. */
  readonly expected: string;
  /** A hint how to mend it; undefined where nothing is known. */
  readonly hint: string | undefined;

  constructor({ argument, given, expected, hint }: Complaint) {
    super(`${argument}: expected ${expected}, got ${given}.${hint ? ` ${hint}` : ''}`);
    this.argument = argument;
    this.given = given;
    this.expected = expected;
    this.hint = hint;
  }
}

/** Returns the same complaint about a part of `argument`. */
export function prefixed(error: unknown, argument: string, joint = '.'): unknown {
  if (!(error instanceof ArgumentError)) return error;
  const { given, expected, hint } = error;
  const Refusal = error.constructor as new (complaint: Complaint) => ArgumentError;
  return new Refusal({ argument: `${argument}${joint}${error.argument}`, given, expected, hint });
}

/** Rows, columns or units that do not fit. */
export class ShapeError extends ArgumentError {
  /** Is always 'ShapeError', also of an error from another realm, where `instanceof` fails. */
  override name = 'ShapeError';
}

/** A value outside its range, of the wrong type, or not finite. */
export class ValueError extends ArgumentError {
  /** Is always 'ValueError', also of an error from another realm, where `instanceof` fails. */
  override name = 'ValueError';
}

/** A name or option that does not exist. The message holds the nearest one that does. */
export class UnknownNameError extends ArgumentError {
  /** Is always 'UnknownNameError', also of an error from another realm, where `instanceof` fails. */
  override name = 'UnknownNameError';
}

/** A stream of batches that ends before it should. */
export class StreamError extends MyelinError {
  /** Is always 'StreamError', also of an error from another realm, where `instanceof` fails. */
  override name = 'StreamError';
  /** The epoch of training, from 0 on; undefined in evaluation and prediction. */
  readonly epoch: number | undefined;
  /** The one that did not come, from 0 on. */
  readonly batch: number;

  constructor(message: string, epoch: number | undefined, batch: number) {
    super(message);
    this.epoch = epoch;
    this.batch = batch;
  }
}

/** A call that the model's present state does not allow, such as `fit` before `compile`. */
export class StateError extends MyelinError {
  /** Is always 'StateError', also of an error from another realm, where `instanceof` fails. */
  override name = 'StateError';
}

/** A heap larger than a WebAssembly memory can be. */
export class HeapSizeError extends MyelinError {
  /** Is always 'HeapSizeError', also of an error from another realm, where `instanceof` fails. */
  override name = 'HeapSizeError';
  /** The bytes that the heap would take. */
  readonly bytes: number;

  constructor(bytes: number, limit: number, hint: string) {
    const gigabytes = (b: number) => `${(b / 2 ** 30).toFixed(2)} GiB`;
    super(
      `The model would need a heap of ${gigabytes(bytes)} (${bytes} bytes); the limit is ${gigabytes(limit)}. ${hint}`,
    );
    this.bytes = bytes;
  }
}

/** The backend cannot run here: no WebAssembly, no SIMD, or a content policy that forbids compiling. */
export class BackendError extends MyelinError {
  /** Is always 'BackendError', also of an error from another realm, where `instanceof` fails. */
  override name = 'BackendError';
}

/** Turns what was thrown into an error: Firefox throws the text 'out of memory', with nothing around it. */
export function asError(thrown: unknown): Error {
  return isError(thrown) ? thrown : new Error(String(thrown));
}

/**
 * Returns whether an engine had no room: V8 and JavaScriptCore throw a RangeError, Firefox an InternalError or a text.
 */
export function isOutOfMemory(thrown: unknown): boolean {
  return thrown === 'out of memory' || ['RangeError', 'InternalError'].includes(asError(thrown).name);
}

/** Elements of a page of WebAssembly memory, which has 64 KiB. */
const PAGE = 2 ** 14;

/** Returns the error for a heap of so many numbers that the engine could not allocate. */
export function noRoom(elements: number, thrown: unknown): BackendError {
  return new BackendError(
    `The engine has no room for a heap of ${Math.ceil(elements / PAGE)} pages of 64 KiB. Models that are no longer referenced give theirs back.`,
    { cause: asError(thrown) },
  );
}

/** Holds what a NonFiniteError says, as far as it is known. */
export interface NonFiniteFacts {
  /** The epoch of `fit`, from 0 on. */
  readonly epoch?: number;
  /** The batch of the epoch, from 0 on. */
  readonly batch?: number;
  /** The row of the data, from 0 on, where it is one. */
  readonly row?: number;
  /** As `summary` and `getWeights` call it; with several outputs the name of one where the loss is meant. */
  readonly layer?: string;
  /** The first tensor that was not finite, in the order of a step. */
  readonly tensor?: 'input' | 'target' | 'sampleWeight' | 'activation' | 'loss' | 'gradient' | 'weight';
  /** The likely cause, as far as computing the batch again tells. */
  readonly cause?:
    | 'changedData'
    | 'learningRate'
    | 'unscaledInput'
    | 'unscaledTarget'
    | 'logOfZero'
    | 'hugeWeights'
    | 'noClipping'
    | 'overflow';
  /** The change to make, as a sentence for people. */
  readonly remedy?: string;
}

/** NaN or infinity in training. The step in which it occurred was not applied. */
export class NonFiniteError extends MyelinError {
  /** Is always 'NonFiniteError', also of an error from another realm, where `instanceof` fails. */
  override name = 'NonFiniteError';
  /** The epoch of `fit`, from 0 on; undefined outside `fit`. */
  readonly epoch: NonFiniteFacts['epoch'];
  /** The batch of the epoch, from 0 on; undefined outside `fit`. */
  readonly batch: NonFiniteFacts['batch'];
  /** The row of the data, from 0 on; undefined where no single row is to blame. */
  readonly row: NonFiniteFacts['row'];
  /** The layer, as `summary` and `getWeights` call it, or the output whose loss is meant. */
  readonly layer: NonFiniteFacts['layer'];
  /** The first tensor that was not finite, in the order of a step. */
  readonly tensor: NonFiniteFacts['tensor'];
  /** The likely cause; undefined where none is known. */
  override readonly cause: NonFiniteFacts['cause'];
  /** The change to make, as a sentence for people; undefined where nothing is known. */
  readonly remedy: NonFiniteFacts['remedy'];
  readonly #explain: (() => Promise<NonFiniteError>) | undefined;

  constructor(message: string, facts: NonFiniteFacts = {}, explain?: () => Promise<NonFiniteError>) {
    super(message);
    this.epoch = facts.epoch;
    this.batch = facts.batch;
    this.row = facts.row;
    this.layer = facts.layer;
    this.tensor = facts.tensor;
    this.cause = facts.cause;
    this.remedy = facts.remedy;
    this.#explain = explain;
  }

  /**
   * Explains the error by row, layer, cause and remedy: computes the batch again, with the weights as they are. `fit` has
   * done so; `trainOnBatch` cannot wait for it.
   */
  explain(): Promise<NonFiniteError> {
    return this.#explain?.() ?? Promise.resolve(this);
  }
}

/** A file that is not what it should be: damaged, cut short, contradictory, of a newer version, or no model at all. */
export class FileFormatError extends MyelinError {
  /** Is always 'FileFormatError', also of an error from another realm, where `instanceof` fails. */
  override name = 'FileFormatError';
  /** The part of the file: `header`, `tensor layers.0.kernel`, `metadata.spec`. */
  readonly where: string;
  /** The fault, as a phrase for people. */
  readonly what: string;
  /** The file, where it was given by its path. */
  readonly path: string | undefined;

  constructor(
    where: string,
    what: string,
    options?: ErrorOptions & {
      /** The file, where it was given by its path. */
      readonly path?: string;
    },
  ) {
    super(`${options?.path === undefined ? '' : `'${options.path}', `}${where}: ${what}.`, options);
    this.where = where;
    this.what = what;
    this.path = options?.path;
  }
}

/** The file system refused: no such file, no permission, a full disk. `cause` is what it said. */
export class FileError extends MyelinError {
  /** Is always 'FileError', also of an error from another realm, where `instanceof` fails. */
  override name = 'FileError';
  /** The file or folder that was to be read or written. */
  readonly path: string;
  /** Such as `ENOENT`, `EACCES`, `ENOSPC`; undefined where the system gave none. */
  readonly code: string | undefined;

  constructor(doing: string, path: string, cause: unknown) {
    const { code, message } = cause as { code?: string; message?: string };
    super(`${doing} '${path}': ${message ?? String(cause)}`, { cause });
    this.path = path;
    this.code = code;
  }
}

function distance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min(substitution, (previous[j] as number) + 1, (row[j - 1] as number) + 1);
    }
    previous = row;
  }
  return previous[b.length] as number;
}

/** Short names that other libraries take. */
export const ALIASES: Readonly<Record<string, string>> = {
  mse: 'meanSquaredError',
  acc: 'accuracy',
  topkcategoricalaccuracy: 'topK',
  f1score: 'f1',
  rocauc: 'auc',
  averageprecision: 'prAuc',
  meansquarederror: 'mse',
  rootmeansquarederror: 'rmse',
  meanabsoluteerror: 'mae',
  meanabsolutepercentageerror: 'mape',
  r2score: 'r2',
  bce: 'binaryCrossentropy',
  mae: 'meanAbsoluteError',
  focal: 'categoricalFocalCrossentropy',
  lr: 'learningRate',
};

/** Returns the name that `given` most likely meant. */
export function nearest(given: string, names: readonly string[]): string | undefined {
  const alias = ALIASES[given.toLowerCase()];
  if (alias !== undefined && names.includes(alias)) return alias;
  const scored = names.map((name) => ({ name, score: distance(given.toLowerCase(), name.toLowerCase()) }));
  scored.sort((a, b) => a.score - b.score);
  const best = scored[0];
  return best && best.score <= Math.max(2, Math.ceil(given.length / 2)) ? best.name : undefined;
}

/**
 * Returns the entry of `table` under `name`, or an error with the nearest name there is. `functions` are names of what only
 * functions return, which the error says where one of those came.
 * @throws UnknownNameError for a name that the table does not have.
 */
export function lookUp<T>(
  table: Readonly<Record<string, T>>,
  name: unknown,
  argument: string,
  functions: readonly string[] = [],
): T {
  if (typeof name === 'string' && Object.hasOwn(table, name)) return table[name] as T;
  const names = Object.keys(table);
  const made = functions.find((other) => other === name);
  throw new UnknownNameError({
    argument,
    given: show(name),
    expected: [
      ...(names.length > 0 ? [`one of ${names.join(', ')}`] : []),
      ...(functions.length > 0 ? [`what a function returns (${functions.join(', ')})`] : []),
    ].join(', or '),
    hint: made ? `import { ${made} } from 'myelin' and pass ${made}().` : suggest(name, [...names, ...functions]),
  });
}

/** Returns a hint that names the nearest of `names`, where one is near. */
export function suggest(name: unknown, names: readonly string[]): string | undefined {
  const guess = typeof name === 'string' ? nearest(name, names) : undefined;
  return guess && `Did you mean '${guess}'?`;
}

/** A list of this many names is looked through faster than a set of them is made. */
const FEW = 32;

/**
 * Refuses options that no one reads, which are nearly always misspelt.
 * @throws ValueError for anything but an object; UnknownNameError for an option that does not exist.
 */
export function checkOptions(options: unknown, known: readonly string[], argument: string): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new ValueError({ argument, given: show(options), expected: 'an object of options' });
  }
  const all = known.length > FEW ? new Set(known) : undefined;
  for (const key of Object.keys(options)) {
    if (all ? all.has(key) : known.includes(key)) continue;
    throw new UnknownNameError({
      argument: `${argument}.${key}`,
      given: `the option '${key}'`,
      expected: `one of ${known.join(', ')}`,
      hint: suggest(key, known),
    });
  }
}

/**
 * Checks that a number lies within bounds; `open` bounds exclude the ends they name.
 * @throws ValueError for anything but a finite number within the bounds.
 */
export function checkNumber(
  value: unknown,
  argument: string,
  { min = -Infinity, max = Infinity, integer = false, above = -Infinity, below = Infinity } = {},
): number {
  const ok =
    typeof value === 'number' &&
    Number.isFinite(value) &&
    value >= min &&
    value <= max &&
    value > above &&
    value < below &&
    (!integer || Number.isInteger(value));
  if (ok) return value as number;
  const bounds = [
    ...(min > -Infinity ? [`>= ${min}`] : []),
    ...(above > -Infinity ? [`> ${above}`] : []),
    ...(max < Infinity ? [`<= ${max}`] : []),
    ...(below < Infinity ? [`< ${below}`] : []),
  ];
  const kind = integer ? 'an integer' : 'a finite number';
  throw new ValueError({
    argument,
    given: show(value),
    expected: [kind, bounds.join(' and ')].filter(Boolean).join(' '),
  });
}

/** Checks that a value is true or false. @throws ValueError */
export function checkBoolean(value: unknown, argument: string): boolean {
  if (typeof value === 'boolean') return value;
  throw new ValueError({ argument, given: show(value), expected: 'true or false' });
}

/** Renders any value for a message, short and safe. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 60)}...` : value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) return `an array of length ${value.length}`;
  const { name } = value.constructor ?? {};
  return name === undefined || name === 'Object' ? 'an object' : `an object (${name})`;
}

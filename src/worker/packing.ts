import type { TrainingControl } from '../callbacks/training-control.js';
import { show, ValueError } from '../errors.js';
import { isNumericArray, isSparse, type NumericArray } from '../matrix.js';
import { portable } from '../nn/registrations.js';
import { isA } from '../realms.js';
import { type Batches, isBatches } from '../rows/batches.js';
import { isStream } from './batch-streams.js';
import { type Copy, copyNow, copyOfNumbers, copyOfRows, copyOfView, ELEMENTS, NUMBERS } from './copying.js';
import type { MethodRow } from './methods.js';
import { packError } from './packed-errors.js';
import type { Note, PackedCallback, PackedControl, PackedStream, Path } from './protocol.js';

/** An array that goes ahead of the call that takes it. */
export interface Shipment {
  readonly array: number;
  readonly copy: Copy;
}

/** An array that was moved, and whose `data` it was. */
export interface Loan {
  readonly path: Path;
  readonly owner: { data: unknown } | undefined;
}

/** Keeps what the calling side gives numbers to. */
export interface Registry {
  nextArray(): number;
  keep(fn: (...args: never[]) => unknown): number;
  callback(callback: object): PackedCallback;
  signal(signal: AbortSignal): number;
  /** `argument` names a stream that is not to be learned from. */
  stream(stream: Batches<unknown>, argument: string | undefined): PackedStream;
  control(control: TrainingControl): PackedControl;
}

const marked = new WeakSet<object>();

/** Memory that has gone to a worker. */
const moved = new WeakSet<ArrayBufferLike>();

/**
 * Marks data to be moved to the worker in the next call that takes it, instead of being copied: at once, whatever its
 * size, and without a second copy in memory. Its arrays are empty until the call settles; then a matrix has its `data`
 * again, and a typed array by itself stays empty. Parts of a larger buffer are copied all the same. Returns the data.
 * @throws ValueError for anything but a matrix or a typed array.
 */
export function transfer<T extends object>(data: T): T {
  if (typeof data !== 'object' || data === null) {
    throw new ValueError({ argument: 'data', given: show(data), expected: 'a matrix or a typed array' });
  }
  marked.add(data);
  if (!ArrayBuffer.isView(data) && !('data' in data)) {
    for (const part of Object.values(data)) if (typeof part === 'object' && part !== null) marked.add(part);
  }
  return data;
}

const isShared = ({ buffer }: ArrayBufferView) => isA<SharedArrayBuffer>(buffer, 'SharedArrayBuffer');

const isPlain = (value: object) => Object.prototype.toString.call(value) === '[object Object]';

const isRow = (value: unknown) =>
  isNumericArray(value) || (Array.isArray(value) && value.length > 0 && typeof value[0] === 'number');

/** Names of a model's inputs and outputs. */
export interface Names {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Makes arguments ready to be sent: plain data, what crosses in a way of its own, and what goes ahead in pieces. */
export class Packer {
  readonly notes: Note[] = [];
  readonly shipments: Shipment[] = [];
  readonly loans: Loan[] = [];
  readonly #transfer = new Set<ArrayBuffer>();
  readonly #shipped = new Map<object, number>();
  /** The argument that is a stream not to be learned from. */
  #judged: string | undefined;

  constructor(
    private readonly registry: Registry,
    private readonly names: Names,
  ) {}

  /** Returns what is to be moved, at the moment when it is. */
  takeTransfer(): ArrayBuffer[] {
    for (const buffer of this.#transfer) moved.add(buffer);
    return [...this.#transfer];
  }

  /** Packs the arguments of a method by their roles. */
  arguments({ args: roles, judges }: MethodRow, args: readonly unknown[]): unknown[] {
    this.#judged = judges && 'batches';
    const [first] = args;
    const streams = typeof first === 'function' || (typeof first === 'object' && first !== null && isBatches(first));
    return args.map((arg, i) => {
      const role = roles[i];
      if (role?.role === 'specs') return portable(arg, 'compile', 'worker');
      if (typeof arg === 'function') {
        if (role?.role === 'chooser') return this.#note({ kind: 'function', path: [i], fn: this.#keep(arg) });
        return this.#stream(arg as Batches<unknown>, [i]);
      }
      if (role?.role !== 'data') return this.#plain(arg, [i], role?.name ?? '');
      // After a stream come options.
      if (role.of === 'outputs' && streams) return this.#plain(arg, [i], '');
      return this.#data(arg, [i], role.name, this.names[role.of]);
    });
  }

  /** Packs the source that a model is read from. */
  source(source: unknown): unknown {
    return this.#plain(source, [0], 'source');
  }

  /** Returns a batch of a stream: x, or [x, y] and maybe weights. */
  batch(batch: unknown, path: Path): unknown {
    if (typeof batch === 'object' && batch !== null && 'x' in batch && 'y' in batch) {
      const names: Record<string, readonly string[]> = { x: this.names.inputs, y: this.names.outputs };
      const entries = Object.entries(batch);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, this.#data(item, [...path, key], key, names[key] ?? [''])]),
      );
    }
    if (!Array.isArray(batch) || isRow(batch) || isRow(batch[0])) {
      return this.#data(batch, path, 'x', this.names.inputs);
    }
    return this.#pair(batch, path, ['x', 'y', 'sampleWeight']);
  }

  #note(note: Note): undefined {
    this.notes.push(note);
    return undefined;
  }

  #keep(fn: unknown): number {
    return this.registry.keep(fn as (...args: never[]) => unknown);
  }

  #pair(values: readonly unknown[], path: Path, labels: readonly string[]): unknown[] {
    const names = [this.names.inputs, this.names.outputs, ['']];
    return values.map((value, i) => this.#data(value, [...path, i], labels[i] ?? '', names[i] ?? ['']));
  }

  /** Returns one matrix, or one for each of `names`, in order or by name. */
  #data(value: unknown, path: Path, label: string, names: readonly string[]): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) {
      if (names.length > 1 && value.length === names.length) {
        return value.map((item, i) => this.#data(item, [...path, i], `${label}[${i}]`, ['']));
      }
      if (typeof value[0] === 'number') return this.#numbers(value, path, label);
      if (value.length > 0 && isRow(value[0])) return this.#rows(value, path, label);
      return value.map((item, i) => this.#data(item, [...path, i], `${label}[${i}]`, ['']));
    }
    if (
      isPlain(value) &&
      !('data' in value) &&
      !isStream(value) &&
      Object.keys(value).every((key) => names.includes(key))
    ) {
      const entries = Object.entries(value);
      return Object.fromEntries(
        entries.map(([key, item]) => [key, this.#data(item, [...path, key], `${label}.${key}`, [''])]),
      );
    }
    return this.#plain(value, path, label);
  }

  /** Options, and whatever else: as it is, but for arrays of numbers, callbacks, signals and streams. */
  #plain(value: unknown, path: Path, label: string): unknown {
    if (typeof value !== 'object' || value === null) return value;
    if (ArrayBuffer.isView(value)) return this.#view(value, path, label, undefined);
    if (isA<URL>(value, 'URL')) return this.#note({ kind: 'url', path, href: value.href });
    if (isA<AbortSignal>(value, 'AbortSignal')) {
      const signal = this.registry.signal(value);
      return this.#note({
        kind: 'signal',
        path,
        signal,
        // The signal is read when the call is sent, after its data.
        get aborted() {
          return value.aborted ? packError(value.reason) : undefined;
        },
      });
    }
    if (!Array.isArray(value) && isStream(value)) {
      return this.#stream(value, path);
    }
    if (Array.isArray(value)) {
      return typeof value[0] === 'number' ? value : value.map((item, i) => this.#plain(item, [...path, i], label));
    }
    if (!isPlain(value)) return value;
    if ('data' in value && 'rows' in value && !isSparse(value))
      return this.#matrix(value as { data: unknown }, path, label);
    const entries = Object.entries(value).map(([key, item]) => [key, this.#option(key, item, [...path, key], label)]);
    // Notes are followed in order, and its arrays come first.
    if (isSparse(value)) this.notes.push({ kind: 'sparse', path });
    return Object.fromEntries(entries);
  }

  #option(key: string, value: unknown, path: Path, label: string): unknown {
    if (key === 'callbacks' && Array.isArray(value)) {
      return value.map((item: unknown, i) => {
        if (typeof item !== 'object' || item === null) return item;
        return this.#note({ kind: 'callback', path: [...path, i], callback: this.registry.callback(item) });
      });
    }
    if (key === 'validationData' && Array.isArray(value)) {
      return this.#pair(value, path, ['validationData[0]', 'validationData[1]', 'validationData[2]']);
    }
    if (key === 'validationData' && typeof value === 'function') return this.#stream(value as Batches<unknown>, path);
    if (key === 'control' && typeof (value as Partial<TrainingControl> | null)?.watch === 'function') {
      return this.#note({ kind: 'control', path, control: this.registry.control(value as TrainingControl) });
    }
    if (key === 'sampleWeight') return this.#data(value, path, key, ['']);
    return this.#plain(value, path, label === '' ? key : `${label}.${key}`);
  }

  #matrix(matrix: { data: unknown }, path: Path, label: string): object {
    const { data } = matrix;
    const inner = [...path, 'data'];
    const lend = marked.delete(matrix);
    const entries = Object.entries(matrix).filter(([, item]) => typeof item !== 'function');
    const copy: Record<string, unknown> = Object.fromEntries(entries);
    if (ArrayBuffer.isView(data)) copy.data = this.#view(data, inner, label, matrix, lend);
    else if (Array.isArray(data)) copy.data = this.#numbers(data, inner, `${label}.data`);
    return copy;
  }

  #view(view: ArrayBufferView, path: Path, label: string, owner: Loan['owner'], lend = marked.delete(view)): unknown {
    if (isShared(view) || !isNumericArray(view)) return view;
    const buffer = view.buffer as ArrayBuffer;
    if (moved.has(buffer)) {
      throw new ValueError({
        argument: label,
        given: 'an array that was moved to a worker by transfer()',
        expected: 'data',
        hint: 'A matrix has its data again once that call has settled, a typed array by itself stays empty.',
      });
    }
    const whole = view.byteLength === buffer.byteLength;
    if (lend && whole && view.byteLength > 0) {
      this.loans.push({ path, owner });
      this.#transfer.add(buffer);
      return view;
    }
    if (view.length > ELEMENTS) return this.#ship(view, path, copyOfView(view));
    return whole ? view : this.#own(copyNow(copyOfView(view)));
  }

  /** Short lists with something else among the numbers go as they are, for the model to complain. */
  #numbers(values: readonly unknown[], path: Path, label: string): unknown {
    const copy = copyOfNumbers(values, label);
    if (copy.length > NUMBERS) return this.#ship(values, path, copy);
    try {
      return this.#own(copyNow(copy));
    } catch {
      return values;
    }
  }

  #rows(rows: readonly unknown[], path: Path, label: string): unknown {
    const columns = (rows[0] as ArrayLike<number>).length;
    if (columns === 0) return rows;
    const copy = copyOfRows(rows, columns, label);
    if (copy.length > NUMBERS) {
      this.#ship(rows, [...path, 'data'], copy);
      return { data: undefined, rows: rows.length, columns };
    }
    try {
      return { data: this.#own(copyNow(copy)), rows: rows.length, columns };
    } catch {
      return rows.map((row) => (isNumericArray(row) ? Array.from(row) : row));
    }
  }

  #stream(stream: Batches<unknown>, path: Path): undefined {
    const argument = path.at(-1) === 'validationData' ? 'validationData' : this.#judged;
    return this.#note({ kind: 'stream', path, stream: this.registry.stream(stream, argument) });
  }

  /** New memory, to be moved. */
  #own(array: NumericArray): NumericArray {
    this.#transfer.add(array.buffer as ArrayBuffer);
    return array;
  }

  #ship(source: object, path: Path, copy: Copy): undefined {
    let array = this.#shipped.get(source);
    if (array === undefined) {
      array = this.registry.nextArray();
      this.#shipped.set(source, array);
      this.shipments.push({ array, copy });
    }
    return this.#note({ kind: 'array', path, array });
  }
}

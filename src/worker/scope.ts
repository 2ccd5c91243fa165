import { recipeOf } from '../callbacks/recipe.js';
import type { TrainingControl } from '../callbacks/training-control.js';
import { onAbort } from '../fit/on-abort.js';
import { isA } from '../realms.js';
import type { Batches } from '../rows/batches.js';
import { isOnce } from '../rows/iterate.js';
import { checkFitted, type Learning } from '../rows/learning.js';
import { openStream } from './batch-streams.js';
import { unpackResult } from './packed-results.js';
import type { Names, Packer, Registry } from './packing.js';
import type { Ask, ModelState, PackedCallback, PackedControl, PackedStream, States } from './protocol.js';

/** The model of this side that a call is about. */
export interface Target {
  readonly remote: object;
  update(state: ModelState | undefined): void;
}

/** Supplies numbers and messages. */
interface Source {
  nextArray(): number;
  nextSignal(): number;
  abort(signal: number, reason: unknown): void;
  pause(control: number, paused: boolean): void;
  /** Returns the number of an object that several calls may take. */
  known(thing: object): number;
}

/** Says what becomes of what a function returns: nothing, it is an answer, or a batch of a stream. */
type Use = 'hook' | 'answer' | 'batch';

interface Kept {
  readonly run: (...args: never[]) => unknown;
  readonly use: Use;
}

interface Stateful {
  getState?(): unknown;
  setState?(state: unknown): void;
}

/** Keeps what the worker may ask of this side in one call: callbacks, streams, signals, functions. */
export class Scope implements Registry {
  /** The error that `onProgress` threw, which ends the call. */
  failure: { readonly error: unknown } | undefined;
  /** The errors that functions of this side threw, and the reasons of signals, by number. */
  readonly thrown = new Map<number, unknown>();
  readonly #kept: Kept[] = [];
  readonly #stateful: { readonly fn: number; readonly callback: Stateful }[] = [];
  /** Callbacks that the worker has for itself. */
  readonly #remade = new Map<number, Stateful>();
  readonly #closing: (() => void)[] = [];

  constructor(
    private readonly source: Source,
    readonly target: Target | undefined,
    readonly names: Names,
  ) {}

  nextArray(): number {
    return this.source.nextArray();
  }

  keep(run: (...args: never[]) => unknown, use: Use = 'answer'): number {
    return this.#kept.push({ run, use }) - 1;
  }

  keepThrown(error: unknown): number {
    const number = -1 - this.thrown.size;
    this.thrown.set(number, error);
    return number;
  }

  /** Hooks and fields, also those that a class gives its instances. */
  callback(callback: object): PackedCallback {
    const recipe = recipeOf(callback);
    if (recipe && isPlainData(recipe.args)) {
      const fn = this.keep(() => undefined);
      this.#remade.set(fn, callback);
      const { name, args, lasts } = recipe;
      const state = lasts ? { state: (callback as Stateful).getState?.() } : {};
      return { hooks: {}, fields: {}, recipe: { name, args, fn, ...state } };
    }
    const hooks: Record<string, number> = {};
    const fields: Record<string, unknown> = {};
    const methods = callback as Record<string, unknown>;
    for (const key of propertiesOf(callback)) {
      const value = methods[key];
      if (typeof value === 'function') {
        if (/^on[A-Z]/.test(key) || key === 'setState' || key === 'setParams') {
          const use = key === 'onRestore' ? 'answer' : 'hook';
          hooks[key] = this.keep((...args) => (value as (...args: never[]) => unknown).apply(callback, args), use);
        }
      } else if (typeof value !== 'object' && Object.hasOwn(callback, key)) fields[key] = value;
    }
    // Without a hook, the worker receives the value as it is, and refuses it.
    if (Object.keys(hooks).length === 0) {
      const others = [...propertiesOf(callback)].filter((key) => typeof methods[key] === 'function');
      for (const key of others) hooks[key] = this.keep(() => undefined, 'hook');
    }
    const stateful = callback as Stateful;
    if (typeof stateful.getState !== 'function') return { hooks, fields };
    const fn = this.keep(() => undefined);
    this.#stateful.push({ fn, callback: stateful });
    return { hooks, fields, state: { fn, value: stateful.getState() } };
  }

  signal(signal: AbortSignal): number {
    const number = this.source.nextSignal();
    const abort = () => {
      this.thrown.set(number, signal.reason);
      this.source.abort(number, signal.reason);
    };
    if (signal.aborted) this.thrown.set(number, signal.reason);
    else this.#closing.push(onAbort(signal, abort));
    return number;
  }

  stream(stream: Batches<unknown>, argument: string | undefined): PackedStream {
    const open = this.keep((epoch: number) => {
      if (argument !== undefined) checkFitted(stream, argument);
      const iterator = openStream(stream, epoch);
      return [this.keep(() => iterator.next(), 'batch'), this.keep(() => iterator.return?.(), 'hook')];
    });
    if (typeof stream === 'function') {
      const { prepare } = stream as Partial<Learning>;
      return { open, kind: 'function', known: -1, ...(prepare && { prepare: this.keep(() => prepare()) }) };
    }
    return isOnce(stream)
      ? { open, kind: 'once', known: this.source.known(stream) }
      : { open, kind: 'iterable', known: -1 };
  }

  control(control: TrainingControl): PackedControl {
    const number = this.source.nextSignal();
    const unwatch = control.watch((paused) => this.source.pause(number, paused));
    control.running(true);
    this.#closing.push(() => {
      unwatch();
      control.running(false);
    });
    return {
      control: number,
      // The value is read when the call is sent, after its data.
      get paused() {
        return control.paused;
      },
      halt: this.keep(() => control.halt(), 'hook'),
    };
  }

  /** Runs a function that the worker asks for; what it returns is packed. */
  async run({ fn, args, self, marks }: Ask, packer: Packer, place: number): Promise<unknown> {
    const { run, use } = this.#kept[fn] as Kept;
    const given = args.map((arg, i) => (i === self ? this.target?.remote : arg));
    if (marks) given[0] = unpackResult(given[0], marks);
    const answer = await (run as (...args: unknown[]) => unknown)(...given);
    if (use === 'hook') return undefined;
    if (use === 'answer') return answer;
    const { done, value } = answer as IteratorResult<unknown>;
    return done ? { done } : { done: false, value: packer.batch(value, [place, 'value']) };
  }

  /** Tells `onProgress`; `failed` hears of what it throws, once. */
  async progress(fn: number, event: unknown, failed: (error: unknown) => void): Promise<void> {
    if (this.failure) return;
    try {
      await (this.#kept[fn] as { run(event: unknown): unknown }).run(event);
    } catch (error) {
      if (this.failure) return;
      this.failure = { error };
      failed(error);
    }
  }

  states(): States {
    return this.#stateful.map(({ fn, callback }) => [fn, callback.getState?.()]);
  }

  /** Tells callbacks of this side what those of the worker's own ended with. */
  restore(states: States): void {
    for (const [fn, state] of states) this.#remade.get(fn)?.setState?.(state);
  }

  close(): void {
    for (const close of this.#closing) close();
  }
}

/** Returns whether these are plain data all through, or memory that both sides share. */
function isPlainData(value: unknown): boolean {
  if (typeof value === 'function') return false;
  if (typeof value !== 'object' || value === null) return true;
  if (ArrayBuffer.isView(value)) return isA<SharedArrayBuffer>(value.buffer, 'SharedArrayBuffer');
  const prototype: unknown = Object.getPrototypeOf(value);
  const plain = prototype === Object.prototype || prototype === null || Array.isArray(value);
  return plain && Object.values(value).every(isPlainData);
}

/** Names of everything that an object or its classes hold. */
function propertiesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let part = object; part && part !== Object.prototype; part = Object.getPrototypeOf(part)) {
    for (const name of Object.getOwnPropertyNames(part)) if (name !== 'constructor') names.add(name);
  }
  return names;
}

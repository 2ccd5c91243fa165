import type { Names, Packer, Registry, Stream } from './packing.js';
import type { Ask, ModelState, PackedCallback, States } from './protocol.js';

/** The model of this side that a call is about. */
export interface Target {
  readonly remote: object;
  update(state: ModelState | undefined): void;
}

/** Where numbers and messages come from. */
interface Source {
  nextArray(): number;
  nextSignal(): number;
  abort(signal: number, reason: unknown): void;
}

/** What becomes of what a function returns: nothing, it is an answer, or a batch of a stream. */
type Use = 'hook' | 'answer' | 'batch';

interface Kept {
  readonly run: (...args: never[]) => unknown;
  readonly use: Use;
}

interface Stateful {
  getState?(): unknown;
}

/** What one call keeps on this side for the worker to ask for: callbacks, streams, signals, functions. */
export class Scope implements Registry {
  /** What functions of this side threw, and the reasons of signals, by number. */
  readonly thrown = new Map<number, unknown>();
  readonly #kept: Kept[] = [];
  readonly #stateful: { readonly fn: number; readonly callback: Stateful }[] = [];
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
    const hooks: Record<string, number> = {};
    const fields: Record<string, unknown> = {};
    const methods = callback as Record<string, unknown>;
    for (const key of propertiesOf(callback)) {
      const value = methods[key];
      if (typeof value === 'function') {
        if (/^on[A-Z]/.test(key) || key === 'setState') {
          hooks[key] = this.keep((...args) => (value as (...args: never[]) => unknown).apply(callback, args), 'hook');
        }
      } else if (typeof value !== 'object' && Object.hasOwn(callback, key)) fields[key] = value;
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
    else {
      signal.addEventListener('abort', abort);
      this.#closing.push(() => signal.removeEventListener('abort', abort));
    }
    return number;
  }

  stream(stream: Stream): number {
    return this.keep(() => {
      const iterator =
        Symbol.asyncIterator in stream
          ? stream[Symbol.asyncIterator]()
          : (stream as Iterable<unknown>)[Symbol.iterator]();
      return [this.keep(() => iterator.next(), 'batch'), this.keep(() => iterator.return?.(), 'hook')];
    });
  }

  /** Runs a function that the worker asks for; what it returns is packed. */
  async run({ fn, args, self }: Ask, packer: Packer, place: number): Promise<unknown> {
    const { run, use } = this.#kept[fn] as Kept;
    const given = args.map((arg, i) => (i === self ? this.target?.remote : arg));
    const answer = await (run as (...args: unknown[]) => unknown)(...given);
    if (use === 'hook') return undefined;
    if (use === 'answer') return answer;
    const { done, value } = answer as IteratorResult<unknown>;
    return done ? { done } : { done: false, value: packer.batch(value, [place, 'value']) };
  }

  progress(fn: number, event: unknown): void {
    (this.#kept[fn] as { run(event: unknown): void }).run(event);
  }

  states(): States {
    return this.#stateful.map(({ fn, callback }) => [fn, callback.getState?.()]);
  }

  close(): void {
    for (const close of this.#closing) close();
  }
}

/** Names of everything that an object or its classes hold. */
function propertiesOf(object: object): Set<string> {
  const names = new Set<string>();
  for (let part = object; part && part !== Object.prototype; part = Object.getPrototypeOf(part)) {
    for (const name of Object.getOwnPropertyNames(part)) if (name !== 'constructor') names.add(name);
  }
  return names;
}

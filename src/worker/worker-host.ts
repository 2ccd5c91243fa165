// This code runs in the worker: it builds models, runs their methods, and asks the calling side for what is held there.

import { builtin } from '../backends/threads/host.js';
import { startedAs } from '../backends/threads/scripts.js';
import { serve } from '../backends/threads/serve.js';
import { MyelinError } from '../errors.js';
import { type LoadSource, load } from '../io/save.js';
import type { NumericArray } from '../matrix.js';
import { modelFromSpec } from '../model/from-spec.js';
import { type SparseParts, sparse } from '../sparse-matrix.js';
import { makeArray } from './copying.js';
import { type AskApart, HostStreams } from './host-streams.js';
import { factories, functions, Hosted, openBackend } from './hosted.js';
import type { FunctionName } from './methods.js';
import { packError, unpackError } from './packed-errors.js';
import { at, packResult, put } from './packed-results.js';
import type { Ask, ModelState, Note, Request, Response, States } from './protocol.js';
import { Hooks, progressCallback } from './remote-callbacks.js';

interface Port {
  post(message: Response, transfer: readonly ArrayBuffer[]): void;
  listen(handler: (message: Request) => void): void;
}

type Message<T extends Request['type']> = Extract<Request, { readonly type: T }>;

interface Asked {
  resolve(reply: Message<'reply'>): void;
  reject(error: unknown): void;
}

type Reply = Message<'reply'>;

/** An array that comes ahead of its call. */
interface Held {
  readonly data: NumericArray;
  /** The source, and how far it has been read. */
  readonly shared?: NumericArray | undefined;
  end: number;
}

/** The size up to which the worker has a copy of arrays of its own. */
const OWN_BYTES = 2 ** 26;

class Host {
  readonly #models = new Map<number, Hosted>();
  /** Arrays that have come ahead of their call, or why one could not be held. */
  readonly #arrays = new Map<number, Held | { readonly error: unknown }>();
  readonly #signals = new Map<number, AbortController>();
  readonly #asked = new Map<number, Asked>();
  /** Errors that the calling side has, by their copies here. */
  readonly #thrown = new WeakMap<object, number>();
  readonly #controls = new Map<number, { paused: boolean }>();
  /** Calls that tell of their progress, and what `onProgress` threw. */
  readonly #progress = new Map<number, { failure?: { readonly error: unknown } }>();
  readonly #streams = new HostStreams((answers, notes, hooks, ask) => this.#unpack(answers, notes, hooks, ask, []));
  #asks = 0;

  constructor(private readonly port: Port) {
    port.listen((message) => this.#receive(message));
    port.post({ type: 'ready' }, []);
  }

  #receive(message: Request): void {
    switch (message.type) {
      case 'create':
        this.#respond(message.call, undefined, () => this.#create(message));
        break;
      case 'call':
        this.#call(message);
        break;
      case 'get':
        this.#respond(message.call, this.#models.get(message.model), (hosted) => hosted?.get(message.name), true);
        break;
      case 'set':
        this.#models.get(message.model)?.set(message.name, message.value, message.count);
        break;
      case 'array':
        this.#hold(message);
        break;
      case 'piece': {
        const held = this.#arrays.get(message.array);
        if (held && 'data' in held) held.data.set(message.data, message.offset);
        break;
      }
      case 'filled': {
        const held = this.#arrays.get(message.array);
        if (held && 'data' in held && held.shared) {
          held.data.set(held.shared.subarray(held.end, message.end), held.end);
          held.end = message.end;
        }
        break;
      }
      case 'discard':
        for (const array of message.arrays) this.#arrays.delete(array);
        break;
      case 'pause': {
        const control = this.#controls.get(message.control);
        if (control) control.paused = message.paused;
        break;
      }
      case 'stop': {
        const told = this.#progress.get(message.call);
        if (told) told.failure = { error: this.#remember(unpackError(message.error), message.thrown) };
        break;
      }
      case 'abort':
        this.#abort(message.signal, message.reason);
        break;
      case 'reply':
        this.#asked.get(message.ask)?.resolve(message);
        this.#asked.delete(message.ask);
        break;
      case 'failure':
        this.#asked.get(message.ask)?.reject(this.#remember(unpackError(message.error), message.thrown));
        this.#asked.delete(message.ask);
        break;
      case 'drop':
        this.#models.delete(message.model);
        break;
    }
  }

  async #create({ spec, source, notes = [], seed, backend, model }: Message<'create'>): Promise<object> {
    const options = { backend: await openBackend(backend), ...(seed === undefined ? {} : { seed }) };
    const [from] = notes.reduce<unknown>((value, note) => put(value, note.path, this.#plain(note)), [source]) as [
      LoadSource,
    ];
    const built = spec ? modelFromSpec(spec, options) : await load(from, { backend: options.backend });
    const hosted = new Hosted(built);
    this.#models.set(model, hosted);
    return { description: hosted.describe(), state: hosted.state() };
  }

  #call(message: Message<'call'>): void {
    const { call, model, method, takes, settings, notes } = message;
    const hosted = this.#models.get(model) as Hosted;
    const states = new Map<number, unknown>();
    const apart: AskApart = (fn, ...args) => this.#ask(call, [{ fn, args, self: -1 }], undefined, [], true);
    const ask = async (asks: readonly Ask[]) => {
      const reply = await this.#ask(call, asks, hosted.state());
      for (const [fn, state] of reply.states) states.set(fn, state);
      return reply;
    };
    const hooks = new Hooks(ask, hosted.model, settings.eachBatch === true, states, factories);
    const signals: number[] = [];
    const run = async () => {
      hosted.check();
      const args = [...this.#unpack(message.args, notes, hooks, apart, signals)];
      const { progress } = settings;
      if (progress) {
        const told: { failure?: { readonly error: unknown } } = {};
        this.#progress.set(call, told);
        const tell = (event: object) => {
          if (told.failure) throw told.failure.error;
          this.port.post({ type: 'progress', call, fn: progress.fn, event }, []);
        };
        addCallback(args, progressCallback(progress, tell));
      }
      const chooser = notes.find(({ kind }) => kind === 'function');
      if (chooser?.kind === 'function') {
        const { fn } = chooser;
        const choose = async (layers: readonly unknown[]) =>
          (await ask(layers.map((layer) => ({ fn, args: [layer], self: -1 })))).answers;
        return hosted.choose(choose, args);
      }
      if (takes === 'function') return functions[method as FunctionName](hosted.model, ...(args as never[]));
      const result = hosted.invoke(method, args);
      return settings.put === undefined ? result : this.#putAll(result as AsyncIterable<unknown>, call, settings.put);
    };
    const runAndFlush = async () => {
      try {
        return await run();
      } finally {
        this.#progress.delete(call);
        for (const number of signals) {
          this.#signals.delete(number);
          this.#controls.delete(number);
        }
        // An error thrown here is the one that a hook threw, which ended the call.
        await hooks.flush();
      }
    };
    const lent = () => message.lent.map((path) => at(message.args, path));
    this.#respond(call, hosted, runAndFlush, false, lent, () => hooks.made());
  }

  /** Posts the result of a call, or its error. */
  async #respond(
    call: number,
    hosted: Hosted | undefined,
    run: (hosted: Hosted | undefined) => unknown,
    keep = false,
    lentArrays: () => readonly unknown[] = () => [],
    made: () => States = () => [],
  ): Promise<void> {
    const lent = lentArrays();
    const back = lent.map((view) => (view as ArrayBufferView).buffer as ArrayBuffer);
    try {
      const { value, marks, transfer } = packResult(await run(hosted), keep);
      const state = hosted?.state();
      this.port.post({ type: 'result', call, value, marks, lent, state, states: made() }, [
        ...new Set([...transfer, ...back]),
      ]);
    } catch (error) {
      const thrown = typeof error === 'object' && error !== null ? this.#thrown.get(error) : undefined;
      const state: ModelState | undefined = hosted?.state();
      this.port.post({ type: 'error', call, error: packError(error), thrown, lent, state, states: made() }, [
        ...new Set(back),
      ]);
    }
  }

  #hold({ array, kind, length, data }: Message<'array'>): void {
    try {
      // Staging rows from shared memory takes a third longer, which does not justify holding large data twice.
      const own = !data || data.byteLength <= OWN_BYTES;
      this.#arrays.set(array, own ? { data: makeArray(kind, length), shared: data, end: 0 } : { data, end: 0 });
    } catch (error) {
      this.#arrays.set(array, { error });
    }
  }

  #take(array: number): NumericArray {
    const held = this.#arrays.get(array);
    if (held && 'data' in held) return held.data;
    throw held ? held.error : new MyelinError(`array ${array} has not come`);
  }

  /** Yields all values of a generator to the calling side, for as long as it wants more. */
  async #putAll(values: AsyncIterable<unknown>, call: number, put: number): Promise<void> {
    for await (const item of values) {
      const { value, marks, transfer } = packResult(item);
      const { answers } = await this.#ask(call, [{ fn: put, args: [value], self: -1, marks }], undefined, transfer);
      if (answers[0] !== true) break;
    }
  }

  /** Makes what needs nothing but its note. */
  #plain(note: Note): unknown {
    if (note.kind === 'array') return this.#take(note.array);
    return note.kind === 'url' ? new URL(note.href) : undefined;
  }

  /** Arguments with everything in its place that crossed in a way of its own. */
  #unpack(
    args: readonly unknown[],
    notes: readonly Note[],
    hooks: Hooks,
    ask: AskApart,
    signals: number[],
  ): readonly unknown[] {
    const make = (note: Note, value: unknown): unknown => {
      switch (note.kind) {
        case 'sparse':
          return sparse(at(value, note.path) as SparseParts);
        case 'callback':
          return hooks.callback(note.callback);
        case 'signal': {
          const controller = new AbortController();
          this.#signals.set(note.signal, controller);
          signals.push(note.signal);
          if (note.aborted) this.#abort(note.signal, note.aborted);
          return controller.signal;
        }
        case 'control': {
          const { control, paused, halt } = note.control;
          // The calling side knows by itself whether the run continues.
          const own = { paused, halt: () => ask(halt), running() {} };
          this.#controls.set(control, own);
          signals.push(control);
          return own;
        }
        case 'stream':
          return this.#streams.make(note.stream, hooks, ask);
        default:
          return this.#plain(note);
      }
    };
    const root = notes.reduce<unknown>((value, note) => put(value, note.path, make(note, value)), args);
    for (const note of notes) if (note.kind === 'array') this.#arrays.delete(note.array);
    return root as readonly unknown[];
  }

  #ask(
    call: number,
    asks: readonly Ask[],
    state: ModelState | undefined,
    transfer: readonly ArrayBuffer[] = [],
    apart = false,
  ): Promise<Reply> {
    const ask = this.#asks++;
    return new Promise((resolve, reject) => {
      this.#asked.set(ask, { resolve, reject });
      this.port.post({ type: 'ask', ask, call, asks, apart, state }, transfer);
    });
  }

  #abort(signal: number, reason: Message<'abort'>['reason']): void {
    this.#signals.get(signal)?.abort(this.#remember(unpackError(reason), signal));
  }

  #remember(error: unknown, number: number): unknown {
    if (typeof error === 'object' && error !== null) this.#thrown.set(error, number);
    return error;
  }
}

/** Appends a callback to those of the options, which are the last argument. */
function addCallback(args: unknown[], callback: object): void {
  const options = args.at(-1) as { callbacks?: unknown };
  const { callbacks = [] } = options;
  if (Array.isArray(callbacks)) args[args.length - 1] = { ...options, callbacks: [...callbacks, callback] };
}

interface NodeWorkers {
  readonly parentPort: {
    postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
    on(event: 'message', handler: (message: Request) => void): void;
  };
}

function host(): void {
  const parent = builtin<NodeWorkers>('node:worker_threads')?.parentPort;
  if (parent) {
    new Host({
      post: (message, transfer) => parent.postMessage(message, transfer),
      listen: (handler) => parent.on('message', handler),
    });
    return;
  }
  const scope = globalThis as unknown as {
    postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
    onmessage: ((event: { data: unknown }) => void) | null;
  };
  new Host({
    post: (message, transfer) => scope.postMessage(message, transfer),
    listen(handler) {
      scope.onmessage = ({ data }) => handler(data as Request);
    },
  });
}

export const place: string | undefined = import.meta.url;

if (startedAs('myelin')) host();
// This is for bundles that have no file for the threads of workers.
else if (startedAs('myelin-thread')) serve();

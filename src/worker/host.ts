// What runs in the worker: builds models, runs their methods, and asks the calling side for what lies there.

import { builtin } from '../backends/threads/host.js';
import { MyelinError } from '../errors.js';
import type { NumericArray } from '../matrix.js';
import { modelFromSpec } from '../train/from-spec.js';
import { makeArray } from './copying.js';
import { packError, unpackError } from './errors.js';
import { Hooks, progressCallback } from './hooks.js';
import { functions, Hosted, openBackend } from './hosted.js';
import type { Ask, ModelState, Note, Request, Response } from './protocol.js';
import { at, packResult, put } from './results.js';

interface Port {
  post(message: Response, transfer: readonly ArrayBuffer[]): void;
  listen(handler: (message: Request) => void): void;
}

type Message<T extends Request['type']> = Extract<Request, { readonly type: T }>;

interface Asked {
  resolve(reply: Message<'reply'>): void;
  reject(error: unknown): void;
}

class Host {
  readonly #models = new Map<number, Hosted>();
  /** Arrays that have come ahead of their call, or why one could not be held. */
  readonly #arrays = new Map<number, { readonly data: NumericArray } | { readonly error: unknown }>();
  readonly #signals = new Map<number, AbortController>();
  readonly #asked = new Map<number, Asked>();
  /** Errors that the calling side has, by their copies here. */
  readonly #thrown = new WeakMap<object, number>();
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
      case 'discard':
        for (const array of message.arrays) this.#arrays.delete(array);
        break;
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

  async #create({ spec, seed, backend, model }: Message<'create'>): Promise<object> {
    const options = { backend: await openBackend(backend), ...(seed === undefined ? {} : { seed }) };
    const hosted = new Hosted(modelFromSpec(spec, options));
    this.#models.set(model, hosted);
    return { description: hosted.describe(), state: hosted.state() };
  }

  #call(message: Message<'call'>): void {
    const { call, model, method, takes, settings, notes } = message;
    const hosted = this.#models.get(model) as Hosted;
    const states = new Map<number, unknown>();
    const ask = async (asks: readonly Ask[]) => {
      const reply = await this.#ask(call, asks, hosted.state());
      for (const [fn, state] of reply.states) states.set(fn, state);
      return reply;
    };
    const hooks = new Hooks(ask, hosted.model, settings.eachBatch === true, states);
    const signals: number[] = [];
    const run = async () => {
      hosted.check();
      const args = [...this.#unpack(message.args, notes, hooks, ask, signals)];
      const { progress } = settings;
      if (progress) {
        const tell = (event: object) => this.port.post({ type: 'progress', call, fn: progress.fn, event }, []);
        addCallback(args, progressCallback(progress, tell));
      }
      const chooser = notes.find(({ kind }) => kind === 'function');
      if (chooser?.kind === 'function' && method === 'setTrainable') {
        const { fn } = chooser;
        const choose = async (layers: readonly unknown[]) =>
          (await ask(layers.map((layer) => ({ fn, args: [layer], self: -1 })))).answers;
        return hosted.choose(choose, args);
      }
      return takes === 'function'
        ? functions[method]?.(hosted.model, ...(args as never[]))
        : hosted.invoke(method, args);
    };
    const runAndFlush = async () => {
      try {
        return await run();
      } finally {
        for (const signal of signals) this.#signals.delete(signal);
        // What is thrown here is what a hook threw, which is why the call ended.
        await hooks.flush();
      }
    };
    this.#respond(call, hosted, runAndFlush, false, () => message.lent.map((path) => at(message.args, path)));
  }

  /** Posts the result of a call, or its error. */
  async #respond(
    call: number,
    hosted: Hosted | undefined,
    run: (hosted: Hosted | undefined) => unknown,
    keep = false,
    lentArrays: () => readonly unknown[] = () => [],
  ): Promise<void> {
    const lent = lentArrays();
    const back = lent.map((view) => (view as ArrayBufferView).buffer as ArrayBuffer);
    try {
      const { value, marks, transfer } = packResult(await run(hosted), keep);
      const state = hosted?.state();
      this.port.post({ type: 'result', call, value, marks, lent, state }, [...new Set([...transfer, ...back])]);
    } catch (error) {
      const thrown = typeof error === 'object' && error !== null ? this.#thrown.get(error) : undefined;
      const state: ModelState | undefined = hosted?.state();
      this.port.post({ type: 'error', call, error: packError(error), thrown, lent, state }, [...new Set(back)]);
    }
  }

  #hold({ array, kind, length, data }: Message<'array'>): void {
    try {
      this.#arrays.set(array, { data: data ?? makeArray(kind, length) });
    } catch (error) {
      this.#arrays.set(array, { error });
    }
  }

  #take(array: number): NumericArray {
    const held = this.#arrays.get(array);
    if (held && 'data' in held) return held.data;
    throw held ? held.error : new MyelinError(`array ${array} has not come`);
  }

  /** Arguments with everything in its place that crossed in a way of its own. */
  #unpack(
    args: readonly unknown[],
    notes: readonly Note[],
    hooks: Hooks,
    ask: (asks: readonly Ask[]) => Promise<Message<'reply'>>,
    signals: number[],
  ): readonly unknown[] {
    const make = (note: Note): unknown => {
      switch (note.kind) {
        case 'array':
          return this.#take(note.array);
        case 'callback':
          return hooks.callback(note.callback);
        case 'signal': {
          const controller = new AbortController();
          this.#signals.set(note.signal, controller);
          signals.push(note.signal);
          if (note.aborted) this.#abort(note.signal, note.aborted);
          return controller.signal;
        }
        case 'stream':
          return this.#stream(note, hooks, ask);
        case 'function':
          return undefined;
      }
    };
    const root = notes.reduce<unknown>((value, note) => put(value, note.path, make(note)), args);
    for (const note of notes) if (note.kind === 'array') this.#arrays.delete(note.array);
    return root as readonly unknown[];
  }

  /** Batches of the calling side, one asked for at a time. */
  #stream(
    { open, once }: Extract<Note, { kind: 'stream' }>,
    hooks: Hooks,
    ask: (asks: readonly Ask[]) => Promise<Message<'reply'>>,
  ): object {
    const begin = (): AsyncIterator<unknown> => {
      const numbers = ask([{ fn: open, args: [], self: -1 }]).then(({ answers }) => answers[0] as [number, number]);
      return {
        next: async () => {
          const [fn] = await numbers;
          const { answers, notes } = await ask([{ fn, args: [], self: -1 }]);
          return this.#unpack(answers, notes, hooks, ask, [])[0] as IteratorResult<unknown>;
        },
        return: async () => {
          const [, fn] = await numbers;
          await ask([{ fn, args: [], self: -1 }]);
          return { done: true, value: undefined };
        },
      };
    };
    if (!once) return { [Symbol.asyncIterator]: begin };
    const iterator = begin();
    return { ...iterator, [Symbol.asyncIterator]: () => iterator };
  }

  #ask(call: number, asks: readonly Ask[], state: ModelState): Promise<Message<'reply'>> {
    const ask = this.#asks++;
    return new Promise((resolve, reject) => {
      this.#asked.set(ask, { resolve, reject });
      this.port.post({ type: 'ask', ask, call, asks, state }, []);
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

/** Puts a callback behind those of the options, which are the last argument. */
function addCallback(args: unknown[], callback: object): void {
  const options = args.at(-1) as { callbacks?: unknown };
  const { callbacks = [] } = options;
  if (Array.isArray(callbacks)) args[args.length - 1] = { ...options, callbacks: [...callbacks, callback] };
}

interface NodeWorkers {
  readonly parentPort: {
    postMessage(message: unknown, transfer: readonly ArrayBuffer[]): void;
    on(event: 'message', handler: (message: Request) => void): void;
  } | null;
}

const parent = builtin<NodeWorkers>('node:worker_threads')?.parentPort;

if (parent) {
  new Host({
    post: (message, transfer) => parent.postMessage(message, transfer),
    listen: (handler) => parent.on('message', handler),
  });
} else {
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

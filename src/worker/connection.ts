import { type MyelinError, StateError, ValueError } from '../errors.js';
import { isA } from '../realms.js';
import { makePause } from '../rows/pause.js';
import { canShare, copyInPieces, copyInto, makeShared } from './copying.js';
import { packError, unpackError } from './packed-errors.js';
import { unpackResult } from './packed-results.js';
import { Packer } from './packing.js';
import { type Port, startPort } from './port.js';
import type { Ask, ModelState, Path, Request, Response } from './protocol.js';
import type { Scope } from './scope.js';

/** Milliseconds of hooks after which the event loop has a turn. */
const SLICE = 4;

interface Pending {
  readonly scope: Scope;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** The stack of the call; read only if it fails. */
  readonly calledFrom: Error;
  readonly packer: Packer | undefined;
  /** Functions run one after the other, in the order in which the worker asked. */
  asked: Promise<void>;
}

type CallRequest = Extract<Request, { readonly call: number }>;
type Unnumbered<R> = R extends unknown ? Omit<R, 'call'> : never;

/** One worker and the calls to it that are under way. */
export class Connection {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #calls = 0;
  #models = 0;
  #arrays = 0;
  #signals = 0;
  #things = 0;
  readonly #known = new WeakMap<object, number>();
  #gone: MyelinError | undefined;
  /** Calls wait for the worker to begin, and for the arrays of those before them to be sent. */
  #sending: Promise<void> | undefined;

  /** @throws BackendError where there are no workers. */
  constructor(url: string | URL | undefined) {
    this.#port = startPort(url, {
      message: (message) => this.#receive(message),
      lost: (error) => {
        this.#fail(error);
        this.#port?.terminate();
      },
    });
    this.#port.hold(false);
    const { begun } = this.#port;
    this.#sending = begun;
    begun.then(() => {
      if (this.#sending === begun) this.#sending = undefined;
    });
  }

  nextModel(): number {
    return this.#models++;
  }

  nextArray(): number {
    return this.#arrays++;
  }

  nextSignal(): number {
    return this.#signals++;
  }

  /** Sends a request and resolves to its result. Arrays of a packer that are long go ahead, in pieces. */
  call(request: Unnumbered<CallRequest>, scope: Scope, packer?: Packer): Promise<unknown> {
    if (this.#gone) return Promise.reject(this.#gone);
    const calledFrom = new Error();
    const call = this.#calls++;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) this.#port.hold(true);
      this.#pending.set(call, { scope, resolve, reject, calledFrom, packer, asked: Promise.resolve() });
      const post = () => this.#port.post({ ...request, call } as Request, packer?.takeTransfer());
      this.#send(post, packer).catch((error) => this.#settle(call, () => reject(refusal(error, request))));
    });
  }

  /** Returns the number of an object that several calls may take. */
  known(thing: object): number {
    const known = this.#known.get(thing) ?? this.#things++;
    this.#known.set(thing, known);
    return known;
  }

  /** Hands on that a run is to pause, or to go on. */
  pause(control: number, paused: boolean): void {
    if (!this.#gone) this.#port.post({ type: 'pause', control, paused });
  }

  /** Hands on that a signal was aborted, past what waits to be sent. */
  abort(signal: number, reason: unknown): void {
    if (!this.#gone) this.#port.post({ type: 'abort', signal, reason: packError(reason) });
  }

  /** Ends a call, whose error on this side is what was thrown. */
  #stop(call: number, thrown: number, error: unknown): void {
    if (!this.#gone) this.#port.post({ type: 'stop', call, thrown, error: packError(error) });
  }

  /** Tells something that has no result, in turn with calls. */
  tell(request: Request): void {
    if (this.#gone) return;
    if (!this.#sending) this.#port.post(request);
    else this.#send(() => this.#port.post(request)).catch(() => undefined);
  }

  /** Ends the worker. Calls under way are rejected. */
  terminate(): void {
    this.#fail(new StateError('The worker was ended, and its models with it.'));
    this.#port.terminate();
  }

  /** In order; at once where nothing has to go ahead. */
  async #send(post: () => void, packer?: Packer): Promise<void> {
    if (!this.#sending && !packer?.shipments.length) {
      post();
      return;
    }
    const before = this.#sending;
    const sent = (async () => {
      await before;
      if (packer) await this.#ship(packer);
      if (!this.#gone) post();
    })();
    const done = sent.catch(() => undefined);
    this.#sending = done;
    await done;
    if (this.#sending === done) this.#sending = undefined;
    return sent;
  }

  /** Sends arrays ahead: in shared memory where there is any, else in pieces. */
  async #ship({ shipments }: Packer): Promise<void> {
    const post = (request: Request, transfer?: readonly ArrayBuffer[]) => {
      if (!this.#gone) this.#port.post(request, transfer);
    };
    try {
      for (const { array, copy } of shipments) {
        const { kind, length } = copy;
        if (canShare()) {
          const data = makeShared(copy);
          post({ type: 'array', array, kind, length, data });
          await copyInto(data, copy, (end) => post({ type: 'filled', array, end }));
          continue;
        }
        post({ type: 'array', array, kind, length, data: undefined });
        await copyInPieces(copy, (data, offset) => {
          post({ type: 'piece', array, offset, data }, [data.buffer as ArrayBuffer]);
        });
      }
    } catch (error) {
      post({ type: 'discard', arrays: shipments.map(({ array }) => array) });
      throw error;
    }
  }

  #receive(message: Response): void {
    if (message.type === 'ready') return;
    const pending = this.#pending.get(message.call);
    if (!pending) return;
    const { scope, resolve, reject, calledFrom, packer } = pending;
    switch (message.type) {
      case 'progress':
        scope.progress(message.fn, message.event, (error) => this.#stop(message.call, scope.keepThrown(error), error));
        break;
      case 'ask':
        if (message.apart) this.#answer(scope, message.ask, message.asks, message.state);
        else pending.asked = pending.asked.then(() => this.#answer(scope, message.ask, message.asks, message.state));
        break;
      case 'result':
        scope.target?.update(message.state);
        giveBack(packer, message.lent);
        scope.restore(message.states);
        this.#settle(message.call, () => {
          if (scope.failure) reject(scope.failure.error);
          else resolve(unpackResult(message.value, message.marks));
        });
        break;
      case 'error': {
        scope.target?.update(message.state);
        giveBack(packer, message.lent);
        scope.restore(message.states);
        const { thrown, error } = message;
        const own = thrown !== undefined && scope.thrown.has(thrown);
        this.#settle(message.call, () =>
          reject(own ? scope.thrown.get(thrown) : unpackError(error, calledFrom.stack ?? '')),
        );
        break;
      }
    }
  }

  /** Runs functions of this side that the worker asks for, one after the other. */
  async #answer(scope: Scope, ask: number, asks: readonly Ask[], state: ModelState | undefined): Promise<void> {
    scope.target?.update(state);
    const pause = makePause(SLICE);
    try {
      const answers: unknown[] = [];
      const packer = new Packer(scope, scope.names);
      for (const [i, item] of asks.entries()) {
        answers.push(await scope.run(item, packer, i));
        const pausing = pause();
        if (pausing) await pausing;
      }
      if (packer.shipments.length > 0) await this.#ship(packer);
      const { notes } = packer;
      const reply: Request = { type: 'reply', ask, answers, notes, states: scope.states() };
      if (!this.#gone) this.#port.post(reply, packer.takeTransfer());
    } catch (error) {
      const thrown = scope.keepThrown(error);
      if (!this.#gone) this.#port.post({ type: 'failure', ask, thrown, error: packError(error) });
    }
  }

  #settle(call: number, settle: () => void): void {
    const pending = this.#pending.get(call);
    if (!pending) return;
    this.#pending.delete(call);
    pending.scope.close();
    if (this.#pending.size === 0) this.#port.hold(false);
    settle();
  }

  #fail(error: MyelinError): void {
    if (this.#gone) return;
    this.#gone = error;
    for (const [call, { reject, calledFrom }] of [...this.#pending]) {
      const failure = unpackError(packError(error), calledFrom.stack ?? '');
      this.#settle(call, () => reject(failure));
    }
  }
}

/** Puts arrays that were moved back where they were. */
function giveBack(packer: Packer | undefined, lent: readonly unknown[]): void {
  packer?.loans.forEach(({ owner }, i) => {
    if (owner && lent[i] !== undefined) owner.data = lent[i];
  });
}

/** Explains why a request cannot be sent: mostly a function where plain data is expected. */
function refusal(error: unknown, request: Unnumbered<CallRequest>): unknown {
  if (!isA<DOMException>(error, 'DOMException') || error.name !== 'DataCloneError') return error;
  const content = request.type === 'call' ? request.args : request;
  const path = findUnsendable(content, []);
  const name = request.type === 'call' ? request.method : request.type;
  return new ValueError({
    argument: [name, ...(path ?? []).slice(1)].join('.'),
    given: path ? 'a function' : error.message,
    expected: 'plain data, which can be sent to a worker',
    hint: 'Functions stay on their side, but for callbacks of fit and what expressions are made of: customLoss, customActivation.',
  });
}

function findUnsendable(value: unknown, path: Path): Path | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return path;
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return undefined;
  for (const [key, item] of Object.entries(value)) {
    const found = findUnsendable(item, [...path, key]);
    if (found) return found;
  }
  return undefined;
}

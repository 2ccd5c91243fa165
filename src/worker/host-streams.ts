import type { Note, PackedStream, Request } from './protocol.js';
import type { Hooks } from './remote-callbacks.js';

/** Asks for what is not in turn with hooks. */
export type AskApart = (
  fn: number,
  ...args: readonly unknown[]
) => Promise<Extract<Request, { readonly type: 'reply' }>>;

/** Puts what crossed in a way of its own in its place. */
type Unpack = (answers: readonly unknown[], notes: readonly Note[], hooks: Hooks, ask: AskApart) => readonly unknown[];

/** Streams of the calling side, as what runs in the worker reads them. */
export class HostStreams {
  /** Holds what can be read but once, and by whom it is read at present. */
  readonly #streams = new Map<number, { readonly stream: object; ask: AskApart; open: number }>();

  constructor(private readonly unpack: Unpack) {}

  /** Batches of the calling side, one asked for at a time. */
  make({ open, kind, known, prepare }: PackedStream, hooks: Hooks, ask: AskApart): unknown {
    if (kind === 'function') {
      const begin = (epoch: number) => this.#iterable(() => ({ ask, open }), epoch, hooks, known);
      if (prepare === undefined) return begin;
      return Object.assign(begin, { prepare: async () => (await ask(prepare)).answers[0] });
    }
    if (kind === 'iterable') return this.#iterable(() => ({ ask, open }), 0, hooks, known);
    const present = this.#streams.get(known);
    if (present) {
      Object.assign(present, { ask, open });
      return present.stream;
    }
    const entry = { stream: {}, ask, open };
    const iterable = this.#iterable(() => entry, 0, hooks, known);
    // An object that has `next` is an iterator, which cannot start again.
    Object.assign(entry.stream, iterable[Symbol.asyncIterator]());
    Object.assign(entry.stream, { [Symbol.asyncIterator]: () => entry.stream });
    this.#streams.set(known, entry);
    return entry.stream;
  }

  #iterable(
    link: () => { ask: AskApart; open: number },
    epoch: number,
    hooks: Hooks,
    known: number,
  ): AsyncIterable<unknown> {
    const begin = (): AsyncIterator<unknown> => {
      let opened: { readonly ask: AskApart; readonly numbers: Promise<[number, number]> } | undefined;
      // Each call has functions of its own.
      const numbers = () => {
        const { ask, open } = link();
        if (opened?.ask !== ask) {
          opened = { ask, numbers: ask(open, epoch).then(({ answers }) => answers[0] as [number, number]) };
        }
        return opened.numbers;
      };
      return {
        next: async () => {
          const [fn] = await numbers();
          const { ask } = link();
          const { answers, notes } = await ask(fn);
          const result = this.unpack(answers, notes, hooks, ask)[0] as IteratorResult<unknown>;
          if (result.done) this.#streams.delete(known);
          return result;
        },
        return: async () => {
          const [, fn] = await numbers();
          await link().ask(fn);
          return { done: true, value: undefined };
        },
      };
    };
    return { [Symbol.asyncIterator]: begin };
  }
}

import { show, ValueError } from '../errors.js';
import { isA, isPromise } from '../realms.js';

export type Stream = AsyncIterable<unknown> | Iterable<unknown> | AsyncIterator<unknown> | Iterator<unknown>;
export type Batches = Stream | ((epoch: number) => Stream);

type AnyIterator = AsyncIterator<unknown> | Iterator<unknown>;

/** Returns whether it yields batches, and is no data itself. */
export function isStream(value: object): value is Stream {
  if (isA(value, 'Map', 'Set') || 'rows' in value) return false;
  const { next } = value as { next?: unknown };
  return Symbol.asyncIterator in value || Symbol.iterator in value || typeof next === 'function';
}

/** Returns whether it can be read but once, as generators and streams of bytes or objects. */
export function isOnce(value: Batches): boolean {
  if (typeof value === 'function') return false;
  const { next, getReader, pipe } = value as { next?: unknown; getReader?: unknown; pipe?: unknown };
  return [next, getReader, pipe].some((method) => typeof method === 'function');
}

/** Iterators of what can be read once: a later call goes on where one before has stopped. */
const opened = new WeakMap<object, AnyIterator>();

/** @throws ValueError for a function that does not return something to iterate. */
export function iterate(source: Batches, epoch: number): AnyIterator {
  const stream = typeof source === 'function' ? source(epoch) : source;
  const once = isOnce(source);
  const known = once ? opened.get(stream) : undefined;
  if (known) return known;
  const iterator = iteratorOf(stream);
  if (once) opened.set(stream, iterator);
  return iterator;
}

function iteratorOf(stream: unknown): AnyIterator {
  const given = stream as Partial<AsyncIterable<unknown> & Iterable<unknown> & Iterator<unknown>> | null | undefined;
  if (given?.[Symbol.asyncIterator]) return (given as AsyncIterable<unknown>)[Symbol.asyncIterator]();
  if (given?.[Symbol.iterator]) return (given as Iterable<unknown>)[Symbol.iterator]();
  if (typeof given?.next === 'function') return given as Iterator<unknown>;
  throw new ValueError({
    argument: 'x',
    given: `a function that returned ${show(given)}`,
    expected: 'an iterable',
    ...(isPromise(given) ? { hint: 'An async function returns a promise; async function* a stream.' } : {}),
  });
}

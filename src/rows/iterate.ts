import { show, ValueError } from '../errors.js';
import { isPromise } from '../realms.js';
import type { Batches } from './batches.js';

export type AnyIterator<T> = Iterator<T> | AsyncIterator<T>;

/** Returns whether it can be read but once: generators, and streams of bytes or objects, which are iterable all the same. */
export function isOnce(source: Batches<unknown>): boolean {
  if (typeof source === 'function') return false;
  const { next, getReader, pipe } = source as { next?: unknown; getReader?: unknown; pipe?: unknown };
  return [next, getReader, pipe].some((method) => typeof method === 'function');
}

/** Begins to read the batches of an epoch. @throws ValueError for a function that does not return something to iterate. */
export function iterate<T>(source: Batches<T>, epoch: number, argument: string): AnyIterator<T> {
  const stream: unknown = typeof source === 'function' ? source(epoch) : source;
  const given = stream as Partial<AsyncIterable<T> & Iterable<T> & Iterator<T>> | null | undefined;
  if (given?.[Symbol.asyncIterator]) return (given as AsyncIterable<T>)[Symbol.asyncIterator]();
  if (given?.[Symbol.iterator]) return (given as Iterable<T>)[Symbol.iterator]();
  if (typeof given?.next === 'function') return given as Iterator<T>;
  throw new ValueError({
    argument,
    given: `a function that returned ${show(given)}`,
    expected: 'an iterable',
    ...(isPromise(given) ? { hint: 'An async function returns a promise; async function* a stream.' } : {}),
  });
}

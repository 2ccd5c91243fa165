import { isA } from '../realms.js';
import type { Batches } from '../rows/batches.js';
import { type AnyIterator, isOnce, iterate } from '../rows/iterate.js';

/** Returns whether it yields batches, and is no data itself. */
export function isStream(value: object): value is Exclude<Batches<unknown>, (epoch: number) => unknown> {
  if (isA(value, 'Map', 'Set') || 'rows' in value) return false;
  const { next } = value as { next?: unknown };
  return Symbol.asyncIterator in value || Symbol.iterator in value || typeof next === 'function';
}

/** Iterators of what can be read once: a later call goes on where one before has stopped. */
const opened = new WeakMap<object, AnyIterator<unknown>>();

/** Begins to read a stream, or goes on with it. @throws ValueError for a function that does not return something to iterate. */
export function openStream(source: Batches<unknown>, epoch: number): AnyIterator<unknown> {
  const known = opened.get(source);
  if (known) return known;
  const iterator = iterate(source, epoch, 'x');
  if (isOnce(source)) opened.set(source, iterator);
  return iterator;
}

import type { Engine } from '../engine/engine.js';
import { checkOptions, prefixed, StreamError, show, ValueError } from '../errors.js';
import { isPromise } from '../realms.js';
import { type Pair, readPair, type Targets } from '../rows/arrays.js';
import type { Batch, Batches } from '../rows/batches.js';
import { type AnyIterator, isOnce, iterate } from '../rows/iterate.js';

type Pulled<T> = IteratorResult<T> | Promise<IteratorResult<T>>;

/** A stream that is being read; what was read and not used is kept. */
export class Reading<T> {
  #unread: Pulled<T> | undefined;

  constructor(private readonly iterator: AnyIterator<T>) {}

  next(): Pulled<T> {
    if (this.#unread) return this.#unread;
    const result = this.iterator.next();
    this.#unread = result;
    if (isPromise(result)) result.catch(() => this.used());
    return result;
  }

  used(): void {
    this.#unread = undefined;
  }

  close(): void {
    try {
      const closing: unknown = this.iterator.return?.();
      if (isPromise(closing)) closing.catch(() => {});
    } catch {
      // The run is over, so an error of the stream matters to nobody.
    }
  }
}

/** Streams that cannot be started again, and how far they have been read; a later run goes on there. */
const readings = /* @__PURE__ */ new WeakMap<object, Reading<never>>();

/** Opens a stream for an epoch, or goes on with one that can be read but once. */
export function open<T>(source: Batches<T>, epoch: number, argument: string): Reading<T> {
  const known = readings.get(source);
  if (known) return known as unknown as Reading<T>;
  const reading = new Reading(iterate(source, epoch, argument));
  if (isOnce(source)) readings.set(source, reading as unknown as Reading<never>);
  return reading;
}

/** Returns the targets of a batch, if it has any. */
export function targetsOf(item: unknown): Targets | undefined {
  if (Array.isArray(item)) return item[1];
  return (item as { readonly y?: Targets } | null | undefined)?.y;
}

/** @throws ValueError, ShapeError that say which batch it is. */
export function readBatch(engine: Engine, item: unknown, place: string): Pair {
  try {
    if (Array.isArray(item) && (item.length === 2 || item.length === 3)) {
      return readPair(engine, item[0], item[1], item[2]);
    }
    if (typeof item === 'object' && item !== null && 'x' in item && 'y' in item) {
      checkOptions(item, ['x', 'y', 'sampleWeight'], 'batch');
      const { x, y, sampleWeight } = item as Exclude<Batch, readonly unknown[]>;
      return readPair(engine, x, y, sampleWeight);
    }
  } catch (error) {
    throw prefixed(error, place, ': ');
  }
  throw new ValueError({
    argument: place,
    given: show(item),
    expected: '[x, y], [x, y, sampleWeight] or { x, y, sampleWeight }',
  });
}

/** Returns whether a result of `next()` is the last one. @throws ValueError for anything but such a result. */
export function isDone(result: unknown, place: string): result is IteratorReturnResult<unknown> {
  if (typeof result !== 'object' || result === null) {
    throw new ValueError({ argument: place, given: show(result), expected: '{ value, done } of next()' });
  }
  return (result as IteratorResult<unknown>).done === true;
}

/** Takes batches in turns, `most` of them or all. @throws StreamError where there are fewer */
export async function forBatches<T>(
  source: Batches<T>,
  argument: string,
  epoch: number | undefined,
  most: number,
  wait: <P>(waited: Promise<P>) => Promise<P>,
  use: (item: T, batch: number) => void | Promise<void>,
): Promise<void> {
  const again = !isOnce(source);
  const reading = open(source, epoch ?? 0, argument);
  const where = epoch === undefined ? argument : `${argument} in epoch ${epoch}`;
  try {
    let batch = 0;
    for (; batch < most; batch++) {
      const pulled = reading.next();
      const result = isPromise(pulled) ? await wait(pulled) : pulled;
      if (isDone(result, `${where}, batch ${batch}`)) break;
      reading.used();
      await use(result.value, batch);
    }
    if (batch > 0 && (batch === most || most === Infinity)) return;
    const wanted = most === Infinity ? 'at least one was wanted' : `${most} were wanted`;
    const hint =
      batch > 0 || again
        ? ''
        : ' A generator continues where it stopped: pass the generator function, which is called each time.';
    throw new StreamError(`${where}: the stream ends before batch ${batch}, where ${wanted}.${hint}`, epoch, batch);
  } finally {
    if (again) reading.close();
  }
}

import type { Cursor, Json, RunState } from '../callbacks/run-state.js';
import type { Engine } from '../engine/engine.js';
import { StateError, show, ValueError } from '../errors.js';
import type { GatheredState } from '../nn/metrics/metric.js';
import type { TotalsState } from '../passes/epoch-totals.js';
import { gather } from '../passes/gather.js';
import type { Feed, FeedState } from '../rows/feed.js';

/** Returns the inverse of `pack`. */
export function unpack(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(unpack);
  const entries = Object.entries(value as Readonly<Record<string, Json>>);
  const [first] = entries;
  if (first && entries.length === 1) {
    const [key, text] = first;
    if (key === '$number') return Number(text);
    if (key === '$float32') return fromBase64(String(text));
  }
  return Object.fromEntries(entries.map(([key, item]) => [key, unpack(item)]));
}

function fromBase64(text: string): Float32Array {
  let binary: string;
  try {
    binary = atob(text);
  } catch {
    throw wrong('a typed array', show(text), 'base64');
  }
  if (binary.length % 4 !== 0) throw wrong('a typed array', `${binary.length} bytes`, 'a multiple of 4');
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i);
  return new Float32Array(bytes.buffer);
}

function wrong(part: string, given: string, expected: string): ValueError {
  return new ValueError({ argument: `model.run: ${part}`, given, expected });
}

const isCount = (value: unknown) => Number.isInteger(value) && (value as number) >= 0;
const isNumbers = (value: unknown, length?: number): value is readonly number[] =>
  Array.isArray(value) &&
  (length === undefined || value.length === length) &&
  value.every((item) => typeof item === 'number');
const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/**
 * Reads and checks the state of a run, before anything is changed.
 * @throws ValueError that names the part which is not what a run leaves; StateError where there is none.
 */
export function readCursor(engine: Engine, state: RunState | undefined): Cursor {
  if (state === undefined) {
    throw new StateError('resume: the model has no unfinished run. Only a run that was interrupted leaves one.');
  }
  if (!isRecord(state)) throw wrong('the state', show(state), 'what model.run was');
  if (state.version !== 1) throw wrong('version', show(state.version), '1');
  const cursor = unpack(state as unknown as Json) as Record<keyof RunState, unknown>;
  for (const part of ['firstEpoch', 'epochs', 'epoch', 'batch'] as const) {
    if (!isCount(cursor[part])) throw wrong(part, show(cursor[part]), 'an integer >= 0');
  }
  if (typeof cursor.begun !== 'boolean') throw wrong('begun', show(cursor.begun), 'true or false');
  if (typeof cursor.seconds !== 'number') throw wrong('seconds', show(cursor.seconds), 'a number');
  for (const part of ['totals', 'data', 'callbacks', 'history'] as const) {
    if (!isRecord(cursor[part])) throw wrong(part, show(cursor[part]), 'an object');
  }
  const { length } = engine.steps.recent;
  if (cursor.recent !== undefined && !isNumbers(cursor.recent, length)) {
    throw wrong('recent', show(cursor.recent), `${length} numbers`);
  }
  checkTotals(engine, cursor.totals as Record<keyof TotalsState, unknown>);
  checkGathered(engine, cursor.gathered);
  const { epoch, history, seconds } = cursor.history as Readonly<Record<string, unknown>>;
  const lists = isRecord(history) && Object.values(history).every((list) => isNumbers(list));
  if (!isNumbers(epoch) || !isNumbers(seconds) || !lists) {
    throw wrong('history', 'something else', 'lists of numbers by name');
  }
  return cursor as unknown as Cursor;
}

function checkTotals({ training: { targets } }: Engine, totals: Record<keyof TotalsState, unknown>): void {
  const numbers = [totals.rows, totals.penalty, totals.norms, totals.updates, totals.skipped];
  const outputs = targets.length;
  if (isNumbers(numbers) && isNumbers(totals.losses, outputs) && isNumbers(totals.hits, outputs)) return;
  throw wrong('totals', 'sums of another model', `sums of ${outputs} ${outputs === 1 ? 'output' : 'outputs'}`);
}

function checkGathered(engine: Engine, gathered: unknown): void {
  const wanted = gather(engine, 0);
  if (!wanted && gathered === undefined) return;
  const state = (gathered ?? {}) as Partial<Record<keyof GatheredState, unknown>>;
  if (wanted && isCount(state.rows) && wanted.fits(state)) return;
  throw wrong('gathered', 'rows of other metrics', 'the rows that the metrics of this model need');
}

/** @throws ValueError where the data is not cut as it was: other bits would come out. */
export function checkFeed(feed: Feed, { data }: Cursor): void {
  const names: Readonly<Record<keyof FeedState, string>> = {
    rows: 'x',
    batchSize: 'batchSize',
    steps: 'stepsPerEpoch',
    shuffle: 'shuffle',
    seed: 'seed',
  };
  for (const key of Object.keys(names) as (keyof FeedState)[]) {
    const [now, before] = [feed.state[key], data[key]];
    if (now === before) continue;
    const unit = key === 'rows' ? ' rows' : '';
    throw new ValueError({
      argument: names[key],
      given: `${now ?? 'none'}${unit}`,
      expected: `${before ?? 'none'}${unit}, as in the run that resume continues`,
    });
  }
}

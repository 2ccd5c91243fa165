import { checkOptions, show, ValueError } from '../errors.js';
import type { Logs } from '../passes/logs.js';
import type { Callback, Model } from './interfaces.js';
import { withRecipe } from './recipe.js';
import { makeWriter, type Sink } from './sink.js';

/** Options of `csvLogger`. */
export interface CsvLoggerOptions {
  /** The text between two fields; default ','. */
  readonly separator?: string;
  /** Keep what the file holds; default false. A run that is resumed always does. */
  readonly append?: boolean;
}

/** The state that loggers keep of a run. */
interface State {
  readonly length?: number;
  readonly columns?: readonly string[];
  readonly headed?: boolean;
}

const text = (value: number) => (Number.isNaN(value) ? 'NaN' : String(value));

function checkFlag(value: unknown, argument: string): void {
  if (typeof value !== 'boolean') throw new ValueError({ argument, given: show(value), expected: 'true or false' });
}

/**
 * Writes a line of numbers per epoch: `epoch`, then everything that `onEpochEnd` gets, in that order; an empty field where an
 * epoch was not validated. Each line is on the disk before the next epoch begins. A run that is resumed goes on after the
 * epochs that its state knows, whatever was written since.
 * @throws ValueError for a separator that is not a text, or is empty.
 */
export function csvLogger(sink: Sink, options: CsvLoggerOptions = {}): Callback {
  checkOptions(options, ['separator', 'append'], 'csvLogger');
  const { separator = ',', append = false } = options;
  if (typeof separator !== 'string' || separator === '') {
    throw new ValueError({ argument: 'csvLogger.separator', given: show(separator), expected: 'a text' });
  }
  checkFlag(append, 'csvLogger.append');
  const writer = makeWriter(sink, 'csvLogger');
  let columns: readonly string[] = [];
  let resumed = false;
  let headed = false;
  const callback: Callback = {
    name: 'csvLogger',
    getState: () => ({ columns, headed, ...(writer.length !== undefined && { length: writer.length }) }),
    setState(saved) {
      const state = saved as State;
      columns = state.columns ?? columns;
      writer.cut(state.length);
      headed = state.headed ?? headed;
    },
    setParams(params) {
      columns = params.logs;
      resumed = params.resumed;
    },
    async onTrainBegin() {
      headed = await writer.begin(append || resumed);
    },
    async onEpochEnd(epoch, logs) {
      const line = [epoch, ...columns.map((name) => (name in logs ? text(logs[name] as number) : ''))].join(separator);
      const head = headed ? '' : `${['epoch', ...columns].join(separator)}\n`;
      headed = true;
      await writer.write(`${head}${line}\n`);
    },
  };
  return withRecipe(callback, { name: 'csvLogger', args: [sink, options] });
}

/** Options of `jsonLinesLogger`. */
export interface JsonLinesLoggerOptions {
  /** Keep what the file holds; default true. */
  readonly append?: boolean;
  /** Also a line per batch; default false. */
  readonly batches?: boolean;
}

/**
 * Writes a line of JSON per epoch, `{"epoch":0,"loss":0.52,...}`, and if asked one per batch with `batch` in it. Numbers that
 * are not finite are null. Each line is on the disk before training goes on, and a run that is resumed goes on after the
 * lines that its state knows.
 */
export function jsonLinesLogger(sink: Sink, options: JsonLinesLoggerOptions = {}): Callback {
  checkOptions(options, ['append', 'batches'], 'jsonLinesLogger');
  const { append = true, batches = false } = options;
  checkFlag(append, 'jsonLinesLogger.append');
  checkFlag(batches, 'jsonLinesLogger.batches');
  const writer = makeWriter(sink, 'jsonLinesLogger');
  let resumed = false;
  const log = (place: Readonly<Record<string, number>>, logs: Logs) =>
    writer.write(`${JSON.stringify({ ...place, ...logs })}\n`);
  const callback: Callback = {
    name: 'jsonLinesLogger',
    getState: () => (writer.length === undefined ? {} : { length: writer.length }),
    setState(saved) {
      writer.cut((saved as State).length);
    },
    setParams(params) {
      resumed = params.resumed;
    },
    async onTrainBegin() {
      await writer.begin(append || resumed);
    },
    ...(batches
      ? { onBatchEnd: (batch: number, logs: Logs, model: Model) => log({ epoch: model.epochs, batch }, logs) }
      : {}),
    onEpochEnd: (epoch, logs) => log({ epoch }, logs),
  };
  return withRecipe(callback, { name: 'jsonLinesLogger', args: [sink, options] });
}

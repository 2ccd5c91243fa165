import { checkNumber, checkOptions, show, UnknownNameError, ValueError } from '../errors.js';
import type { Logs } from '../passes/logs.js';
import type { Callback, Model } from './interfaces.js';
import { Monitor, type MonitorOptions } from './monitor.js';

/** Writes a model to a path, whole or not at all; without `training` only what predictions need. */
export type Save = (model: Model, path: string, options: { readonly training: boolean }) => void | Promise<void>;

/**
 * Says when to save: after every epoch, after so many epochs, or after so many batches as a number alone means in
 * Keras.
 */
export type SaveFrequency =
  | 'epoch'
  | number
  | {
      /** Saves after every N epochs; an integer of at least 1. */
      readonly epochs: number;
    }
  | {
      /** Saves after every N batches; an integer of at least 1. */
      readonly batches: number;
    };

/** Options of `modelCheckpoint`. */
export interface ModelCheckpointOptions extends Omit<MonitorOptions, 'minDelta'> {
  /**
   * The path to save to. `{epoch}`, counted from 1, `{batch}` and names of logs are replaced:
   * `'{epoch:3}-{valLoss:4}.safetensors'` has epochs of at least 3 digits and 4 decimals. Or a function of the same.
   */
  readonly path: string | ((epoch: number, logs: Logs) => string);
  /** Save only when `monitor` is better than ever before, in earlier calls of `fit` with this callback too; default false. */
  readonly saveBestOnly?: boolean;
  /** Leave out what only training needs: smaller files, from which training does not go on to the same bits. Default false. */
  readonly saveWeightsOnly?: boolean;
  /**
   * Says how often to save; default 'epoch'. Epochs and batches are counted over all calls of `fit` with this callback.
   */
  readonly saveFreq?: SaveFrequency;
  /** With `saveBestOnly`: a value that the first save must pass, in the unit of `monitor`; default none. */
  readonly initialValueThreshold?: number;
}

/** Saves the model during training. */
export interface ModelCheckpoint extends Callback {
  /** The path last written to. */
  readonly latest: string | undefined;
  /** The best value of `monitor` so far, over all calls of `fit` with this callback; undefined before there is one. */
  readonly best: number | undefined;
}

/** Reads how often to save. @throws ValueError for anything but a frequency. */
export function readFrequency(given: unknown, argument: string): { readonly unit: 'epoch' | 'batch'; every: number } {
  if (given === 'epoch') return { unit: 'epoch', every: 1 };
  if (typeof given === 'number')
    return { unit: 'batch', every: checkNumber(given, argument, { min: 1, integer: true }) };
  if (typeof given !== 'object' || given === null) {
    const expected = "'epoch', a number of batches, { epochs } or { batches }";
    throw new ValueError({ argument, given: show(given), expected });
  }
  const { epochs, batches } = given as { epochs?: unknown; batches?: unknown };
  checkOptions(given, epochs === undefined ? ['batches'] : ['epochs'], argument);
  const unit = epochs === undefined ? 'batch' : 'epoch';
  return { unit, every: checkNumber(epochs ?? batches, argument, { min: 1, integer: true }) };
}

const HOLE = /\{(\w+)(?::(\d+))?\}/g;

function fill(path: string, epoch: number, batch: number, logs: Logs): string {
  return path.replace(HOLE, (_, name: string, digits?: string) => {
    if (name === 'epoch') return String(epoch + 1).padStart(Number(digits ?? 1), '0');
    if (name === 'batch') return String(batch + 1).padStart(Number(digits ?? 1), '0');
    const value = logs[name];
    if (value === undefined) return 'none';
    return digits === undefined ? String(value) : value.toFixed(Number(digits));
  });
}

function checkPath(path: unknown, logs: readonly string[]): void {
  if (typeof path !== 'string') return;
  for (const [, name] of path.matchAll(HOLE)) {
    if (name === 'epoch' || name === 'batch' || logs.includes(name as string)) continue;
    throw new UnknownNameError({
      argument: 'modelCheckpoint.path',
      given: `{${name}}`,
      expected: `one of ${['epoch', 'batch', ...logs].join(', ')}`,
    });
  }
}

/**
 * Returns `modelCheckpoint` for any way of saving.
 * @throws ValueError for options of another kind, or that exclude each other.
 */
export function checkpointWith(save: Save, options: ModelCheckpointOptions): ModelCheckpoint {
  const names = ['path', 'monitor', 'mode', 'saveBestOnly', 'saveWeightsOnly', 'saveFreq', 'initialValueThreshold'];
  checkOptions(options, names, 'modelCheckpoint');
  const { path, saveBestOnly = false, saveWeightsOnly = false, saveFreq = 'epoch', initialValueThreshold } = options;
  if ((typeof path !== 'string' || path === '') && typeof path !== 'function') {
    throw new ValueError({ argument: 'modelCheckpoint.path', given: show(path), expected: 'a path' });
  }
  for (const [name, value] of Object.entries({ saveBestOnly, saveWeightsOnly })) {
    if (typeof value === 'boolean') continue;
    throw new ValueError({ argument: `modelCheckpoint.${name}`, given: show(value), expected: 'true or false' });
  }
  const { unit, every } = readFrequency(saveFreq, 'modelCheckpoint.saveFreq');
  if (saveBestOnly && unit === 'batch') {
    const expected = 'epochs with saveBestOnly: batches are not validated';
    throw new ValueError({ argument: 'modelCheckpoint.saveFreq', given: show(saveFreq), expected });
  }
  if (initialValueThreshold !== undefined) checkNumber(initialValueThreshold, 'modelCheckpoint.initialValueThreshold');
  const monitor = new Monitor(options, 'modelCheckpoint');
  const fresh = () => ({ seen: 0, best: initialValueThreshold, latest: undefined as string | undefined });
  let state = fresh();
  let due: string | undefined;
  const settle = (epoch: number, batch: number, logs: Logs) => {
    due = typeof path === 'function' ? path(epoch, logs) : fill(path, epoch, batch, logs);
  };
  return {
    name: 'modelCheckpoint',
    get latest() {
      return state.latest;
    },
    get best() {
      return state.best;
    },
    getState: () => ({ ...state }),
    setState(saved) {
      state = { ...fresh(), ...(saved as typeof state) };
    },
    setParams(params) {
      if (saveBestOnly) monitor.check(params);
      checkPath(path, params.logs);
    },
    onTrainBegin() {
      due = undefined;
    },
    ...(unit === 'batch' && {
      onBatchEnd(batch: number, logs: Logs, model: Model) {
        if (++state.seen % every === 0) settle(model.epochs, batch, logs);
      },
    }),
    ...(unit === 'epoch' && {
      onEpochEnd(epoch: number, logs: Logs) {
        if (++state.seen % every > 0) return;
        if (saveBestOnly) {
          const value = monitor.read(logs);
          if (value === undefined || !monitor.better(value, state.best ?? monitor.worst)) return;
          state.best = value;
        }
        settle(epoch, 0, logs);
      },
    }),
    async onCheckpoint(model) {
      if (due === undefined) return;
      const path = due;
      due = undefined;
      state.latest = path;
      await save(model, path, { training: !saveWeightsOnly });
    },
  };
}

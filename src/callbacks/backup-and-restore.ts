import { checkOptions, show, ValueError } from '../errors.js';
import type { Callback, Model } from './interfaces.js';
import { readFrequency, type Save, type SaveFrequency } from './model-checkpoint.js';

/** Options of `backupAndRestore`. */
export interface BackupAndRestoreOptions {
  /** The path of the file that holds the model while it trains. */
  readonly path: string;
  /** Says how often to save; default 'epoch', a number means batches. */
  readonly saveFreq?: SaveFrequency;
  /** Remove the file once training has come to its end; default true. */
  readonly deleteCheckpoint?: boolean;
}

/** Loads what was saved. */
export interface Storage {
  readonly save: Save;
  /** Puts weights, optimizer and `run` of the file into the model; false where there is no file. */
  readonly restore: (model: Model, path: string) => Promise<boolean>;
  readonly remove: (path: string) => Promise<void>;
}

/** Returns `backupAndRestore` for any way of keeping models. @throws ValueError for options of another kind. */
export function backupWith({ save, restore, remove }: Storage, options: BackupAndRestoreOptions): Callback {
  checkOptions(options, ['path', 'saveFreq', 'deleteCheckpoint'], 'backupAndRestore');
  const { path, saveFreq = 'epoch', deleteCheckpoint = true } = options;
  if (typeof path !== 'string' || path === '') {
    throw new ValueError({ argument: 'backupAndRestore.path', given: show(path), expected: 'a path' });
  }
  if (typeof deleteCheckpoint !== 'boolean') {
    const argument = 'backupAndRestore.deleteCheckpoint';
    throw new ValueError({ argument, given: show(deleteCheckpoint), expected: 'true or false' });
  }
  const { unit, every } = readFrequency(saveFreq, 'backupAndRestore.saveFreq');
  let seen = 0;
  let due = false;
  const count = () => {
    due = ++seen % every === 0;
  };
  return {
    name: 'backupAndRestore',
    getState: () => ({ seen }),
    setState(saved) {
      ({ seen } = saved as { seen: number });
    },
    onRestore: (model) => restore(model, path),
    onTrainBegin() {
      seen = 0;
      due = false;
    },
    ...(unit === 'batch' ? { onBatchEnd: count } : { onEpochEnd: count }),
    async onCheckpoint(model) {
      if (!due) return;
      due = false;
      await save(model, path, { training: true });
    },
    async onTrainEnd() {
      if (deleteCheckpoint) await remove(path);
    },
  };
}

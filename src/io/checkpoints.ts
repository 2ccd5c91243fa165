import { FileError } from '../errors.js';
import { type BackupAndRestoreOptions, backupWith } from '../train/callbacks/backup-and-restore.js';
import {
  checkpointWith,
  type ModelCheckpoint,
  type ModelCheckpointOptions,
} from '../train/callbacks/model-checkpoint.js';
import type { Callback } from '../train/callbacks.js';
import type { Model } from '../train/model.js';
import { previousOf } from './atomic.js';
import { nodeFiles } from './node-files.js';
import { restore, save } from './save.js';

/** What an error of a file that is not there has for a code. */
const MISSING = 'ENOENT';

async function remove(path: string): Promise<void> {
  const files = await nodeFiles();
  for (const name of [path, previousOf(path)]) {
    await files.remove(name).catch((cause: { code?: string }) => {
      if (cause.code !== MISSING) throw new FileError('Cannot remove', name, cause);
    });
  }
}

async function restoreFrom(model: Model, path: string): Promise<boolean> {
  try {
    await restore(model, path);
    return true;
  } catch (error) {
    if (error instanceof FileError && error.code === MISSING) return false;
    throw error;
  }
}

/**
 * Saves the model along the way: after every epoch or so many batches, or whenever what it monitors is better than before.
 * `load` of such a file and `fit(x, y, { ..., resume: true })` go on where it was written, to the same bits. In Node.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): ModelCheckpoint {
  return checkpointWith(save, options);
}

/**
 * Keeps the model in a file while it trains, so that the same program, started again after whatever ended it, goes on
 * where it was, to the same bits; removes the file at the end. In Node.
 */
export function backupAndRestore(options: BackupAndRestoreOptions): Callback {
  return backupWith({ save, restore: restoreFrom, remove }, options);
}

import { type BackupAndRestoreOptions, backupWith } from '../callbacks/backup-and-restore.js';
import type { Callback, Model } from '../callbacks/interfaces.js';
import { checkpointWith, type ModelCheckpoint, type ModelCheckpointOptions } from '../callbacks/model-checkpoint.js';
import { withRecipe } from '../callbacks/recipe.js';
import { FileError } from '../errors.js';
import { previousOf } from './atomic.js';
import { nodeFiles } from './node-files.js';
import { restoreFile, save } from './save.js';

/** The code of the error of a file that is not there. */
const MISSING = 'ENOENT';

/** Removes a file that was saved, and maybe the one before it; links to them stay. @throws FileError */
export async function removeFile(path: string, previous = true): Promise<void> {
  const files = await nodeFiles();
  const missing = (cause: { code?: string }) => {
    if (cause.code !== MISSING) throw new FileError('Cannot remove', path, cause);
    return undefined;
  };
  // Links are followed, as `save` writes to where they lead.
  const place = await files.place(path).catch(missing);
  if (!place) return;
  for (const name of previous ? [place.path, previousOf(place.path)] : [place.path]) {
    await files.remove(name).catch(missing);
  }
}

async function restoreRun(model: Model, path: string): Promise<boolean> {
  try {
    await restoreFile(model, path, true);
    return true;
  } catch (error) {
    if (error instanceof FileError && error.code === MISSING) return false;
    throw error;
  }
}

/**
 * Saves the model along the way, whole or not at all; as in Keras. Each file holds where the run stands, after all other
 * callbacks have seen the end of the epoch or batch: `load` it and `fit(x, y, { ..., resume: true })` goes on.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): ModelCheckpoint {
  return withRecipe(checkpointWith(save, options), { name: 'modelCheckpoint', args: [options], lasts: true });
}

/**
 * Keeps a file of the model while it trains. Where a process finds the file, it goes on as if nothing had happened, to the
 * same bits; at the end the file is removed. As in Keras, but for any batch.
 */
export function backupAndRestore(options: BackupAndRestoreOptions): Callback {
  return withRecipe(backupWith({ save, restore: restoreRun, remove: (path) => removeFile(path) }, options), {
    name: 'backupAndRestore',
    args: [options],
  });
}

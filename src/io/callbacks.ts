import { StateError } from '../errors.js';
import { type BackupAndRestoreOptions, backupWith } from '../train/callbacks/backup-and-restore.js';
import {
  checkpointWith,
  type ModelCheckpoint,
  type ModelCheckpointOptions,
} from '../train/callbacks/model-checkpoint.js';
import type { Callback } from '../train/callbacks.js';
import { INTERNALS, type Model } from '../train/model.js';
import { exportState, importState } from '../train/state.js';
import { previousOf } from './atomic.js';
import { nodeFiles } from './node-files.js';
import { load, save } from './save.js';

/**
 * Saves the model along the way, whole or not at all; as in Keras. Each file holds where the run stands, after all other
 * callbacks have seen the end of the epoch or batch: `load` it and `fit(x, y, { ..., resume: true })` goes on.
 */
export function modelCheckpoint(options: ModelCheckpointOptions): ModelCheckpoint {
  return checkpointWith((model, path, { training }) => save(model, path, { training }), options);
}

const absent = (error: unknown) => (error as { cause?: { code?: unknown } }).cause?.code === 'ENOENT';

async function restore(model: Model, path: string): Promise<boolean> {
  const loaded = await load(path, { backend: model.backend }).catch((error) => {
    if (absent(error)) return undefined;
    throw error;
  });
  if (!loaded) return false;
  const { engine } = loaded[INTERNALS];
  if (!engine.compiled || loaded.run === undefined) {
    throw new StateError(`backupAndRestore: ${path} holds no unfinished run.`);
  }
  importState(model[INTERNALS].engine, exportState(engine));
  model.setWeights(loaded.getWeights());
  model.run = loaded.run;
  loaded.dispose();
  return true;
}

async function remove(path: string): Promise<void> {
  const { split, remove } = await nodeFiles();
  for (const name of [path, previousOf(path)]) {
    await remove(split(name).path).catch((error) => {
      if (error.code !== 'ENOENT') throw error;
    });
  }
}

/**
 * Keeps a file of the model while it trains. Where a process finds the file, it goes on as if nothing had happened, to the
 * same bits; at the end the file is removed. As in Keras, but for any batch.
 */
export function backupAndRestore(options: BackupAndRestoreOptions): Callback {
  return backupWith({ save: (model, path) => save(model, path), restore, remove }, options);
}

import { createHash } from 'node:crypto';
import type { History } from '../../src/callbacks/history.js';
import * as worker from '../../src/worker/index.js';
import { clouds, type TrainingCase, trainingCases } from './nn/models.js';

export const workerUrl = new URL('../../build/worker-host.js', import.meta.url);
export const shared = new worker.TrainingWorker({ workerUrl });
export const seed = 7;

export async function remote({ layers, compile }: TrainingCase, backend = worker.wasm()): Promise<worker.RemoteModel> {
  const model = await worker.sequential({ layers, seed, backend, worker: shared });
  await model.compile(compile);
  return model;
}

export async function hashOf(model: worker.RemoteModel): Promise<string> {
  const hash = createHash('sha256');
  for (const [name, { data }] of Object.entries(await model.getWeights())) {
    hash.update(name).update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest('hex');
}

/** What does not depend on the machine. */
export function timeless({ epoch, history: { seconds: _, ...history } }: History): object {
  return { epoch, history };
}

export const [classifier] = trainingCases as [TrainingCase];
export const { x, labels } = clouds(200, 7, 3);
export const options = { epochs: 3, batchSize: 32, validationSplit: 0.2 };

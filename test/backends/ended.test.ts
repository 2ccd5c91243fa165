import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { endedOf } from '../../src/backends/threads/ended.js';

const LIVES = 'const { workerData } = require("node:worker_threads"); Atomics.wait(new Int32Array(workerData), 0, 0);';
const PATIENCE = 2000;

/** Asks every millisecond without a turn of the event loop; returns how often no was said before yes, or undefined. */
function poll(ended: () => boolean, times: number): number | undefined {
  const word = new Int32Array(new SharedArrayBuffer(4));
  for (let i = 0; i < times; i++) {
    if (ended()) return i;
    Atomics.wait(word, 0, 0, 1);
  }
  return undefined;
}

test.each([
  ['ends by itself', `${LIVES} process.exit(3);`],
  ['throws', `${LIVES} throw new Error('gone');`],
  ['returns', LIVES],
])('the end of a worker that %s is told without a turn of the event loop', async (_, script) => {
  const word = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(script, { eval: true, workerData: word.buffer });
  let told = false;
  worker.once('exit', () => {
    told = true;
  });
  worker.once('error', () => {});
  await new Promise((resolve) => worker.once('online', resolve));
  const { ended } = endedOf(worker);
  expect(poll(ended!, 20)).toBeUndefined();
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 0);
  expect(poll(ended!, PATIENCE)).toBeTypeOf('number');
  expect(told).toBe(false);
});

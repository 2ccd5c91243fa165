import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Callback, Model } from '../../src/callbacks/interfaces.js';
import { FileError, FileFormatError, StateError } from '../../src/errors.js';
import { backupAndRestore, modelCheckpoint } from '../../src/io/checkpoint-callbacks.js';
import { load, restore, save, serialize } from '../../src/io/save.js';
import { withPart } from '../fuzz/hostile.js';
import { thorough } from '../support/effort.js';
import { build, clouds, trainingCases, weightHash } from '../support/nn/models.js';

const backend = typescript();
const { x, labels } = clouds(40, 7, 3);
const classifier = trainingCases[0]!;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'myelin-backup-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const train = (model: Model, callbacks: readonly Callback[], options = {}) =>
  model.fit(x, labels, { epochs: 3, batchSize: 16, callbacks, ...options });

async function uninterrupted(): Promise<string> {
  const model = build(classifier, backend);
  await train(model, []);
  return weightHash(model);
}

test('backupAndRestore: the same program, started again, goes on where it was', async () => {
  const path = join(folder, 'backup.safetensors');
  const expected = await uninterrupted();
  let died = 0;
  for (let left = 1; ; left = 2) {
    const model = build(classifier, backend);
    const die: Callback = {
      onBatchBegin() {
        if (left-- === 0) throw new Error('died');
      },
    };
    try {
      await train(model, [backupAndRestore({ path, saveFreq: 1 }), die]);
      expect(weightHash(model)).toBe(expected);
      break;
    } catch (error) {
      expect((error as Error).message).toBe('died');
      died++;
    }
  }
  expect(died).toBe(4);
  expect(readdirSync(folder)).toEqual([]);
});

thorough('a process killed again and again comes to the same end', { timeout: 240_000 }, async () => {
  const script = `
    import { createHash } from 'node:crypto';
    import { backupAndRestore, dense, dropout, sequential, typescript } from ${JSON.stringify(new URL('../../build/index.js', import.meta.url).href)};
    const model = sequential({
      layers: [dense({ units: 9, inputShape: 7, activation: 'relu' }), dropout({ rate: 0.2 }), dense({ units: 3 })],
      backend: typescript(),
    });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
    const x = Array.from({ length: 64 }, (_, i) => Array.from({ length: 7 }, (_, k) => Math.sin(i * k + k)));
    const callbacks = process.argv[1] ? [backupAndRestore({ path: process.argv[1], saveFreq: 1 })] : [];
    callbacks.push({ onBatchEnd: () => new Promise((resolve) => setTimeout(resolve, 1)) });
    await model.fit(x, x.map((row) => row.slice(0, 3)), { epochs: 4, batchSize: 4, callbacks });
    const hash = createHash('sha256');
    for (const { data } of Object.values(model.getWeights())) hash.update(new Uint8Array(data.buffer));
    console.log(hash.digest('hex'));
  `;
  const run = async (path: string, ms?: number): Promise<string | undefined> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let printed = '';
    child.stdout.on('data', (data) => {
      printed += data;
    });
    const timer = ms === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), ms);
    const [status] = await once(child, 'close');
    clearTimeout(timer);
    return status === 0 ? printed : undefined;
  };
  const expected = await run('');
  const path = join(folder, 'model.safetensors');
  let ended: string | undefined;
  let killed = 0;
  // Later and later, so that slow machines come to an end, too.
  for (let ms = 150; ended === undefined; ms += 25) {
    ended = await run(path, ms);
    if (ended === undefined) killed++;
  }
  expect(killed).toBeGreaterThan(0);
  expect(ended).toBe(expected);
  expect(readdirSync(folder)).toEqual([]);
});

test('modelCheckpoint: files by epoch, from which training goes on', async () => {
  const expected = await uninterrupted();
  const checkpoint = modelCheckpoint({ path: join(folder, 'epoch-{epoch:2}.safetensors') });
  await train(build(classifier, backend), [checkpoint]);
  expect(readdirSync(folder)).toEqual([1, 2, 3].map((epoch) => `epoch-0${epoch}.safetensors`));
  expect(checkpoint.latest).toBe(join(folder, 'epoch-03.safetensors'));
  for (const epoch of [1, 2]) {
    const model = await load(join(folder, `epoch-0${epoch}.safetensors`), { backend });
    expect(model.epochs).toBe(epoch);
    await train(model, [], { resume: true });
    expect(weightHash(model)).toBe(expected);
  }
  const best = join(folder, 'best');
  await train(build(classifier, backend), [
    modelCheckpoint({ path: best, monitor: 'loss', saveBestOnly: true, saveWeightsOnly: true }),
  ]);
  expect((await load(best, { backend })).epochs).toBe(0);
});

test('restore: weights and state into a model that is there; another model is refused, untouched', async () => {
  const path = join(folder, 'model.safetensors');
  const [model, same] = [build(classifier, backend), build(classifier, backend)];
  model.trainOnBatch(x, labels);
  model.classNames = ['a', 'b', 'c'];
  await save(model, path);
  await restore(same, path);
  expect(same.classNames).toEqual(['a', 'b', 'c']);
  const four = withPart(serialize(model), 'classNames', () => ['a', 'b', 'c', 'd']);
  await expect(restore(same, four)).rejects.toThrow(/metadata.classNames: 4 names in place of 3/);
  for (const m of [model, same]) m.trainOnBatch(x, labels);
  expect(weightHash(same)).toBe(weightHash(model));
  const others = [build(trainingCases[1]!, backend), build(classifier, backend, 8)];
  for (const other of others) {
    const before = weightHash(other);
    await expect(restore(other, path)).rejects.toThrow(/metadata\.spec: another model/);
    expect(weightHash(other)).toBe(before);
  }
  const { compile } = classifier;
  same.compile({ ...compile, optimizer: 'sgd' });
  await expect(restore(same, path)).rejects.toThrow(FileFormatError);
  await save(model, path, { training: false });
  await expect(restore(model, path)).rejects.toThrow(/no state of the optimizer/);
  await expect(restore(model, join(folder, 'missing'))).rejects.toThrow(FileError);
});

test('restore in the middle of fit: a file with a run of its own is refused, and nothing has changed', async () => {
  const path = join(folder, 'model.safetensors');
  const other = build(classifier, backend);
  const abort = new AbortController();
  await train(other, [{ onBatchEnd: (batch) => void (batch === 1 && abort.abort()) }], { signal: abort.signal }).catch(
    () => undefined,
  );
  other.learningRate = 0.5;
  other.classNames = ['a', 'b', 'c'];
  other.preprocessing = { own: true };
  await save(other, path);
  const model = build(classifier, backend);
  const seen = () => [
    weightHash(model),
    model.epochs,
    model.learningRate,
    model.classNames,
    model.preprocessing,
    JSON.stringify(model.run?.totals),
  ];
  const refused: unknown[] = [];
  const restoring: Callback = {
    async onEpochEnd() {
      const before = seen();
      refused.push(await restore(model, path).catch((error: unknown) => error));
      expect(seen()).toEqual(before);
    },
    async onBatchEnd(batch) {
      if (batch === 1) await this.onEpochEnd?.(0, {}, model);
    },
  };
  await train(model, [restoring]);
  expect(refused.map((error) => error instanceof StateError)).toEqual(Array(6).fill(true));
  expect(String(refused[0])).toMatch(/restore: fit is still running/);
  expect(weightHash(model)).toBe(await uninterrupted());
  // Once it has ended, the file is taken, run and all.
  await restore(model, path);
  expect(model.classNames).toEqual(['a', 'b', 'c']);
  expect(model.run?.batch).toBe(2);
});

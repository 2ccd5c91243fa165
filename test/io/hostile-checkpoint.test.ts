import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { tabular } from '../../src/data/index.js';
import { FileFormatError, MyelinError } from '../../src/errors.js';
import type { NewTensor } from '../../src/io/safetensors.js';
import { serialize } from '../../src/io/save.js';
import { loadTensors, saveTensors } from '../../src/io/tensors.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { mutateBytes, withPart } from '../fuzz/hostile.js';
import { Random } from '../support/buffers.js';

// Checkpoints of pipelines that are whole, with the right checksum, and say what no run leaves; and damaged ones.

const backend = typescript();
const rows = Array.from({ length: 90 }, (_, i) => ({ size: (i % 3) + ((i * 7) % 10) / 20, kind: 'abc'[i % 3]! }));
const design = { target: 'kind', layers: [4], epochs: 6, members: 2, batchSize: 16, dropout: 0.1, backend } as const;
const folder = mkdtempSync(join(tmpdir(), 'myelin-hostile-'));
const path = join(folder, 'run.checkpoint');
afterAll(() => rmSync(folder, { recursive: true }));

type Tensors = Record<string, NewTensor>;
let tensors: Tensors;
let metadata: Readonly<Record<string, string>>;
let state: Readonly<Record<string, unknown>>;

beforeAll(async () => {
  const controller = new AbortController();
  let batches = 0;
  await tabular(design).fit(rows, {
    signal: controller.signal,
    checkpoint: path,
    callbacks: () => [{ onBatchEnd: () => void (++batches === 21 && controller.abort()) }],
  });
  const whole = await loadTensors(path, () => true);
  const { checksum: _, ...rest } = Object.fromEntries(whole.metadata) as Record<string, string>;
  metadata = rest;
  state = JSON.parse(rest.state!);
  tensors = Object.fromEntries([...whole.tensors].map(([name, { data }]) => [name, { data }]));
});

async function resumed(given: Tensors, said: string | undefined): Promise<unknown> {
  const { state: _, ...rest } = metadata;
  const file = join(folder, 'hostile.checkpoint');
  await saveTensors(file, given, { ...rest, ...(said !== undefined && { state: said }) });
  return tabular(design).fit(rows, { resume: file });
}

test('the file itself goes on', async () => {
  await resumed(tensors, metadata.state);
});

describe('the state', () => {
  const changed = (change: object) => () => JSON.stringify({ ...state, ...change });
  const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
  const choices = (change: object) => () =>
    JSON.stringify({ ...state, choices: (state.choices as object[]).map((choice) => ({ ...choice, ...change })) });
  test.each<[string, () => string | undefined]>([
    ['missing', () => undefined],
    ['no JSON', () => '{"design":'],
    ['null', () => 'null'],
    ['a number', () => '5'],
    ['a list', () => '[]'],
    ['empty', () => '{}'],
    ['nested deeply', () => deep],
    ['nested deeply within', () => JSON.stringify(state).replace('"ended":[', `"ended":[${deep},`)],
    ['a key twice', () => JSON.stringify(state).replace('{', '{"best":true,')],
    ['__proto__', () => JSON.stringify(state).replace('{', '{"__proto__":{"best":true},')],
    ['a design that is a text', changed({ design: 'x' })],
    ['a design without layers', () => JSON.stringify({ ...state, design: { members: 2 } })],
    ['data that is no checksum', changed({ data: 'x' })],
    ['ended that is null', changed({ ended: null })],
    ['ended that is a number', changed({ ended: 3 })],
    ['ended of too few', changed({ ended: [null] })],
    ['ended of too many', changed({ ended: [null, null, null] })],
    ['a history that is a text', changed({ ended: ['x', null] })],
    ['a history of texts', changed({ ended: [{ loss: ['x'] }, null] })],
    ['choices that are missing', changed({ choices: undefined })],
    ['choices of too few', changed({ choices: [] })],
    ['a choice that is null', changed({ choices: [null] })],
    ['a best epoch to come', choices({ bestEpoch: 1e9 })],
    ['a best epoch of 0.5', choices({ bestEpoch: 0.5 })],
    ['a temperature of 0', choices({ temperature: 0 })],
    ['a temperature of infinity', choices({ temperature: { $number: 'Infinity' } })],
    ['a curve that is missing', changed({ curve: undefined })],
    ['a curve of texts', changed({ curve: ['x'] })],
    ['a curve of more epochs than there are', changed({ curve: Array(100_000).fill(1) })],
    ['a curve of none', changed({ curve: [] })],
    ['best that is a text', changed({ best: 'true' })],
    ['best that is false', changed({ best: false })],
  ])('%s', async (_, said) => {
    await expect(resumed(tensors, said())).rejects.toThrow(FileFormatError);
  });
});

describe('tensors', () => {
  const without = (name: string) => () => Object.fromEntries(Object.entries(tensors).filter(([key]) => key !== name));
  const put = (name: string, data: () => NewTensor['data']) => () => ({ ...tensors, [name]: { data: data() } });
  const network = () => tensors['network.0']!.data as Uint8Array;
  const training = (change: (training: Record<string, unknown>) => object) =>
    put('network.0', () => withPart(network(), 'training', change as never));
  const run = (change: object) =>
    training(({ run: left, ...rest }) => ({ ...rest, run: { ...(left as object), ...change } }));
  const another = sequential({ layers: [dense({ units: 3, inputShape: 2 })], backend });
  test.each<[string, () => Tensors]>([
    ['no network', without('network.1')],
    ['no outputs', without('outputs')],
    ['no latest', without('latest.0')],
    ['no best', without('best.0.layers.0.kernel')],
    ['outputs of float64', put('outputs', () => new Float64Array(tensors.outputs!.data.length))],
    ['outputs of one', put('outputs', () => new Float32Array(1))],
    ['losses of one', put('losses', () => new Float64Array(1))],
    ['no judgements', without('judged')],
    ['judgements of too few epochs', put('judged', () => new Float64Array(2))],
    ['latest of one', put('latest.1', () => new Float32Array(1))],
    ['latest of integers', put('latest.1', () => new Int32Array(tensors['latest.1']!.data.length))],
    ['best of one', put('best.0.layers.0.kernel', () => new Float32Array(1))],
    [
      'best of NaN',
      put('best.0.layers.0.kernel', () => new Float32Array(tensors['best.0.layers.0.kernel']!.data.length).fill(NaN)),
    ],
    ['a network of no bytes', put('network.0', () => new Uint8Array(0))],
    ['a network of zeros', put('network.0', () => new Uint8Array(1000))],
    ['a network of float32', put('network.0', () => new Float32Array(10))],
    ['a network cut off', put('network.0', () => network().slice(0, -40))],
    ['another network', put('network.0', () => serialize(another))],
    ['the networks turned round', () => ({ ...tensors, 'network.0': tensors['network.1']! })],
    ['one more tensor', put('more', () => new Float32Array(3))],
    ['a network that was not begun', training(() => ({ epochs: 0 }))],
    ['a network without a run', training(({ run: _, ...rest }) => rest)],
    ['a run of other epochs', training((rest) => ({ ...rest, epochs: 4 }))],
    ['a run that begins late', run({ firstEpoch: 1e9, epoch: 1e9 })],
    ['a run that begins early', run({ firstEpoch: -1e9 })],
    ['a run of a history that is a number', run({ history: 5 })],
    ['a run of no epochs', run({ history: { epoch: [], history: {}, seconds: [] } })],
  ])('%s', async (_, given) => {
    await expect(resumed(given(), metadata.state)).rejects.toThrow(FileFormatError);
  });

  test.each([
    ['another batch', run({ batch: 1e9 })],
    ['callbacks that are not there', run({ callbacks: { constructor: 1 } })],
    ['no totals', run({ totals: null })],
    ['another seed', run({ data: { seed: 5 } })],
  ])('a run of %s is refused by a typed error, or goes on', async (_, given) => {
    const result = await resumed(given(), metadata.state).catch((error: unknown) => error);
    if (result instanceof Error) expect(result).toBeInstanceOf(MyelinError);
  });
});

test('damaged bytes are refused with the path', async () => {
  const whole = new Uint8Array(readFileSync(path));
  const file = join(folder, 'damaged.checkpoint');
  for (let i = 0; i < 300; i++) {
    const bytes = mutateBytes(whole, new Random(i));
    writeFileSync(file, bytes);
    if (Buffer.compare(bytes, whole) === 0) continue;
    const error: unknown = await tabular(design)
      .fit(rows, { resume: file })
      .catch((cause: unknown) => cause);
    if (!(error instanceof Error)) continue;
    expect(error).toBeInstanceOf(MyelinError);
    if (error instanceof FileFormatError) expect(error.path).toBe(file);
  }
});

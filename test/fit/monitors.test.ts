import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import type { Callback, Model } from '../../src/callbacks/interfaces.js';
import { reduceLROnPlateau } from '../../src/callbacks/learning-rate.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { modelCheckpoint } from '../../src/io/checkpoint-callbacks.js';
import { load } from '../../src/io/save.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { model as makeModel, sequential } from '../../src/model/model.js';
import { dense, input, type SymbolicTensor } from '../../src/nn/layers/index.js';
import { f1, type MetricSpec, mae } from '../../src/nn/metrics/index.js';
import { metricTable } from '../../src/nn/registry.js';
import { any } from '../support/any.js';

const folder = mkdtempSync(join(tmpdir(), 'myelin-monitors-'));
afterAll(() => rmSync(folder, { recursive: true }));

const { NaN: none, POSITIVE_INFINITY: infinite } = Number;
const x = [[1], [2], [3], [4]];
const y = [2, 3, 4, 5];

function line(options: object = {}): Model {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], seed: 1, backend: typescript() });
  model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError', ...options });
  return model;
}

/** Puts a value for each epoch in place of what was measured; `undefined` takes it out. */
const script = (values: readonly (number | undefined)[], name = 'valLoss', from = 0): Callback => ({
  onEpochEnd(epoch, logs) {
    const written = logs as Record<string, number>;
    const value = values[epoch - from];
    if (value === undefined) delete written[name];
    else written[name] = value;
  },
});

/** Trains as many epochs as there are values, which callbacks then see. */
async function play(model: Model, callback: Callback, values: readonly (number | undefined)[], name?: string) {
  const from = model.epochs;
  const { epoch } = await model.fit(x, y, {
    epochs: values.length,
    validationData: [x, y],
    lint: false,
    callbacks: [script(values, name, from), callback],
  });
  return epoch.length;
}

describe('earlyStopping', () => {
  // [what is seen, epochs that run, best value, its epoch]
  type Case = readonly [string, object, readonly (number | undefined)[], number, number | undefined, number];
  const cases: readonly Case[] = [
    ['NaN first', { patience: 2 }, [none, 5, 4, 3, 2, 1], 6, 1, 5],
    ['NaN twice first', { patience: 2 }, [none, none, 4, 3], 2, undefined, 0],
    ['NaN twice first, with more patience', { patience: 3 }, [none, none, 4, 5, 3], 5, 3, 4],
    ['NaN first without patience', {}, [none, 5, 4, 4.5, 1], 4, 4, 2],
    ['NaN later', { patience: 2 }, [5, none, 4, none, 3, 2], 6, 2, 5],
    ['NaN to the end', { patience: 2 }, [5, none, none, 1], 3, 5, 0],
    ['nothing but NaN', { patience: 3 }, [none, none, none, none], 3, undefined, 0],
    ['NaN first of a number to be large', { patience: 1, mode: 'max' }, [none, 1, 2, 2, 3], 4, 2, 2],
    ['infinity first', { patience: 2 }, [infinite, 5, 6, 4], 4, 4, 3],
    ['infinity later', { patience: 2 }, [5, infinite, 4, infinite, infinite], 5, 4, 2],
    ['minus infinity first of a number to be large', { patience: 1, mode: 'max' }, [-infinite, 1, 2, 1], 4, 2, 2],
    ['minus infinity, the least there is', { patience: 1 }, [5, -infinite, 4, 3], 3, -infinite, 1],
    ['NaN, a gap, then values', { patience: 2 }, [none, undefined, undefined, 4, 3], 5, 3, 4],
    ['NaN with a baseline', { patience: 2, baseline: 3 }, [none, 5, 2, 3, 2.5, 1], 5, 2, 2],
    ['NaN with a baseline, later passed', { patience: 3, baseline: 3 }, [none, 5, 2, 3, 2.5], 5, 2, 2],
    ['NaN with a least difference', { patience: 2, minDelta: 1 }, [none, 5, 4.5, 3.5, 3, 3], 6, 3.5, 3],
    ['NaN in the first epoch that counts', { patience: 1, startFromEpoch: 2 }, [9, 9, none, 5, 4, 5], 6, 4, 4],
  ];
  test.each(cases)('%s', async (_, options, values, ran, best, bestEpoch) => {
    const stop = earlyStopping({ ...options, restoreBestWeights: true });
    const model = line();
    const weights: number[] = [];
    const note = { onEpochEnd: () => void weights.push(model.getWeights()['layers.0.kernel']!.data[0]!) };
    const from = model.epochs;
    const { epoch } = await model.fit(x, y, {
      epochs: values.length,
      validationData: [x, y],
      lint: false,
      callbacks: [script(values, 'valLoss', from), note, stop],
    });
    expect([epoch.length, stop.best, stop.bestEpoch]).toEqual([ran, best, bestEpoch]);
    const kept = best === undefined ? weights.at(-1) : weights[bestEpoch];
    expect(model.getWeights()['layers.0.kernel']!.data[0]).toBe(kept);
  });

  test('of a number that epochs without an update do not have', async () => {
    const model = line({ gradientAccumulationSteps: 3, trackGradientNorm: true });
    const stop = earlyStopping({ monitor: 'gradientNorm', patience: 3, restoreBestWeights: true });
    const { history } = await model.fit(x, y, { epochs: 12, batchSize: 4, lint: false, callbacks: [stop] });
    expect(history.gradientNorm!.map(Number.isNaN)).toEqual(Array.from({ length: 12 }, (_, i) => i % 3 !== 2));
    expect(history.loss).toHaveLength(12);
  });

  test('begins anew in each fit, and where a state with NaN for best comes back', async () => {
    const stop = earlyStopping({ patience: 2 });
    const model = line();
    await play(model, stop, [1, 2]);
    expect(await play(model, stop, [9, 8, 7])).toBe(3);
    expect(stop.best).toBe(7);
    const old = earlyStopping({ patience: 2 });
    old.setParams?.(any({ logs: ['valLoss'] }));
    old.setState?.({ wait: 1, stoppedEpoch: 0, best: none, bestEpoch: 0 });
    old.onEpochEnd?.(1, { valLoss: 4 }, line());
    expect(old.best).toBe(4);
  });
});

describe("mode 'auto'", () => {
  /** The sign by which a monitor of `fit` goes, or its error. */
  const modeOf = async (monitor: string, metrics: CompileOptions['metrics'], outputs = ['']) => {
    const heads = (value: SymbolicTensor) =>
      outputs.map((name) => dense({ units: 1, activation: 'sigmoid', ...(name && { name }) }).apply(value));
    const start = input({ shape: 1 });
    const net = makeModel({ inputs: start, outputs: heads(start), seed: 1, backend: typescript() });
    net.compile({ optimizer: 'sgd', loss: 'binaryCrossentropy', trackGradientNorm: true, ...(metrics && { metrics }) });
    const y = [0, 1, 1, 0].map((value) => [value]);
    const stop = earlyStopping({ monitor, patience: 1 });
    // Better and better the one way, so that training ends at the second epoch where it is the other.
    const rising = { onEpochEnd: (epoch: number, logs: object) => void Object.assign(logs, { [monitor]: epoch }) };
    const { epoch } = await net.fit(x, outputs.length > 1 ? outputs.map(() => y) : y, {
      epochs: 3,
      validationData: [x, outputs.length > 1 ? outputs.map(() => y) : y],
      lint: false,
      callbacks: [rising, stop],
    });
    return epoch.length === 3 ? 'max' : 'min';
  };

  test.each([
    ...(['loss', 'valLoss', 'gradientNorm', 'learningRate'] as const).map((name) => [name, [], 'min'] as const),
    ...Object.entries(metricTable)
      .filter(([name]) => name !== 'topK')
      .flatMap(([name, metric]) => {
        const make = metric as (options: object) => MetricSpec;
        const { best } = (metric as { definition: { best: 'min' | 'max' } }).definition;
        // Names that tell nothing, and names that would tell the opposite.
        const other = best === 'min' ? 'myAccuracy' : 'myLoss';
        return [
          [name, [make({})], best],
          [`val${name[0]!.toUpperCase()}${name.slice(1)}`, [make({})], best],
          ['other', [make({ label: 'other' })], best],
          [`val${other[0]!.toUpperCase()}${other.slice(1)}`, [make({ label: other })], best],
        ] as const;
      }),
  ])('of %s', async (monitor, metrics, best) => {
    expect(await modeOf(monitor, metrics)).toBe(best);
  });

  test('of a metric of one of several outputs', async () => {
    const metrics = { a: [f1({ label: 'loss2' })], b: [mae({ label: 'f1' })] };
    expect(await modeOf('aLoss2', metrics, ['a', 'b'])).toBe('max');
    expect(await modeOf('valBF1', metrics, ['a', 'b'])).toBe('min');
    expect(await modeOf('aLoss', metrics, ['a', 'b'])).toBe('min');
  });

  test('of callbacks that are called by hand goes by the name', () => {
    const check = (monitor: string) => () => earlyStopping({ monitor }).setParams?.(any({ logs: [monitor] }));
    for (const name of ['valLoss', 'priceMae', 'valKindPrAuc', ...Object.keys(metricTable)]) {
      expect(check(name)).not.toThrow();
    }
    expect(check('other')).toThrow(/mode: expected 'min' or 'max', since the name does not tell/);
  });
});

describe('modelCheckpoint of the best', () => {
  const cases: readonly (readonly [string, object, readonly number[], readonly number[], number])[] = [
    ['less', {}, [3, 1], [50, 40], 1],
    ['less, a better one later', {}, [3, 2], [50, 1], 1],
    ['more', { mode: 'max' }, [3, 5], [2, 4], 5],
    ['NaN first', {}, [none, 4], [none, 5], 4],
    ['NaN only, then a value', {}, [none, none], [6, 7], 6],
    ['infinity first', {}, [infinite, 4], [infinite, 3], 3],
    ['no better than a threshold', { initialValueThreshold: 2 }, [3, 2.5], [1.5, 1.8], 1.5],
  ];
  test.each(cases)('%s: over two fits', async (name, options, first, second, best) => {
    const path = join(folder, `${name.replace(/\W/g, '')}.safetensors`);
    const keep = modelCheckpoint({ path, saveBestOnly: true, ...options });
    const model = line();
    await play(model, keep, first);
    await play(model, keep, second);
    expect(keep.best).toBe(best);
    const epoch = [...first, ...second].indexOf(best);
    expect((await load(path, { backend: typescript() })).epochs).toBe(epoch + 1);
  });

  test('across an interruption, in another process', async () => {
    const path = join(folder, 'best.safetensors');
    const make = () => modelCheckpoint({ path, saveBestOnly: true });
    const values = [3, 1, 50, 40];
    const model = line();
    const first = make();
    await play(model, first, [2]);
    const abort = new AbortController();
    const end = { onBatchBegin: () => void (model.epochs === 3 && abort.abort()) };
    const options = { epochs: 4, validationData: [x, y] as const, lint: false };
    await model
      .fit(x, y, { ...options, signal: abort.signal, callbacks: [script(values, 'valLoss', 1), first, end] })
      .catch(() => undefined);
    expect(model.run?.callbacks.modelCheckpoint).toMatchObject({ best: 1 });
    const other = line();
    other.setWeights(model.getWeights());
    other.epochs = model.epochs;
    other.run = JSON.parse(JSON.stringify(model.run));
    const second = make();
    await other.fit(x, y, { ...options, resume: true, callbacks: [script(values, 'valLoss', 1), second] });
    expect([second.best, second.latest]).toEqual([1, path]);
    expect((await load(path, { backend: typescript() })).epochs).toBe(3);
  });

  test('a state without a best takes the one that is there away', () => {
    const keep = modelCheckpoint({ path: 'x', saveBestOnly: true });
    keep.setState?.({ seen: 1, best: 4 });
    keep.setState?.({ seen: 0 });
    expect(keep.best).toBeUndefined();
  });

  test('epochs are counted over several fits', async () => {
    const path = join(folder, '{epoch}.safetensors');
    const keep = modelCheckpoint({ path, saveFreq: { epochs: 2 } });
    const model = line();
    const latest: (string | undefined)[] = [];
    for (let i = 0; i < 4; i++) {
      await model.fit(x, y, { lint: false, callbacks: [keep] });
      latest.push(keep.latest?.match(/(\d+)\.safetensors/)?.[1]);
    }
    expect(latest).toEqual([undefined, '2', '2', '4']);
  });
});

describe('reduceLROnPlateau keeps its best', () => {
  // [values of two fits, rates after each epoch]
  const cases: readonly (readonly [string, object, readonly number[], readonly number[], readonly number[]])[] = [
    ['less', {}, [3, 1], [50, 40], [0.8, 0.8, 0.8, 0.4]],
    ['more', { mode: 'max' }, [3, 5], [4, 4], [0.8, 0.8, 0.8, 0.4]],
    ['a better one later', {}, [3, 2], [50, 1], [0.8, 0.8, 0.8, 0.8]],
    ['NaN first', {}, [none, 5], [4, 3], [0.8, 0.8, 0.8, 0.8]],
    ['NaN first and again', {}, [none, 5], [none, none], [0.8, 0.8, 0.8, 0.4]],
    ['infinity is no value to keep', {}, [infinite, 5], [4, infinite], [0.8, 0.8, 0.8, 0.8]],
  ];
  test.each(cases)('%s', async (_, options, first, second, expected) => {
    const model = line();
    model.learningRate = 0.8;
    const reduce = reduceLROnPlateau({ factor: 0.5, patience: 2, ...options });
    const rates: number[] = [];
    const both = (values: readonly number[]) => ({
      epochs: values.length,
      validationData: [x, y] as const,
      lint: false,
      callbacks: [
        script(values, 'valLoss', model.epochs),
        reduce,
        { onEpochEnd: () => void rates.push(model.learningRate) },
      ],
    });
    await model.fit([[0], [0]], [0, 0], both(first));
    await model.fit([[0], [0]], [0, 0], both(second));
    expect(rates).toEqual(expected);
  });
});

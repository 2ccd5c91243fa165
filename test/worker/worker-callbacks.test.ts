import { afterAll, describe, expect, test } from 'vitest';
import type * as worker from '../../src/worker/index.js';
import { factories } from '../support/buffers.js';
import { build, weightHash } from '../support/nn/models.js';
import { classifier, hashOf, labels, options, remote, shared, timeless, x } from '../support/remote.js';

afterAll(() => shared.terminate());

describe('callbacks', () => {
  /** Runs `fit` here and there with callbacks that write down what they are told. */
  async function both(given: object, makeCallbacks: (log: unknown[]) => object[], batchHooks: 'grouped' | 'each') {
    const [here, there] = [build(classifier, factories.wasm), await remote(classifier)];
    const logs: [unknown[], unknown[]] = [[], []];
    const fitOptions = { ...options, ...given };
    const first = await here.fit(x, labels, { ...fitOptions, callbacks: makeCallbacks(logs[0]) });
    const second = await there.fit(x, labels, { ...fitOptions, callbacks: makeCallbacks(logs[1]), batchHooks });
    expect(timeless(second)).toEqual(timeless(first));
    expect(await hashOf(there)).toBe(weightHash(here));
    return { logs, here, there };
  }

  class Recorder {
    constructor(readonly log: unknown[]) {}
    onTrainBegin() {
      this.log.push('begin');
    }
    async onEpochBegin(epoch: number, model: { epochs: number }) {
      await new Promise((resolve) => setTimeout(resolve, 1));
      this.log.push([epoch, model.epochs]);
    }
    onBatchEnd(batch: number, logs: object) {
      this.log.push([batch, logs]);
    }
    onEpochEnd(epoch: number, logs: object, model: { epochs: number; learningRate: number }) {
      this.log.push([epoch, logs, model.epochs, model.learningRate]);
      model.learningRate *= 0.5;
      this.log.push(model.learningRate);
    }
    onTrainEnd(logs: object) {
      this.log.push(logs);
    }
  }

  test.each(['grouped', 'each'] as const)('hear the same in the same order, %s', async (batchHooks) => {
    const { logs, here, there } = await both({}, (log) => [new Recorder(log), new Recorder(log)], batchHooks);
    expect(logs[1]).toEqual(logs[0]);
    expect(logs[0].length).toBeGreaterThan(40);
    expect([there.epochs, there.learningRate]).toEqual([here.epochs, here.learningRate]);
  });

  test('stop training after an epoch', async () => {
    const stop = {
      onEpochEnd: (epoch: number, _: object, model: { stopTraining: boolean }) => {
        model.stopTraining = epoch === 1;
      },
    };
    const { there } = await both({ epochs: 5 }, () => [stop], 'grouped');
    expect(there.epochs).toBe(2);
  });

  test('stop training after a batch where each batch waits for them', async () => {
    const stop = {
      onBatchEnd: (batch: number, _: object, model: { stopTraining: boolean }) => {
        model.stopTraining = batch === 2;
      },
    };
    await both({ epochs: 5 }, () => [stop], 'each');
  });

  test('in groups, leave no batch out and do not fall far behind', async () => {
    const there = await remote(classifier);
    let batches = 0;
    await there.fit(x, labels, { epochs: 400, batchSize: 2, callbacks: [{ onBatchEnd: () => void batches++ }] });
    expect(batches).toBe(40_000);
    const slow = { onBatchEnd: () => new Promise<void>((resolve) => setTimeout(resolve, 1)) };
    const started = performance.now();
    await there.fit(x, labels, { epochs: 1, batchSize: 4, callbacks: [slow] });
    expect(performance.now() - started).toBeGreaterThan(50);
  });

  test('call the model, and train it no further while they do', async () => {
    const there = await remote(classifier);
    const losses: number[] = [];
    const { history } = await there.fit(x, labels, {
      epochs: 2,
      validationData: [x, labels],
      callbacks: [{ onEpochEnd: async (_, __, model) => void losses.push((await model.evaluate(x, labels)).loss!) }],
    });
    expect(losses).toEqual(history.valLoss);
  });

  test.each(['onTrainBegin', 'onEpochBegin', 'onBatchEnd', 'onEpochEnd', 'onTrainEnd'])(
    'that throw in %s end fit with what they threw',
    async (hook) => {
      const there = await remote(classifier);
      const thrown = new (class Mine extends Error {})('mine');
      const callback = { [hook]: () => Promise.reject(thrown) };
      await expect(there.fit(x, labels, { callbacks: [callback] })).rejects.toBe(thrown);
      await there.fit(x, labels);
    },
  );

  test('progress is told now and then', async () => {
    const there = await remote(classifier);
    const events: worker.Progress[] = [];
    await there.fit(x, labels, { ...options, onProgress: (event) => events.push(event), progressInterval: 0 });
    expect(events.length).toBe(3 * 6);
    expect(events.at(-1)).toEqual({
      epoch: 2,
      batch: 4,
      logs: expect.objectContaining({ valLoss: expect.any(Number) }),
    });
    events.length = 0;
    await there.fit(x, labels, { ...options, onProgress: (event) => events.push(event), progressInterval: 1e6 });
    expect(events.map(({ epoch }) => epoch)).toEqual([3, 4, 5]);
  });
});

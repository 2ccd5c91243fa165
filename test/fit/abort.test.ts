import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import type { Callback } from '../../src/callbacks/interfaces.js';
import { trainingControl } from '../../src/callbacks/training-control.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { exportState } from '../../src/engine/state.js';
import { stepInParts } from '../../src/engine/step-in-parts.js';
import { nextMode } from '../../src/engine/steps.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { batchNormalization, dense, dropout } from '../../src/nn/layers/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { computed } from '../programs/computed.js';
import { any } from '../support/any.js';
import { makeEngine, trainingCases, weightHash } from '../support/nn/models.js';
import { BATCHES, backend, build, labels, oneHot, plain, train, x } from '../support/runs.js';

describe('abort', () => {
  const wide = (optimizer: CompileOptions['optimizer'] = 'adam') => {
    const model = sequential({
      layers: [
        dense({ units: 512, inputShape: 256, activation: 'relu' }),
        batchNormalization(),
        dropout({ rate: 0.1 }),
        dense({ units: 512, activation: 'relu' }),
        dense({ units: 10, activation: 'softmax' }),
      ],
      backend,
    });
    model.compile({ optimizer, loss: 'sparseCategoricalCrossentropy', gradientAccumulationSteps: 2 });
    return model;
  };
  const rows = 256;
  const data = matrix(
    Float32Array.from({ length: rows * 256 }, (_, i) => Math.sin(i)),
    rows,
    256,
  );
  const y = Float32Array.from({ length: rows }, (_, i) => i % 10);

  test.each(trainingCases)('a step given up before any call that can be taken back: $name', async (item) => {
    const steps = async (giveUp: boolean) => {
      const engine = makeEngine({ ...item, compile: { ...item.compile, ...extra } }, backend);
      const y = item.compile.loss === 'sparseCategoricalCrossentropy' ? matrix(labels, 50, 1) : oneHot;
      for (let batch = 0; batch < 4; batch++) {
        const program = engine.program(nextMode(engine), 50);
        const { undoable } = program;
        expect(undoable).toBeGreaterThan(1);
        expect(undoable).toBeLessThan(program.steps.length);
        for (let at = 0; giveUp && at < undoable; at++) {
          let calls = 0;
          engine.stageBatch(program, [x], [y], 0);
          const { taken } = engine.steps;
          const outcome = await stepInParts(engine, program, noPause, () => calls++ === at);
          expect([outcome, engine.steps.taken, engine.steps.midway]).toEqual([undefined, taken, false]);
        }
        engine.stageBatch(program, [x], [y], 0);
        const late = (i: number) => i >= undoable;
        let calls = 0;
        expect(await stepInParts(engine, program, noPause, () => late(calls++))).toBeDefined();
      }
      return { state: exportState(engine), weights: engine.network.parameters.map(({ value }) => engine.read(value)) };
    };
    const noPause = () => undefined;
    const extra = { gradientAccumulationSteps: 2, averaging: exponentialMovingAverage() } as const;
    expect(await steps(true)).toEqual(await steps(false));
  });

  test('comes within two long steps and a slice of time, and the model can be used', async () => {
    const model = wide();
    const began = computed();
    model.trainOnBatch(data, y);
    const step = computed() - began;
    const taken: number[] = [];
    for (let i = 0; i < 5; i++) {
      const controller = new AbortController();
      const done = model.fit(data, y, { epochs: 1000, batchSize: rows, signal: controller.signal });
      await new Promise((resolve) => setTimeout(resolve, 40));
      const start = computed();
      controller.abort(new Error('enough'));
      await expect(done).rejects.toThrow('enough');
      taken.push(computed() - start);
    }
    // fit computes for 16 ms at a time.
    expect(Math.max(...taken)).toBeLessThan(2 * step + 16);
    expect(model.predict(data).rows).toBe(rows);
    model.trainOnBatch(data, y);
    expect(model.evaluate(data, y).loss).toBeGreaterThan(0);
  });

  test('a signal that came before, and one that is none', async () => {
    const model = build(plain);
    const hash = weightHash(model);
    await expect(train(model, plain, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: 'AbortError' });
    expect(weightHash(model)).toBe(hash);
    await expect(train(model, plain, { signal: any(new AbortController()) })).rejects.toThrow(/controller.signal/);
    await expect(train(model, plain, { control: any({}) })).rejects.toThrow(/trainingControl/);
  });

  test('in validation and while metrics are computed', async () => {
    const model = build(plain);
    const whole = build(plain);
    await train(whole, plain);
    const controller = new AbortController();
    const stop: Callback = { onTestBatchBegin: () => controller.abort() };
    await expect(train(model, plain, { callbacks: [stop], signal: controller.signal })).rejects.toThrow(/abort/);
    expect(model.run).toMatchObject({ epoch: 0, batch: BATCHES });
    await train(model, plain, { resume: true });
    expect(weightHash(model)).toBe(weightHash(whole));
  });

  test('an error amid a long step says so in run', async () => {
    const model = wide();
    let seen: unknown;
    let training = true;
    const done = model.fit(data, y, { epochs: 20, batchSize: rows }).finally(() => {
      training = false;
    });
    while (training && !seen) {
      await new Promise((resolve) => setImmediate(resolve));
      try {
        model.run;
      } catch (error) {
        seen = error;
      }
    }
    await done;
    expect(seen).toMatchObject({ name: 'StateError' });
  });
});

describe('pause', () => {
  test('stands still between batches, goes on, and ends in the same bits', async () => {
    const whole = build(plain);
    const expected = await train(whole, plain);
    const model = build(plain);
    const control = trainingControl();
    let batches = 0;
    const done = train(model, plain, { control, callbacks: [{ onBatchEnd: () => void batches++ }] });
    await control.pause();
    expect(model.run).toBeDefined();
    const at = batches;
    const hash = weightHash(model);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect([batches, control.paused, weightHash(model)]).toEqual([at, true, hash]);
    expect(model.run!.epoch).toBeGreaterThanOrEqual(0);
    control.resume();
    expect((await done).history).toEqual(expected.history);
    expect(weightHash(model)).toBe(weightHash(whole));
    await control.pause();
  });

  test('a run may begin paused, and be aborted while it is', async () => {
    const control = trainingControl();
    const controller = new AbortController();
    await control.pause();
    const model = build(plain);
    const done = train(model, plain, { control, signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(done).rejects.toMatchObject({ name: 'AbortError' });
    control.resume();
    await train(model, plain, { control, resume: true });
    expect(model.epochs).toBe(3);
  });
});

test('the TypeScript backend gives up long steps, too', async () => {
  const model = sequential({ layers: [dense({ units: 300, inputShape: 300 })], backend: typescript() });
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  const rows = matrix(new Float32Array(300 * 300).fill(0.1), 300, 300);
  const before = weightHash(model);
  const controller = new AbortController();
  const done = model.fit(rows, rows, { batchSize: 300, lint: false, signal: controller.signal });
  setImmediate(() => controller.abort());
  await expect(done).rejects.toThrow(/abort/);
  expect(weightHash(model)).toBe(before);
});

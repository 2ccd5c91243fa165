import { describe, expect, test, vi } from 'vitest';
import { auto } from '../../src/backends/detect.js';
import { typescript } from '../../src/backends/typescript.js';
import { stepInParts } from '../../src/engine/step-in-parts.js';
import { takeStep } from '../../src/engine/steps.js';
import { BackendError, NonFiniteError } from '../../src/errors.js';
import { activationTable } from '../../src/kernels/tables.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { matrix, toMatrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { type DenseOptions, dense, dropout, type LayerSpec } from '../../src/nn/layers/index.js';
import { place } from '../../src/nn/parameters.js';
import { evaluate } from '../../src/passes/evaluation.js';
import { shuffled } from '../../src/rows/shuffle.js';
import { factories, wasmFactory } from '../support/buffers.js';
import { definitionOf, lossNames } from '../support/nn/losses.js';
import { build, clouds, makeEngine, targetsOf, trainingCases, weightHash } from '../support/nn/models.js';

const { x, labels } = clouds(150, 7, 3);

describe.each(trainingCases)('$name', (item) => {
  const y = targetsOf(item, labels);

  test('ten epochs end in the same bits on both backends', async () => {
    const hashes = new Set<string>();
    const losses = new Set<string>();
    for (const factory of Object.values(factories)) {
      const model = build(item, factory);
      const { history } = await model.fit(x, y, { epochs: 10, batchSize: 32, validationSplit: 0.1 });
      hashes.add(weightHash(model));
      losses.add(JSON.stringify(history));
      expect(history.loss!.at(-1)!).toBeLessThan(history.loss![0]!);
    }
    expect(hashes.size).toBe(1);
    expect(losses.size).toBe(1);
  });

  test('the seed decides everything', async () => {
    const hash = async (seed: number) => {
      const model = build(item, wasmFactory, seed);
      await model.fit(x, y, { epochs: 2 });
      return weightHash(model);
    };
    expect(await hash(1)).toBe(await hash(1));
    expect(await hash(1)).not.toBe(await hash(2));
  });

  test.each(Object.entries(factories))('%s predicts a batch and its rows alike', async (_, factory) => {
    const model = build(item, factory);
    await model.fit(x, y, { epochs: 1 });
    const rows = 300;
    const data = Float32Array.from({ length: rows * 7 }, (_, i) => Math.fround(Math.sin(i)));
    const together = model.predict(matrix(data, rows, 7));
    expect([together.rows, together.columns]).toEqual([rows, 3]);
    for (const r of [0, 1, 7, 255, 256, 299]) {
      const alone = model.predict(matrix(data.slice(r * 7, r * 7 + 7), 1, 7));
      expect([...alone.data]).toEqual([...together.data.slice(r * 3, r * 3 + 3)]);
    }
  });

  test('weights go out and come back to the bit, whatever the backend', async () => {
    const trained = build(item, factories.wasm);
    await trained.fit(x, y, { epochs: 1 });
    const other = sequential({ ...trained.spec, seed: 99, backend: factories.typescript });
    expect(weightHash(other)).not.toBe(weightHash(trained));
    other.setWeights(trained.getWeights());
    expect(weightHash(other)).toBe(weightHash(trained));
    expect(other.predict(x).data).toEqual(trained.predict(x).data);
  });

  test.each(Object.entries(factories))('%s keeps the padding of the parameters zero', (_, factory) => {
    const engine = makeEngine(item, factory);
    const program = engine.program('train', 20);
    const targets = toMatrix(y, 'y');
    for (let step = 0; step < 5; step++) {
      engine.stage(program.inputs[0]!, x, step * 20);
      engine.stage(program.targets[0]!, targets, step * 20);
      takeStep(engine, program);
    }
    const live = new Set<number>();
    for (const parameter of engine.network.parameters) {
      for (let r = 0; r < parameter.rows; r++) {
        for (let c = 0; c < parameter.columns; c++) live.add(parameter.value.offset + place(parameter, r, c));
      }
    }
    const { offset, size } = engine.flatParameters;
    for (let i = offset; i < offset + size; i++) if (!live.has(i)) expect(engine.heap[i]).toBe(0);
    expect(live.size).toBeLessThan(size);
  });
});

describe('every loss', () => {
  test.each(lossNames)('%s trains to the same bits on both backends, with weights and without', async (loss) => {
    const { fuses, targets: kind } = definitionOf(loss);
    const one = kind === 'numbers' || kind === 'yesNo';
    const last = fuses ?? (loss === 'klDivergence' ? 'softmax' : loss === 'poisson' ? 'exponential' : 'linear');
    const plain = one ? labels.map((label) => (kind === 'yesNo' ? Number(label === 1) : label)) : labels;
    const y = one || kind === 'label' ? plain : labels.map((label) => [0, 1, 2].map((c) => Number(c === label)));
    const sampleWeight = labels.map((_, r) => (r % 3) + 0.5);
    const hashes = new Set<string>();
    const layers = [
      dense({ units: 8, inputShape: 7, activation: 'tanh' }),
      dense({ units: one ? 1 : 3, activation: last }),
    ];
    for (const backend of Object.values(factories)) {
      const model = sequential({ layers, seed: 4, backend });
      model.compile({ optimizer: adam({ learningRate: 0.01 }), loss });
      const before = model.evaluate(x, y).loss!;
      const { history } = await model.fit(x, y, { epochs: 6, batchSize: 31 });
      await model.fit(x, y, { epochs: 2, sampleWeight });
      if (loss !== 'cosineSimilarity') expect(model.evaluate(x, y).loss!).toBeLessThan(before);
      hashes.add(`${weightHash(model)} ${JSON.stringify(history)}`);
    }
    expect(hashes.size).toBe(1);
  });
});
const nameOf = (activation: DenseOptions['activation']) =>
  typeof activation === 'object' ? activation.name : activation;

test('every activation trains in some case', () => {
  const used = new Set(
    trainingCases.flatMap(({ layers }) =>
      layers.map((l) => nameOf((l as LayerSpec & Partial<DenseOptions>).activation)),
    ),
  );
  for (const name of Object.keys(activationTable)) if (name !== 'linear') expect(used).toContain(name);
});

describe('fit', () => {
  const [item] = trainingCases as [(typeof trainingCases)[number]];

  test('trainOnBatch repeats what fit does', async () => {
    const [a, b] = [build(item, wasmFactory), build(item, wasmFactory)];
    const logs: number[] = [];
    await a.fit(x, labels, {
      batchSize: 50,
      shuffle: false,
      callbacks: [{ onBatchEnd: (_, { loss }) => void logs.push(loss!) }],
    });
    const losses = [0, 50, 100].map((start) => {
      const rows = matrix(x.data.slice(start * 7, (start + 50) * 7), 50, 7);
      return b.trainOnBatch(rows, labels.slice(start, start + 50)).loss;
    });
    expect(losses).toEqual(logs);
    expect(weightHash(a)).toBe(weightHash(b));
  });

  test('inputs are never changed', async () => {
    const model = build(item, wasmFactory);
    const [inputs, targets] = [x.data.slice(), labels.slice()];
    await model.fit(x, labels, { epochs: 2, validationData: [x, labels] });
    model.evaluate(x, labels);
    expect(x.data).toEqual(inputs);
    expect(labels).toEqual(targets);
  });

  test('callbacks come in order, may wait, and may stop training', async () => {
    const model = build(item, wasmFactory);
    const events: string[] = [];
    const { epoch, history } = await model.fit(x, labels, {
      epochs: 5,
      batchSize: 75,
      validationData: [x, labels],
      callbacks: [
        {
          onTrainBegin: () => void events.push('train'),
          onEpochBegin: (epoch) => void events.push(`epoch ${epoch}`),
          onBatchEnd: async (batch) => {
            await new Promise((resolve) => setTimeout(resolve, 1));
            events.push(`batch ${batch}`);
          },
          onEpochEnd(epoch, logs, m) {
            events.push(`end ${epoch}: ${Object.keys(logs).join(' ')}`);
            if (epoch === 1) m.stopTraining = true;
          },
          onTrainEnd: () => void events.push('done'),
        },
      ],
    });
    const logs = 'loss accuracy penalty gradientNorm learningRate valLoss valAccuracy valPenalty';
    expect(events).toEqual([
      'train',
      ...[0, 1].flatMap((e) => [`epoch ${e}`, 'batch 0', 'batch 1', `end ${e}: ${logs}`]),
      'done',
    ]);
    expect(epoch).toEqual([0, 1]);
    expect(history.valLoss!.length).toBe(2);
    await model.fit(x, labels);
    expect(model.epochs).toBe(3);
  });

  test('evaluate between the calls of a step leaves its report alone', async () => {
    const outcomes = await Promise.all(
      [false, true].map((disturb) => {
        const engine = makeEngine(item, wasmFactory);
        const targets = toMatrix(labels, 'y');
        const program = engine.program('train', 32);
        engine.stageBatch(program, [x], [targets], 0);
        return stepInParts(engine, program, () => {
          if (disturb) evaluate(engine, { x: [x], y: [targets], rows: x.rows, weighted: false });
          return undefined;
        });
      }),
    );
    expect(outcomes[1]).toEqual(outcomes[0]);
  });

  test('evaluate during validation does not disturb it', async () => {
    const [quiet, disturbed] = [build(item, wasmFactory), build(item, wasmFactory)];
    const many = clouds(3000, 7, 3);
    const options = { epochs: 3, validationData: [many.x, many.labels] } as const;
    const expected = await quiet.fit(x, labels, options);
    let fitting = true;
    const interfere = () => {
      disturbed.evaluate(x, labels);
      disturbed.predict(x);
      if (fitting) setImmediate(interfere);
    };
    setImmediate(interfere);
    const got = await disturbed.fit(x, labels, options);
    fitting = false;
    expect(got.history).toEqual(expected.history);
  });

  test('weights go through JSON', () => {
    const model = build(item, wasmFactory);
    const other = build(item, wasmFactory, 99);
    other.setWeights(JSON.parse(JSON.stringify(model.getWeights())));
    expect(weightHash(other)).toBe(weightHash(model));
  });

  test('the penalty is a part of the loss and shown apart', () => {
    const model = build(item, wasmFactory);
    const { loss, penalty } = model.evaluate(x, labels);
    const kernel = model.getWeights()['layers.0.kernel']!;
    expect(penalty! / (1e-3 * kernel.data.reduce((sum, w) => sum + w * w, 0))).toBeCloseTo(1, 5);
    const [first, ...rest] = model.spec.layers as [LayerSpec & DenseOptions, ...LayerSpec[]];
    const { kernelRegularizer: _, ...bare } = first;
    const plain = build({ ...item, layers: [bare, ...rest] }, wasmFactory);
    expect(plain.evaluate(x, labels).loss! + penalty!).toBeCloseTo(loss!, 5);
  });

  test('the event loop gets its turn within a long step', async () => {
    const wide = sequential({
      layers: [
        dense({ units: 1024, inputShape: 512, activation: 'relu' }),
        dense({ units: 1024, activation: 'relu' }),
        dense({ units: 10, activation: 'softmax' }),
      ],
      backend: wasmFactory,
    });
    wide.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    const rows = 512;
    const data = matrix(
      Float32Array.from({ length: rows * 512 }, (_, i) => Math.sin(i)),
      rows,
      512,
    );
    const y = Float32Array.from({ length: rows }, (_, i) => i % 10);
    const before = wide.predict(data);
    let turns = 0;
    let training = true;
    const count = () => {
      turns++;
      if (training) setImmediate(count);
    };
    setImmediate(count);
    const done = wide.fit(data, y, { batchSize: rows, lint: false });
    await new Promise((resolve) => setImmediate(resolve));
    expect(() => wide.trainOnBatch(data, y)).toThrow(/under way/);
    expect(wide.predict(data)).toEqual(before);
    await expect(wide.fit(data, y)).rejects.toThrow(/still running/);
    await done;
    training = false;
    expect(turns).toBeGreaterThan(4);

    const whole = sequential({ ...wide.spec, backend: wasmFactory });
    whole.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
    await whole.fit(data, y, { batchSize: rows });
    expect(weightHash(whole)).toBe(weightHash(wide));
  });

  test('a permutation per epoch', async () => {
    const orders = await Promise.all([0, 1, 2].map((epoch) => shuffled(1000, 7, epoch)));
    for (const order of orders) expect([...order].sort((a, b) => a - b)).toEqual([...order.keys()]);
    expect(orders[0]).not.toEqual(orders[1]);
    expect(await shuffled(1000, 7, 1)).toEqual(orders[1]);
  });

  test('dropout differs from step to step and not from run to run', () => {
    const model = sequential({
      layers: [dropout({ rate: 0.5, inputShape: 64 }), dense({ units: 1 })],
      backend: wasmFactory,
    });
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const ones = matrix(new Float32Array(64).fill(1), 1, 64);
    const seen = () => Array.from(model.gradients(ones, [1]).gradients['layers.1.kernel']!.data, (g) => g === 0);
    const first = seen();
    expect(seen()).toEqual(first);
    expect(first.filter(Boolean).length).toBeGreaterThan(16);
    expect(first.filter(Boolean).length).toBeLessThan(48);
    model.trainOnBatch(ones, [1]);
    expect(seen()).not.toEqual(first);
  });
});

describe('a gradient that is not finite', () => {
  test.each(Object.entries(factories))('%s refuses the step and keeps the weights', async (_, factory) => {
    const model = sequential({
      layers: [dense({ units: 4, inputShape: 2, activation: 'exponential' }), dense({ units: 1 })],
      backend: factory,
    });
    model.compile({ optimizer: 'adam', loss: 'meanSquaredError', globalClipNorm: 1 });
    model.trainOnBatch([[0.5, 0.5]], [1]);
    const before = weightHash(model);
    expect(() => model.trainOnBatch([[1e6, 1e6]], [1])).toThrow(NonFiniteError);
    await expect(model.fit([[1e6, -1e6]], [1])).rejects.toThrow(/epoch 0, batch 0/);
    expect(weightHash(model)).toBe(before);
    model.trainOnBatch([[0.5, 0.5]], [1]);
    expect(weightHash(model)).not.toBe(before);
  });
});

describe('memory', () => {
  test('the heap is what the summary says and stays flat over 10,000 steps', () => {
    const model = build(trainingCases[0]!, wasmFactory);
    const batch = matrix(x.data.slice(0, 32 * 7), 32, 7);
    model.trainOnBatch(batch, labels.slice(0, 32));
    const bytes = model.heapBytes;
    expect(model.summary().heapBytes).toBe(bytes);
    for (let i = 0; i < 10_000; i++) model.trainOnBatch(batch, labels.slice(0, 32));
    expect(model.heapBytes).toBe(bytes);
    model.trainOnBatch(x, labels);
    expect(model.heapBytes).toBe(model.summary().heapBytes);
    expect(String(model.summary())).toContain('layers.1');
  });

  test('growing the heap for a larger batch changes no number', () => {
    const [small, large] = [build(trainingCases[0]!, wasmFactory), build(trainingCases[0]!, wasmFactory)];
    const big = clouds(5000, 7, 3);
    large.gradients(big.x, big.labels);
    const before = small.heapBytes;
    small.trainOnBatch(x, labels);
    large.trainOnBatch(x, labels);
    small.trainOnBatch(big.x, big.labels);
    large.trainOnBatch(big.x, big.labels);
    expect(small.heapBytes).toBeGreaterThan(before);
    expect(weightHash(small)).toBe(weightHash(large));
  });
});

describe('auto', () => {
  test('takes WebAssembly where it runs', async () => {
    expect((await auto()).name).toBe('wasm');
  });

  test('falls back and says why where compiling is refused', async () => {
    vi.resetModules();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
    const refuse = vi
      .spyOn(WebAssembly, 'compile')
      .mockRejectedValue(new WebAssembly.CompileError('refused by policy'));
    try {
      const fresh = await import('../../src/backends/detect.js');
      const backend = await fresh.auto();
      expect(backend.name).toBe('typescript');
      expect(backend.reason).toMatch(/refused by policy/);
      expect(warn).toHaveBeenCalledOnce();
      const { wasm } = await import('../../src/backends/wasm.js');
      await expect(wasm()).rejects.toThrow(/wasm-unsafe-eval/);
      await expect(wasm()).rejects.toHaveProperty('name', BackendError.name);
    } finally {
      refuse.mockRestore();
      warn.mockRestore();
    }
    expect(typescript().name).toBe('typescript');
  });
});

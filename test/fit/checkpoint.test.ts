import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import type { CompileOptions } from '../../src/engine/compile-plan.js';
import { INTERNALS } from '../../src/engine/internals.js';
import { exportState, importState } from '../../src/engine/state.js';
import { inParts } from '../../src/engine/step-in-parts.js';
import { FileFormatError, StateError } from '../../src/errors.js';
import { deserialize, serialize } from '../../src/io/save.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import {
  activation,
  alphaDropout,
  batchNormalization,
  dense,
  dropout,
  embedding,
  gaussianDropout,
  gaussianNoise,
  type LayerSpec,
  layerNormalization,
} from '../../src/nn/layers/index.js';
import { exponentialMovingAverage, stochasticWeightAveraging } from '../../src/nn/optimizers/averaging.js';
import { oneCycle } from '../../src/nn/optimizers/schedules.js';
import { allOptimizers } from '../../src/nn/registry.js';
import { l2 } from '../../src/nn/regularizers.js';
import { shuffled } from '../../src/rows/shuffle.js';
import { any } from '../support/any.js';
import { wasmFactory } from '../support/buffers.js';
import { byEffort, testSome } from '../support/effort.js';
import { clouds, weightHash } from '../support/nn/models.js';

// A run of three epochs, saved after every batch; whatever is loaded goes on to the same bits.

const EPOCHS = 3;
const BATCH = 16;
const { x, labels } = clouds(56, 7, 3);
const batches = Math.ceil(x.rows / BATCH);

const noisy = (): LayerSpec[] => [
  dense({ units: 18, inputShape: 7, activation: 'prelu', kernelRegularizer: l2(1e-3) }),
  batchNormalization(),
  dropout({ rate: 0.3 }),
  dense({ units: 9, activation: 'rrelu', learningRateMultiplier: 0.5 }),
  gaussianNoise({ stddev: 0.1 }),
  layerNormalization(),
  dense({ units: 3, activation: 'softmax' }),
];

interface Case {
  readonly layers?: () => LayerSpec[];
  readonly compile: Partial<CompileOptions>;
  /** Before a batch of the whole run. */
  readonly before?: (model: Model, batch: number) => void;
  readonly ids?: true;
}

const variants: Readonly<Record<string, Case>> = {
  ...Object.fromEntries(
    Object.entries(allOptimizers)
      .filter(([name]) => name !== 'lbfgs')
      .map(([name, make]) => [name, { compile: { optimizer: any(make)() } }]),
  ),
  'sgd without momentum, decayed': { compile: { optimizer: allOptimizers.sgd({ weightDecay: 0.1 }) } },
  amsgrad: { compile: { optimizer: allOptimizers.adam({ amsgrad: true }), globalClipNorm: 0.5 } },
  'rmsprop, centered, with momentum': {
    compile: { optimizer: allOptimizers.rmsprop({ momentum: 0.9, centered: true }), clipNorm: 0.1 },
  },
  'adagrad from 0.1': {
    compile: { optimizer: allOptimizers.adagrad({ initialAccumulatorValue: 0.1 }), clipValue: 0.1 },
  },
  'a schedule': {
    compile: {
      optimizer: allOptimizers.adam({
        learningRate: oneCycle({ maxLearningRate: 0.1, totalSteps: 12 }),
      }),
    },
  },
  'rates set by hand': {
    compile: { optimizer: 'adam' },
    before(model, batch) {
      if (batch % 4 === 0) model.learningRate = 0.1 / (batch + 1);
    },
  },
  'accumulated gradients': { compile: { optimizer: 'adam', gradientAccumulationSteps: 3, globalClipNorm: 1 } },
  'a moving average that takes over': {
    compile: {
      optimizer: 'adamw',
      averaging: exponentialMovingAverage({ momentum: 0.5, overwriteFrequency: 5 }),
    },
  },
  'a mean of weights': {
    compile: { optimizer: 'sgd', averaging: stochasticWeightAveraging({ start: 3, every: 2 }) },
  },
  'every kind of noise': {
    layers: () => [
      dense({ units: 12, inputShape: 7, activation: 'selu' }),
      alphaDropout({ rate: 0.2 }),
      dense({ units: 8 }),
      activation({ activation: 'rrelu' }),
      gaussianDropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { optimizer: allOptimizers.nadam() },
  },
  'a table': {
    layers: () => [
      embedding({ inputDim: 5, outputDim: 6, inputShape: 2 }),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax', learningRateMultiplier: 2 }),
    ],
    compile: { optimizer: 'adam' },
    ids: true,
  },
  'a table updated as a whole': {
    layers: () => [
      embedding({ inputDim: 5, outputDim: 3, inputShape: 2, sparse: false }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    compile: { optimizer: 'adam', gradientAccumulationSteps: 2, averaging: exponentialMovingAverage() },
    ids: true,
  },
  lbfgs: {
    layers: () => [dense({ units: 5, inputShape: 7, activation: 'tanh' }), dense({ units: 3, activation: 'softmax' })],
    compile: { optimizer: allOptimizers.lbfgs({ maxIterations: 3, historySize: 4 }) },
  },
};

const ids = matrix(
  Float32Array.from({ length: 2 * x.rows }, (_, i) => (i * 7 + (i >> 3)) % 5),
  x.rows,
  2,
);

function make({ layers = noisy, compile }: Case, backend: BackendFactory): Model {
  const model = sequential({ layers: layers(), seed: 11, backend });
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'], ...compile });
  return model;
}

let orders: Uint32Array[];
beforeAll(async () => {
  orders = await Promise.all(Array.from({ length: EPOCHS }, (_, epoch) => shuffled(x.rows, 11, epoch)));
});

/** Takes batches `from` to `to` of the whole run. */
function take(model: Model, c: Case, from: number, to = EPOCHS * batches, after?: (batch: number) => void): void {
  const data = c.ids ? ids : x;
  for (let batch = from; batch < to; batch++) {
    const order = orders[Math.floor(batch / batches)]!;
    const start = (batch % batches) * BATCH;
    const rows = [...order.subarray(start, start + BATCH)];
    c.before?.(model, batch);
    model.trainOnBatch(
      rows.map((row) => [...data.data.subarray(row * data.columns, (row + 1) * data.columns)]),
      rows.map((row) => labels[row]!),
    );
    after?.(batch + 1);
  }
}

const finish = (model: Model) => {
  const averages = model[INTERNALS].engine.training.averaging ? Object.values(model.averagedWeights()) : [];
  const logs = model.evaluate(model[INTERNALS].engine.network.inputs[0]!.width === 2 ? ids : x, labels);
  return { hash: weightHash(model), averages: averages.map(({ data }) => [...data]), logs, state: serialize(model) };
};

/** Resumes from one in `every` checkpoints; one follows every batch, and one every epoch. */
async function resumeEverywhere(
  c: Case,
  first: BackendFactory,
  second: BackendFactory,
  every = byEffort(3, 1),
): Promise<void> {
  const data = c.ids ? ids : x;
  const options = (model: Model, saved?: Uint8Array[]) => ({
    epochs: EPOCHS,
    ...(model[INTERNALS].engine.training.optimizer.solver ? {} : { batchSize: BATCH }),
    callbacks: [
      {
        onBatchBegin: (batch: number, m: Model) => c.before?.(m, m.epochs * batches + batch),
        onCheckpoint: (m: Model) => void saved?.push(serialize(m)),
      },
    ],
  });
  const whole = make(c, first);
  const saved = [serialize(whole)];
  const { history } = await whole.fit(data, labels, options(whole, saved));
  const perEpoch = whole[INTERNALS].engine.training.optimizer.solver ? 1 : batches;
  expect(saved).toHaveLength(EPOCHS * (perEpoch + 1) + 1);
  const end = finish(whole);
  for (const [i, bytes] of saved.entries()) {
    if (i % every > 0) continue;
    const model = deserialize(bytes, { backend: second });
    const resume = model.run !== undefined;
    // Before the first batch there is nothing to resume, and after the last epoch neither.
    if (model.epochs < EPOCHS || resume) {
      const resumed = await model.fit(data, labels, { ...options(model), resume });
      expect(resumed.history, `stopped at checkpoint ${i}`).toEqual(history);
    }
    expect(finish(model), `stopped at checkpoint ${i}`).toEqual(end);
    model.dispose();
  }
}

describe('a run that stops at any batch ends as the one that does not', () => {
  testSome(Object.keys(variants))('%s', async (name) => {
    await resumeEverywhere(variants[name]!, typescript(), wasmFactory);
    await resumeEverywhere(variants[name]!, wasmFactory, typescript());
  });

  test('from one thread to several and back', async () => {
    const threaded = await wasm({ threads: 2, threadUrl: new URL('../../build/thread.js', import.meta.url) });
    try {
      const wide: Case = {
        layers: () => [
          dense({ units: 200, inputShape: 7, activation: 'relu' }),
          batchNormalization(),
          dropout({ rate: 0.2 }),
          dense({ units: 130, activation: 'tanh' }),
          dense({ units: 3, activation: 'softmax' }),
        ],
        compile: { optimizer: 'adam', globalClipNorm: 1 },
      };
      await resumeEverywhere(wide, threaded, wasmFactory, byEffort(9, 1));
      // Threads share the machine with other tests.
      await resumeEverywhere(wide, wasmFactory, threaded, byEffort(13, 7));
    } finally {
      threaded.dispose?.();
    }
  });

  test('in another process', () => {
    const folder = mkdtempSync(join(tmpdir(), 'myelin-resume-'));
    try {
      const c = variants.adam!;
      const model = make(c, wasmFactory);
      take(model, c, 0, 5);
      const path = join(folder, 'model.safetensors');
      writeFileSync(path, serialize(model));
      const rest = Array.from({ length: EPOCHS * batches - 5 }, (_, i) => {
        const batch = i + 5;
        const start = (batch % batches) * BATCH;
        return [...orders[Math.floor(batch / batches)]!.subarray(start, start + BATCH)];
      });
      const script = `
        import { load, save, wasm } from ${JSON.stringify(new URL('../../build/index.js', import.meta.url).href)};
        const model = await load(${JSON.stringify(path)}, { backend: await wasm() });
        const { x, labels, rest } = ${JSON.stringify({ x: [...x.data], labels, rest })};
        for (const rows of rest) model.trainOnBatch(rows.map((r) => x.slice(7 * r, 7 * r + 7)), rows.map((r) => labels[r]));
        await save(model, ${JSON.stringify(path)});
      `;
      const file = join(folder, 'go-on.mjs');
      writeFileSync(file, script);
      const { stderr, status } = spawnSync(process.execPath, [file], { encoding: 'utf8' });
      expect([stderr, status]).toEqual(['', 0]);
      take(model, c, 5);
      expect(serialize(model)).toEqual(new Uint8Array(readFileSync(path)));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('state by itself', () => {
  const c = variants['accumulated gradients']!;

  test('goes from engine to engine, and back to the start', () => {
    const model = make(c, wasmFactory);
    const { engine } = model[INTERNALS];
    const start = { weights: model.getWeights(), state: exportState(engine) };
    expect(Object.keys(start.state.tensors)).toEqual([]);
    take(model, c, 0, 4);
    const middle = { weights: model.getWeights(), state: exportState(engine) };
    expect(Object.keys(middle.state.tensors)).toContain('accumulated.layers.0.kernel');
    take(model, c, 4);
    const end = weightHash(model);
    for (const [{ weights, state }, from] of [
      [middle, 4],
      [start, 0],
    ] as const) {
      model.setWeights(weights);
      importState(engine, state);
      take(model, c, from);
      expect(weightHash(model)).toBe(end);
    }
  });

  test('what does not fit changes nothing', async () => {
    const model = make(c, wasmFactory);
    const { engine } = model[INTERNALS];
    take(model, c, 0, 4);
    const state = exportState(engine);
    const { 'optimizer.m.layers.0.kernel': kernel, ...others } = state.tensors;
    const wrong: [unknown, RegExp][] = [
      [{ ...state, tensors: others }, /m\.layers\.0\.kernel: missing/],
      [{ ...state, tensors: { ...state.tensors, extra: kernel } }, /extra/],
      [
        { ...state, tensors: { ...others, 'optimizer.m.layers.0.kernel': { ...kernel, rows: 18, columns: 7 } } },
        /18 x 7/,
      ],
      [
        {
          ...state,
          tensors: { ...others, 'optimizer.m.layers.0.kernel': { ...kernel, data: kernel!.data.map(() => NaN) } },
        },
        /NaN/,
      ],
      [{ ...state, scalars: { ...state.scalars, taken: -1 } }, /taken/],
      [{ ...state, scalars: { ...state.scalars, accumulated: 3 } }, /accumulated/],
      [{ ...state, scalars: { ...state.scalars, learningRate: 'x' } }, /learningRate/],
      [{ ...state, scalars: { ...state.scalars, optimizer: 'sgd' } }, /optimizer/],
    ];
    const before = serialize(model);
    for (const [given, message] of wrong) {
      expect(() => importState(engine, any(given))).toThrow(FileFormatError);
      expect(() => importState(engine, any(given))).toThrow(message);
      expect(serialize(model)).toEqual(before);
    }
    await inParts(engine, async () => {
      expect(() => exportState(engine)).toThrow(StateError);
      expect(() => importState(engine, state)).toThrow(StateError);
    });
  });
});

import * as myelin from '../../src/index.js';
import { allOptimizers } from '../../src/nn/registry.js';
import { any } from '../support/any.js';
import type { Random } from '../support/buffers.js';

// Random models, losses, optimizers, data and options of `fit`, for fuzz-models.ts.

/** All that one run is made of. What is made anew for each model is a function. */
export interface Draw {
  /** Says how to make it again, in a message. */
  readonly told: unknown;
  build(backend: myelin.BackendFactory): myelin.Model;
  readonly x: myelin.Matrix;
  readonly y: myelin.Matrix;
  readonly fit: myelin.FitOptions;
  callbacks(): myelin.Callback[];
}

export function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)]!;
}

const chance = (random: Random, of: number) => random.integer(of) === 0;

const ACTIVATIONS = [
  'linear',
  'step',
  'sigmoid',
  'hardSigmoid',
  'tanh',
  'relu',
  'relu6',
  'leakyRelu',
  'prelu',
  'rrelu',
  'elu',
  'selu',
  'celu',
  'gelu',
  'silu',
  'mish',
  'softplus',
  'softsign',
  'exponential',
  'softmax',
  'logSoftmax',
] as const;

const INITIALIZERS = [
  'glorotNormal',
  'heUniform',
  'lecunNormal',
  'randomNormal',
  'fanInUniform',
  'zeros',
  'ones',
] as const;

type Kind = 'values' | 'shares' | 'signs' | 'bits' | 'labels' | 'oneHot' | 'counts';

/** By loss: activations of the output it is drawn with, and what its targets are. */
const LOSSES: readonly [myelin.LossName, readonly (typeof ACTIVATIONS)[number][], Kind][] = [
  ['meanSquaredError', ['linear', 'tanh', 'sigmoid'], 'values'],
  ['meanAbsoluteError', ['linear', 'relu'], 'values'],
  ['meanAbsolutePercentageError', ['linear', 'softplus'], 'counts'],
  ['meanSquaredLogarithmicError', ['softplus', 'relu'], 'counts'],
  ['huber', ['linear', 'elu'], 'values'],
  ['logCosh', ['linear', 'softsign'], 'values'],
  ['quantile', ['linear'], 'values'],
  ['tukeyBiweight', ['linear'], 'values'],
  ['poisson', ['softplus', 'exponential'], 'counts'],
  ['klDivergence', ['softmax', 'sigmoid'], 'shares'],
  ['cosineSimilarity', ['linear', 'tanh'], 'values'],
  ['hinge', ['linear', 'tanh'], 'signs'],
  ['squaredHinge', ['linear', 'tanh'], 'signs'],
  ['categoricalHinge', ['linear', 'softmax'], 'oneHot'],
  ['binaryCrossentropy', ['sigmoid'], 'bits'],
  ['binaryFocalCrossentropy', ['sigmoid'], 'bits'],
  ['categoricalCrossentropy', ['softmax'], 'oneHot'],
  ['categoricalFocalCrossentropy', ['softmax'], 'oneHot'],
  ['sparseCategoricalCrossentropy', ['softmax'], 'labels'],
];

function targets(random: Random, kind: Kind, rows: number, columns: number): myelin.Matrix {
  if (kind === 'labels')
    return myelin.matrix(
      Array.from({ length: rows }, () => random.integer(columns)),
      rows,
      1,
    );
  if (kind === 'oneHot' || kind === 'shares') {
    const labels = Array.from({ length: rows }, () => random.integer(columns));
    const data = Array.from({ length: rows * columns }, (_, i) =>
      Number(labels[Math.floor(i / columns)] === i % columns),
    );
    return myelin.matrix(data, rows, columns);
  }
  const draws: Record<Exclude<Kind, 'labels' | 'oneHot' | 'shares'>, () => number> = {
    values: () => 4 * random.uniform() - 2,
    signs: () => (chance(random, 2) ? 1 : -1),
    bits: () => random.integer(2),
    counts: () => random.integer(6) + 0.5,
  };
  return myelin.matrix(Array.from({ length: rows * columns }, draws[kind]), rows, columns);
}

function layersBetween(random: Random): (() => myelin.LayerSpec)[] {
  const rate = random.uniform() * 0.6;
  const momentum = pick(random, [0.5, 0.9, 0.99]);
  const all = [
    () => myelin.batchNormalization({ momentum }),
    () => myelin.layerNormalization(),
    () => myelin.dropout({ rate }),
    () => myelin.alphaDropout({ rate }),
    () => myelin.gaussianDropout({ rate }),
    () => myelin.gaussianNoise({ stddev: rate }),
  ];
  return all.filter(() => chance(random, 5));
}

function schedule(random: Random): number | myelin.Schedule {
  const rate = 10 ** (-1 - 3 * random.uniform());
  return pick<() => number | myelin.Schedule>(random, [
    () => rate,
    () => rate,
    () => myelin.cosine({ initialLearningRate: rate, decaySteps: 1 + random.integer(20) }),
    () => myelin.exponentialDecay({ initialLearningRate: rate, decaySteps: 1 + random.integer(5), decayRate: 0.7 }),
    () => myelin.polynomial({ initialLearningRate: rate, decaySteps: 7, power: 2 }),
    () =>
      myelin.warmup({
        warmupSteps: 1 + random.integer(4),
        schedule: myelin.inverseTimeDecay({ initialLearningRate: rate, decaySteps: 3, decayRate: 0.5 }),
      }),
  ])();
}

function optimizerOf(random: Random): [string, object] {
  const names = Object.keys(allOptimizers).filter((name) => name !== 'lbfgs' || chance(random, 2));
  const name = pick(random, names);
  const options: Record<string, unknown> = {};
  if (name === 'lbfgs') return [name, { maxIterations: 1 + random.integer(3) }];
  if (!chance(random, 3)) options.learningRate = schedule(random);
  if (chance(random, 4)) options.weightDecay = random.uniform() * 0.1;
  if ((name === 'sgd' || name === 'rmsprop') && chance(random, 2)) options.momentum = 0.9;
  if (name === 'sgd' && options.momentum && chance(random, 2)) options.nesterov = true;
  if (name === 'adam' && chance(random, 3)) options.amsgrad = true;
  return [name, options];
}

function compileExtras(random: Random, full: boolean): Partial<myelin.CompileOptions> {
  const clips = [{}, {}, { clipValue: 0.1 }, { clipNorm: 0.5 }, { globalClipNorm: 1 }];
  return {
    ...(full ? {} : pick(random, clips)),
    ...(chance(random, 4) && !full ? { gradientAccumulationSteps: 2 + random.integer(2) } : {}),
    ...(chance(random, 5) && !full
      ? {
          averaging: pick(random, [
            myelin.exponentialMovingAverage({ momentum: 0.8, overwriteFrequency: random.integer(3) }),
            myelin.stochasticWeightAveraging(),
          ]),
        }
      : {}),
    ...(chance(random, 6) && !full ? { trackGradientNorm: true } : {}),
    ...(chance(random, 8) ? { onNonFinite: 'skip' as const } : {}),
  };
}

function callbacksOf(random: Random): (() => myelin.Callback)[] {
  const monitor = pick(random, ['loss', 'valLoss']);
  const patience = random.integer(2);
  const all: (() => myelin.Callback)[] = [
    () => myelin.earlyStopping({ monitor, patience: patience + 1, restoreBestWeights: patience === 0 }),
    () => myelin.reduceLROnPlateau({ monitor, patience: patience + 1, factor: 0.5 }),
    () => myelin.learningRateScheduler((epoch, rate) => (epoch % 2 === 1 ? rate * 0.5 : rate)),
    () => myelin.terminateOnNaN(),
  ];
  return all.filter(() => chance(random, 4));
}

const MERGES = ['add', 'subtract', 'multiply', 'average', 'maximum', 'concatenate'] as const;

/** The layers in a row, but for the first, which has a twin that it is merged with. */
function branched(
  [first, ...rest]: readonly myelin.LayerSpec[],
  merge: (typeof MERGES)[number],
  inputs: number,
  seed: number,
  backend: myelin.BackendFactory,
): myelin.Model {
  const x = myelin.input({ shape: inputs });
  const { inputShape: _, ...plain } = any(first) as { inputShape?: unknown };
  const twins = [plain, plain].map((options) => myelin.dense(any(options)).apply(x));
  let last = any(myelin)[merge]().apply(twins) as myelin.SymbolicTensor;
  for (const layer of rest) last = layer.apply(last);
  return myelin.model({ inputs: x, outputs: last, seed, backend });
}

export function draw(random: Random): Draw {
  // Some large enough for threads and for the kernels' tiles.
  const large = chance(random, 24);
  const inputs = large ? 16 + random.integer(50) : 1 + random.integer(9);
  const rows = large ? 64 + random.integer(64) : 8 + random.integer(34);
  const [loss, outputs, kind] = pick(random, LOSSES);
  const single = kind === 'bits' || kind === 'signs' || kind === 'values' || kind === 'counts';
  const columns = single ? 1 + random.integer(3) : 2 + random.integer(4);
  const hidden = Array.from({ length: random.integer(4) }, () => {
    const activation = pick(random, ACTIVATIONS);
    return {
      units: large ? 32 + random.integer(100) : 1 + random.integer(17),
      activation,
      useBias: !chance(random, 5),
      ...(chance(random, 3) ? { kernelInitializer: pick(random, INITIALIZERS) } : {}),
      ...(chance(random, 6) ? { kernelRegularizer: myelin.l1l2({ l1: 0.01, l2: 0.02 }) } : {}),
      ...(chance(random, 8) ? { activityRegularizer: myelin.l2(0.01) } : {}),
      ...(chance(random, 8)
        ? { kernelConstraint: pick(random, [myelin.maxNorm({ maxValue: 0.7 }), myelin.unitNorm(), myelin.nonNeg()]) }
        : {}),
      ...(chance(random, 10) ? { trainable: false } : {}),
      ...(chance(random, 10) ? { learningRateMultiplier: 0.5 } : {}),
    };
  });
  const between = hidden.map(() => layersBetween(random));
  const layers = () => [
    ...hidden.flatMap((options, i) => [
      myelin.dense({ ...options, ...(i === 0 ? { inputShape: inputs } : {}) } as myelin.DenseOptions),
      ...between[i]!.map((make) => make()),
    ]),
    myelin.dense({
      units: columns,
      activation: output,
      ...(hidden.length === 0 ? { inputShape: inputs } : {}),
    } as myelin.DenseOptions),
  ];
  const merge = hidden.length > 0 && chance(random, 5) ? pick(random, MERGES) : undefined;
  const output = pick(random, outputs);
  const [name, options] = optimizerOf(random);
  const full = name === 'lbfgs';
  const extras = compileExtras(random, full);
  const metrics = kind === 'labels' || kind === 'oneHot' ? ['accuracy' as const] : [];
  const compile = { optimizer: any(myelin)[name](options), loss, metrics, ...extras } as myelin.CompileOptions;
  const seed = random.integer(1000);
  const withCallbacks = callbacksOf(random);
  const split = chance(random, 3) || withCallbacks.length > 0 ? { validationSplit: 0.25 } : {};
  const trained = rows - Math.ceil(split.validationSplit ? rows * 0.25 : 0);
  const fit: myelin.FitOptions = {
    epochs: 1 + random.integer(3),
    ...(full ? {} : { batchSize: large ? 16 + random.integer(100) : 2 + random.integer(trained - 1) }),
    ...split,
    ...(!full && chance(random, 5) ? { shuffle: false } : {}),
    ...(kind === 'labels' && chance(random, 4) ? { classWeight: { 0: 2, 1: 0.5 } } : {}),
    ...(!full && (kind === 'oneHot' || kind === 'values') && chance(random, 6) ? { mixup: 0.3 } : {}),
    ...(chance(random, 6) ? { sampleWeight: Array.from({ length: rows }, () => random.integer(4) / 2) } : {}),
    ...(kind === 'labels' && split.validationSplit && chance(random, 4) ? { stratify: true } : {}),
    lint: false,
  };
  const draws = Array.from({ length: rows * inputs }, () =>
    chance(random, 30) ? random.number() : 2 * random.uniform() - 1,
  );
  const x = myelin.matrix(draws, rows, inputs);
  const y = targets(random, kind, rows, columns);
  return {
    told: {
      inputs,
      rows,
      merge,
      seed,
      hidden,
      output,
      columns,
      compile,
      fit,
      callbacks: withCallbacks.map(String),
      between: between.map((list) => list.map(String)),
    },
    build(backend) {
      const model = merge
        ? branched(layers(), merge, inputs, seed, backend)
        : myelin.sequential({ layers: layers(), seed, backend });
      model.compile(compile);
      return model;
    },
    x,
    y,
    fit,
    callbacks: () => withCallbacks.map((make) => make()),
  };
}

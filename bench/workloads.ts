import {
  activation,
  adam,
  batchNormalization,
  type CompileOptions,
  dense,
  dropout,
  type LayerSpec,
  sgd,
} from '../src/index.js';

export interface Workload {
  readonly name: string;
  readonly layers: readonly LayerSpec[];
  readonly batch: number;
  readonly training: CompileOptions;
  /** Steps after which the loss on a learnable problem must have fallen. */
  readonly checkSteps: number;
  /** Also written as plain loops, for comparison. */
  readonly loops?: boolean;
  /** Large enough to be worth several threads. */
  readonly threads?: boolean;
  readonly quick?: boolean;
}

/** Rows to predict with a workload's net. */
export interface Inference {
  readonly name: string;
  readonly net: Workload;
  readonly rows: number;
  readonly quick?: boolean;
}

/** Dense layers of these widths with relu between them and softmax at the end. */
function relu(inputs: number, ...units: readonly number[]): readonly LayerSpec[] {
  return units.map((width, i) =>
    dense({
      units: width,
      activation: i < units.length - 1 ? 'relu' : 'softmax',
      ...(i === 0 ? { inputShape: inputs } : {}),
    }),
  );
}

const loss = 'sparseCategoricalCrossentropy';

export const W2: Workload = {
  name: 'W2',
  layers: relu(30, 64, 32, 2),
  batch: 32,
  training: { optimizer: adam(), loss },
  checkSteps: 100,
  loops: true,
  quick: true,
};

const W4: Workload = {
  name: 'W4',
  layers: relu(784, 256, 128, 10),
  batch: 64,
  training: { optimizer: adam(), loss },
  checkSteps: 20,
  loops: true,
  threads: true,
};

const normalized = [batchNormalization(), activation({ activation: 'relu' }), dropout({ rate: 0.2 })];

export const workloads: readonly Workload[] = [
  {
    name: 'W1',
    layers: [dense({ units: 8, activation: 'tanh', inputShape: 2 }), dense({ units: 1, activation: 'sigmoid' })],
    batch: 4,
    training: { optimizer: sgd({ learningRate: 0.1 }), loss: 'binaryCrossentropy' },
    checkSteps: 400,
    loops: true,
    quick: true,
  },
  W2,
  {
    name: 'W3',
    layers: relu(784, 128, 10),
    batch: 32,
    training: { optimizer: sgd({ learningRate: 0.01, momentum: 0.9 }), loss },
    checkSteps: 20,
  },
  W4,
  {
    name: 'W5',
    layers: [
      dense({ units: 512, inputShape: 784 }),
      ...normalized,
      dense({ units: 512 }),
      ...normalized,
      dense({ units: 10, activation: 'softmax' }),
    ],
    batch: 128,
    training: { optimizer: adam(), loss, globalClipNorm: 1 },
    checkSteps: 5,
    threads: true,
  },
  {
    name: 'W6',
    layers: relu(1024, 1024, 1024, 1024, 10),
    batch: 256,
    training: { optimizer: adam({ learningRate: 1e-4 }), loss },
    checkSteps: 3,
    threads: true,
  },
];

export const inferences: readonly Inference[] = [
  { name: 'I1, 1 row', net: W4, rows: 1, quick: true },
  { name: 'I1, 256 rows', net: W4, rows: 256 },
];

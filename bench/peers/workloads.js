// The workloads of ../workloads.ts as plain data that goes to processes in any language.

/**
 * @typedef {object} Workload
 * @property {string} name
 * @property {'train' | 'predict'} kind
 * @property {readonly number[]} widths inputs, then the units of each dense layer
 * @property {'relu' | 'tanh'} hidden activation between dense layers
 * @property {'softmax' | 'sigmoid'} output with sparse categorical or binary crossentropy
 * @property {number} batch
 * @property {{ name: 'adam' | 'sgd', learningRate: number, momentum?: number }} optimizer
 * @property {number} [dropout] rate after each hidden layer, which then has batch normalization before its activation
 * @property {number} [clipNorm] of all gradients together
 * @property {number} checkSteps steps after which the loss must have fallen
 * @property {boolean} [quick]
 */

const momentum = { name: 'sgd', learningRate: 0.01, momentum: 0.9 };
const adam = { name: 'adam', learningRate: 1e-3 };
const classifier = { kind: 'train', hidden: 'relu', output: 'softmax', optimizer: adam };
const W4 = { ...classifier, name: 'W4', widths: [784, 256, 128, 10], batch: 64, checkSteps: 20 };
const I1 = { ...W4, kind: 'predict', checkSteps: 0 };

/** @type {readonly Workload[]} */
export const workloads = [
  {
    name: 'W1',
    kind: 'train',
    widths: [2, 8, 1],
    hidden: 'tanh',
    output: 'sigmoid',
    batch: 4,
    optimizer: { name: 'sgd', learningRate: 0.1 },
    checkSteps: 400,
    quick: true,
  },
  { ...classifier, name: 'W2', widths: [30, 64, 32, 2], batch: 32, checkSteps: 100, quick: true },
  { ...classifier, name: 'W3', widths: [784, 128, 10], batch: 32, optimizer: momentum, checkSteps: 20 },
  W4,
  {
    ...classifier,
    name: 'W5',
    widths: [784, 512, 512, 10],
    batch: 128,
    dropout: 0.2,
    clipNorm: 1,
    checkSteps: 5,
  },
  {
    ...classifier,
    name: 'W6',
    widths: [1024, 1024, 1024, 1024, 10],
    batch: 256,
    optimizer: { ...adam, learningRate: 1e-4 },
    checkSteps: 3,
  },
  { ...I1, name: 'I1, 1 row', batch: 1, quick: true },
  { ...I1, name: 'I1, 256 rows', batch: 256 },
];

import brain from 'brain.js';
import { timeSteps, Unsupported } from '../steps.js';

/** Online updates are slow: above this many weights a step of a batch takes seconds. */
const MOST_WEIGHTS = 1e6;

/** @type {import('../steps.js').Prepare} */
export function prepare({ workload, batches, kernels }) {
  const { kind, widths, hidden, batch, optimizer, dropout } = workload;
  if (dropout !== undefined) throw new Unsupported('no batch normalization, dropout or clipping');
  if (kernels.reduce((sum, { length }) => sum + length, 0) > MOST_WEIGHTS) {
    throw new Unsupported('one update per row, of millions of weights: many seconds a step');
  }
  const net = new brain.NeuralNetwork({
    inputSize: widths[0],
    hiddenLayers: widths.slice(1, -1),
    outputSize: widths.at(-1),
    activation: hidden,
    learningRate: optimizer.momentum ? optimizer.learningRate / batch : optimizer.learningRate,
    ...(optimizer.momentum ? { momentum: optimizer.momentum } : {}),
    ...(optimizer.name === 'adam' ? { praxis: 'adam' } : {}),
  });
  net.initialize();
  kernels.forEach((kernel, i) => {
    net.weights[i + 1].forEach((weights, unit) => {
      for (let k = 0; k < weights.length; k++) weights[k] = kernel[k * widths[i + 1] + unit];
    });
    net.biases[i + 1].fill(0);
  });
  const data = batches.map(({ x, y }) =>
    Array.from({ length: batch }, (_, r) => ({
      input: x.slice(r * widths[0], (r + 1) * widths[0]),
      output:
        widths.at(-1) === 1 ? [y[r]] : Float32Array.from({ length: widths.at(-1) }, (_, c) => (c === y[r] ? 1 : 0)),
    })),
  );
  if (kind === 'predict') {
    let outputs;
    return {
      differs: [`${hidden} outputs instead of softmax`, 'one row at a time'],
      steps: (count) =>
        timeSteps(count, () => {
          outputs = data[0].map(({ input }) => net.run(input));
        }),
      loss: () => outputs.flatMap((row) => [...row]).reduce((a, b) => a + b, 0),
    };
  }
  const prepared = data.map((rows) => net.prepTraining(rows).preparedData);
  // Its options refuse a momentum of 0.
  net.trainOpts.momentum = optimizer.momentum ?? 0;
  let loss = Number.NaN;
  return {
    differs: ['one update per row', `${hidden} outputs and mean squared error`],
    steps: (count) =>
      timeSteps(count, (i) => {
        // Trains; the error is what its `train` asks for in every iteration, too.
        loss = net.calculateTrainingError(prepared[i % prepared.length]);
      }),
    loss: () => loss,
    freeze() {
      net.trainOpts.learningRate = 0;
    },
  };
}

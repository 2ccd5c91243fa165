import synaptic from 'synaptic';
import { timeSteps, Unsupported } from '../steps.js';

const { Layer, Network, Neuron } = synaptic;

/** It makes source code of every neuron and connection. */
const MOST_WEIGHTS = 1e4;

/** @type {import('../steps.js').Prepare} */
export function prepare({ workload, batches, kernels }) {
  const { kind, widths, hidden, batch, optimizer } = workload;
  if (kind === 'predict' || kernels.reduce((sum, { length }) => sum + length, 0) > MOST_WEIGHTS) {
    throw new Unsupported('source code of every connection: too large');
  }
  const all = widths.map((width) => new Layer(width));
  all.slice(1).forEach((layer, i) => {
    const last = i === widths.length - 2;
    layer.set({ bias: 0, squash: last ? Neuron.squash.LOGISTIC : Neuron.squash[hidden.toUpperCase()] });
    const { connections } = all[i].project(layer, Layer.connectionType.ALL_TO_ALL);
    for (const connection of Object.values(connections)) {
      const from = all[i].list.indexOf(connection.from);
      connection.weight = kernels[i][from * widths[i + 1] + layer.list.indexOf(connection.to)];
    }
  });
  const net = new Network({ input: all[0], hidden: all.slice(1, -1), output: all.at(-1) });
  const data = batches.map(({ x, y }) =>
    Array.from({ length: batch }, (_, r) => ({
      input: Array.from(x.subarray(r * widths[0], (r + 1) * widths[0])),
      output: widths.at(-1) === 1 ? [y[r]] : Array.from({ length: widths.at(-1) }, (_, c) => (c === y[r] ? 1 : 0)),
    })),
  );
  // Adam's rate would not suit plain gradient descent.
  let rate = optimizer.name === 'adam' ? 0.1 : optimizer.learningRate;
  let loss = Number.NaN;
  return {
    differs: [
      'float64',
      'one update per row',
      ...(widths.at(-1) > 1 ? ['logistic outputs instead of softmax'] : []),
      ...(optimizer.name === 'adam' ? ['plain gradient descent'] : []),
    ],
    steps: (count) =>
      timeSteps(count, (i) => {
        let sum = 0;
        for (const { input, output } of data[i % data.length]) {
          const seen = net.activate(input);
          net.propagate(rate, output);
          for (let k = 0; k < output.length; k++) sum -= Math.log(output[k] === 1 ? seen[k] : 1 - seen[k]);
        }
        loss = sum / batch;
      }),
    loss: () => loss,
    freeze() {
      rate = 0;
    },
  };
}

import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { batchLoss, timeAsyncSteps, timeSteps } from '../steps.js';

// Its CommonJS builds are the ones for Node.
const require = createRequire(import.meta.url);
const tf = require('@tensorflow/tfjs-core');
const layers = require('@tensorflow/tfjs-layers');

async function openBackend(name) {
  if (name === 'wasm') {
    const file = require.resolve('@tensorflow/tfjs-backend-wasm');
    require(file).setWasmPaths(`${dirname(file)}/`);
    tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', false);
  } else {
    require('@tensorflow/tfjs-backend-cpu');
  }
  if (!(await tf.setBackend(name)) || tf.getBackend() !== name) throw new Error(`The backend ${name} does not start.`);
}

function makeModel({ widths, hidden, output, dropout }, kernels) {
  const model = layers.sequential();
  const last = widths.length - 2;
  widths.slice(1).forEach((units, i) => {
    const shape = i === 0 ? { inputShape: [widths[0]] } : {};
    const normalized = dropout !== undefined && i < last;
    const activation = i === last ? output : normalized ? 'linear' : hidden;
    const layer = layers.layers.dense({ units, activation, ...shape });
    model.add(layer);
    layer.setWeights([tf.tensor2d(kernels[i], [widths[i], units]), tf.zeros([units])]);
    if (!normalized) return;
    model.add(layers.layers.batchNormalization({ momentum: 0.9, epsilon: 1e-5 }));
    model.add(layers.layers.activation({ activation: hidden }));
    model.add(layers.layers.dropout({ rate: dropout }));
  });
  return model;
}

function makeOptimizer({ name, learningRate, momentum }) {
  if (name === 'adam') return tf.train.adam(learningRate, 0.9, 0.999, 1e-8);
  return momentum ? tf.train.momentum(learningRate, momentum) : tf.train.sgd(learningRate);
}

/** A step with clipping, which `trainOnBatch` cannot do. Returns the loss. */
function clippedStep(model, optimizer, clipNorm, { x, y }) {
  return tf.tidy(() => {
    const variables = model.trainableWeights.map((weight) => weight.read());
    const { value, grads } = tf.variableGrads(() => {
      const probabilities = model.apply(x, { training: true });
      // What sparse crossentropy does itself.
      const targets = tf.oneHot(tf.cast(tf.squeeze(y, [1]), 'int32'), probabilities.shape[1]);
      return tf.mean(layers.metrics.categoricalCrossentropy(targets, probabilities));
    }, variables);
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((gradient) => tf.sum(tf.square(gradient)))));
    const factor = tf.minimum(tf.div(clipNorm, norm), 1);
    optimizer.applyGradients(
      Object.fromEntries(Object.entries(grads).map(([name, gradient]) => [name, tf.mul(gradient, factor)])),
    );
    return value.dataSync()[0];
  });
}

/** @type {import('../steps.js').Prepare} */
export async function prepare({ workload, batches, kernels }, { backend }) {
  await openBackend(backend);
  const { widths, output, batch, optimizer: options, clipNorm } = workload;
  const model = makeModel(workload, kernels);
  const data = batches.map(({ x, y }) => ({ x: tf.tensor2d(x, [batch, widths[0]]), y: tf.tensor2d(y, [batch, 1]) }));
  if (workload.kind === 'predict') {
    let probabilities;
    return {
      differs: [],
      steps: (count) =>
        timeSteps(count, () => {
          const result = model.predictOnBatch(data[0].x);
          probabilities = result.dataSync();
          result.dispose();
        }),
      loss: () => batchLoss({ workload, batches }, probabilities),
    };
  }
  const optimizer = makeOptimizer(options);
  model.compile({ optimizer, loss: output === 'sigmoid' ? 'binaryCrossentropy' : 'sparseCategoricalCrossentropy' });
  let loss = Number.NaN;
  return {
    differs: [],
    steps: (count) =>
      timeAsyncSteps(count, async (i) => {
        const pair = data[i % data.length];
        loss =
          clipNorm === undefined
            ? await model.trainOnBatch(pair.x, pair.y)
            : clippedStep(model, optimizer, clipNorm, pair);
      }),
    loss: () => loss,
    freeze() {
      optimizer.learningRate = 0;
      // Momentum and sgd keep the rate in a tensor.
      optimizer.setLearningRate?.(0);
    },
  };
}

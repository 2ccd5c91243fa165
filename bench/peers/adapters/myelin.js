import {
  activation,
  adam,
  batchNormalization,
  dense,
  dropout as drop,
  matrix,
  sequential,
  sgd,
  wasm,
} from '../../../build/index.js';
import { batchLoss, timeSteps, Unsupported } from '../steps.js';

/** A backend with these options of `wasm()`; Unsupported where this build or this engine does not have them. */
async function openBackend(options) {
  for (const name of Object.keys(options)) {
    const accepted = await wasm({ [name]: 'nonsense' }).catch(() => undefined);
    if (accepted) throw new Unsupported(`wasm() knows no option ${name}`);
  }
  try {
    return await wasm(options);
  } catch (error) {
    throw new Unsupported(error.message);
  }
}

function makeLayers({ widths, hidden, output, dropout }) {
  const last = widths.length - 2;
  return widths.slice(1).flatMap((units, i) => {
    const shape = i === 0 ? { inputShape: widths[0] } : {};
    if (i === last) return [dense({ units, activation: output, ...shape })];
    if (dropout === undefined) return [dense({ units, activation: hidden, ...shape })];
    const after = [batchNormalization(), activation({ activation: hidden }), drop({ rate: dropout })];
    return [dense({ units, ...shape }), ...after];
  });
}

/** @type {import('../steps.js').Prepare} */
export async function prepare({ workload, batches, kernels }, { wasm: options = {} }) {
  const { widths, output, batch, optimizer, clipNorm } = workload;
  const model = sequential({ layers: makeLayers(workload), seed: 3, backend: await openBackend(options) });
  const { name, ...rates } = optimizer;
  model.compile({
    optimizer: { adam, sgd }[name](rates),
    loss: output === 'sigmoid' ? 'binaryCrossentropy' : 'sparseCategoricalCrossentropy',
    ...(clipNorm === undefined ? {} : { globalClipNorm: clipNorm }),
  });
  const names = Object.keys(model.getWeights()).filter((key) => key.endsWith('.kernel'));
  model.setWeights({
    ...model.getWeights(),
    ...Object.fromEntries(names.map((key, i) => [key, matrix(kernels[i], widths[i], widths[i + 1])])),
  });
  const data = batches.map(({ x, y }) => ({ x: matrix(x, batch, widths[0]), y: matrix(y, batch, 1) }));
  if (workload.kind === 'predict') {
    let probabilities;
    return {
      differs: [],
      steps: (count) =>
        timeSteps(count, () => {
          probabilities = model.predict(data[0].x).data;
        }),
      loss: () => batchLoss({ workload, batches }, probabilities),
    };
  }
  let loss = Number.NaN;
  return {
    differs: [],
    steps: (count) =>
      timeSteps(count, (i) => {
        const { x, y } = data[i % data.length];
        loss = model.trainOnBatch(x, y).loss;
      }),
    loss: () => loss,
    freeze() {
      model.learningRate = 0;
    },
  };
}

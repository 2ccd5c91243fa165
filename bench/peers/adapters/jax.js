import { defaultDevice, jit, nn, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';
import { batchLoss, timeSteps } from '../steps.js';

defaultDevice('wasm');

// Arguments of jax-js are consumed; `.ref` keeps one for later.

/** Product and bias. */
const dense = (x, { kernel, bias }) => np.matmul(x, kernel).add(bias);

/** Normalizes columns; also returns the batch's mean and unbiased variance. */
function normalize(x, { gamma, beta }) {
  const rows = x.shape[0];
  const mean = np.mean(x.ref, 0);
  const centred = x.sub(mean.ref);
  const variance = np.mean(np.square(centred.ref), 0);
  const y = centred
    .div(np.sqrt(variance.ref.add(1e-5)))
    .mul(gamma)
    .add(beta);
  return [y, { mean, variance: variance.mul(rows / (rows - 1)) }];
}

function drop(x, rate, key) {
  const keep = random.bernoulli(key, 1 - rate, x.shape);
  return np.where(keep, x.mul(1 / (1 - rate)), 0);
}

/** Outputs of the last dense layer, and the statistics of each batch normalization. */
function forward(workload, params, x, keys) {
  const { hidden, dropout } = workload;
  const activate = hidden === 'relu' ? nn.relu : np.tanh;
  const statistics = [];
  let y = x;
  params.forEach((layer, i) => {
    y = dense(y, layer);
    if (i === params.length - 1) return;
    if (dropout !== undefined) {
      const [normal, seen] = normalize(y, layer);
      y = normal;
      statistics.push(seen);
    }
    y = activate(y);
    if (dropout !== undefined) y = drop(y, dropout, keys[i]);
  });
  return [y, statistics];
}

function crossentropy({ output, widths }, logits, y) {
  if (output === 'sigmoid') {
    const z = np.squeeze(logits, 1);
    return np.mean(nn.softplus(z.ref).sub(z.mul(y)));
  }
  return np.mean(np.sum(nn.logSoftmax(logits).mul(nn.oneHot(y.astype(np.int32), widths.at(-1))), 1)).mul(-1);
}

/** Calls `update` with corresponding leaves of trees; it returns several results, of which come as many trees. */
function mapLeaves(update, first, ...rest) {
  const [leaves, shape] = tree.flatten(first);
  const others = rest.map((other) => tree.flatten(other)[0]);
  const results = leaves.map((leaf, i) => update(leaf, ...others.map((other) => other[i])));
  return results[0].map((_, k) =>
    tree.unflatten(
      shape,
      results.map((result) => result[k]),
    ),
  );
}

function clip(gradients, norm) {
  const squares = tree.leaves(gradients).map((gradient) => np.sum(np.square(gradient.ref)));
  const total = np.sqrt(squares.reduce((a, b) => a.add(b)));
  const factor = np.minimum(np.reciprocal(total).mul(norm), 1);
  const [clipped] = mapLeaves((gradient) => [gradient.mul(factor.ref)], gradients);
  factor.dispose();
  return clipped;
}

/** One step: [state, x, y, learning rate] to [state, loss]. */
function makeStep(workload) {
  const { optimizer, clipNorm, dropout, widths } = workload;
  const lossOf = (params, x, y, keys) => {
    const [logits, statistics] = forward(workload, params, x, keys);
    return [crossentropy(workload, logits, y), statistics];
  };
  return (state, x, y, rate) => {
    const next = {};
    let keys = [];
    if (dropout !== undefined) {
      const hiddenLayers = widths.length - 2;
      const split = random.split(state.key, hiddenLayers + 1);
      keys = Array.from({ length: hiddenLayers }, (_, i) => split.ref.slice(i));
      next.key = split.slice(hiddenLayers);
    }
    const [[loss, statistics], raw] = valueAndGrad(lossOf, { hasAux: true })(tree.ref(state.params), x, y, keys);
    const gradients = clipNorm === undefined ? raw : clip(raw, clipNorm);
    if (dropout !== undefined) {
      [next.moving] = mapLeaves((old, seen) => [old.mul(0.9).add(seen.mul(0.1))], state.moving, statistics);
    }
    if (optimizer.name === 'adam') {
      next.power1 = state.power1.mul(0.9);
      next.power2 = state.power2.mul(0.999);
      const stepSize = rate.div(np.array(1).sub(next.power1.ref));
      const correction = np.sqrt(np.array(1).sub(next.power2.ref));
      [next.params, next.m, next.v] = mapLeaves(
        (w, g, m0, v0) => {
          const m = m0.mul(0.9).add(g.ref.mul(0.1));
          const v = v0.mul(0.999).add(np.square(g).mul(0.001));
          const change = m.ref.mul(stepSize.ref).div(np.sqrt(v.ref).div(correction.ref).add(1e-8));
          return [w.sub(change), m, v];
        },
        state.params,
        gradients,
        state.m,
        state.v,
      );
      stepSize.dispose();
      correction.dispose();
    } else if (optimizer.momentum) {
      [next.params, next.velocity] = mapLeaves(
        (w, g, v0) => {
          const v = v0.mul(optimizer.momentum).add(g);
          return [w.sub(v.ref.mul(rate.ref)), v];
        },
        state.params,
        gradients,
        state.velocity,
      );
      rate.dispose();
    } else {
      [next.params] = mapLeaves((w, g) => [w.sub(g.mul(rate.ref))], state.params, gradients);
      rate.dispose();
    }
    return [next, loss];
  };
}

function makeParams({ workload: { widths, dropout }, kernels }) {
  return kernels.map((kernel, i) => {
    const units = widths[i + 1];
    const normalized = dropout !== undefined && i < kernels.length - 1;
    return {
      kernel: np.array(kernel).reshape([widths[i], units]),
      bias: np.zeros([units]),
      ...(normalized ? { gamma: np.ones([units]), beta: np.zeros([units]) } : {}),
    };
  });
}

function makeState(problem) {
  const { optimizer, dropout, widths } = problem.workload;
  const params = makeParams(problem);
  const zeros = () => mapLeaves((w) => [np.zeros(w.shape)], params)[0];
  const state = { params };
  if (optimizer.name === 'adam')
    Object.assign(state, { m: zeros(), v: zeros(), power1: np.array(1), power2: np.array(1) });
  else if (optimizer.momentum) state.velocity = zeros();
  if (dropout !== undefined) {
    state.key = random.key(5);
    state.moving = widths.slice(1, -1).map((units) => ({ mean: np.zeros([units]), variance: np.ones([units]) }));
  }
  return state;
}

/** @type {import('../steps.js').Prepare} */
export function prepare(problem) {
  const { workload, batches } = problem;
  const data = batches.map(({ x, y }) => ({
    x: np.array(x).reshape([workload.batch, workload.widths[0]]),
    y: np.array(y),
  }));
  if (workload.kind === 'predict') {
    const predict = jit((params, x) => nn.softmax(forward(workload, params, x)[0]));
    const params = makeParams(problem);
    let probabilities;
    return {
      differs: [],
      steps: (count) =>
        timeSteps(count, () => {
          probabilities = predict(tree.ref(params), data[0].x.ref).dataSync();
        }),
      loss: () => batchLoss(problem, probabilities),
    };
  }
  const step = jit(makeStep(workload));
  let state = makeState(problem);
  let rate = np.array(workload.optimizer.learningRate);
  let loss = Number.NaN;
  return {
    differs: [],
    steps: (count) =>
      timeSteps(count, (i) => {
        const { x, y } = data[i % data.length];
        const [next, value] = step(state, x.ref, y.ref, rate.ref);
        state = next;
        loss = value.dataSync()[0];
      }),
    loss: () => loss,
    freeze() {
      rate = np.array(0);
    },
  };
}

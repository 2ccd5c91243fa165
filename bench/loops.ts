import type { LayerSpec, OptimizerSpec, Weights } from '../src/index.js';
import { isDense } from './models.js';

/** A dense layer with weights [units][inputs] and what its passes write. */
interface Layer {
  readonly inputs: number;
  readonly units: number;
  readonly activation: string;
  readonly w: Parameter;
  readonly b: Parameter;
  readonly y: Float32Array;
  readonly dy: Float32Array;
}

interface Parameter {
  readonly value: Float32Array;
  readonly gradient: Float32Array;
  readonly m: Float32Array;
  readonly v: Float32Array;
}

function parameter(value: Float32Array): Parameter {
  const like = () => new Float32Array(value.length);
  return { value, gradient: like(), m: like(), v: like() };
}

/**
 * The yardstick `loops`: the same training as one would write it in plain JavaScript over typed arrays. Nested loops
 * in their natural order, nothing blocked, unrolled or skipped.
 */
export class LoopsNet {
  learningRate: number;
  readonly #layers: readonly Layer[];
  #step = 0;

  constructor(
    specs: readonly LayerSpec[],
    weights: Weights,
    readonly batch: number,
    readonly optimizer: OptimizerSpec,
  ) {
    this.learningRate = optimizer.learningRate as number;
    this.#layers = specs.map((spec, i) => {
      const activation = isDense(spec) ? String(spec.activation ?? 'linear') : undefined;
      if (!/^(relu|tanh|sigmoid|softmax)$/.test(activation ?? '')) throw new Error(`No plain loops for layer ${i}.`);
      const kernel = weights[`layers.${i}.kernel`]!;
      const { rows: inputs, columns: units } = kernel;
      const w = new Float32Array(inputs * units);
      for (let r = 0; r < inputs; r++) for (let c = 0; c < units; c++) w[c * inputs + r] = kernel.data[r * units + c]!;
      const rows = () => new Float32Array(batch * units);
      const b = parameter(weights[`layers.${i}.bias`]!.data);
      return { inputs, units, activation: activation!, w: parameter(w), b, y: rows(), dy: rows() };
    });
  }

  /** One step; returns the loss before it. */
  trainOnBatch(x: Float32Array, labels: Float32Array): number {
    let input = x;
    for (const layer of this.#layers) {
      forward(layer, input, this.batch);
      input = layer.y;
    }
    const last = this.#layers.at(-1)!;
    const loss = last.activation === 'softmax' ? softmaxLoss(last, labels) : sigmoidLoss(last, labels);
    for (let i = this.#layers.length - 1; i >= 0; i--) {
      const below = this.#layers[i - 1];
      backward(this.#layers[i]!, below?.y ?? x, below, this.batch);
    }
    this.#step++;
    for (const { w, b } of this.#layers) {
      this.#update(w);
      this.#update(b);
    }
    return loss;
  }

  #update(parameter: Parameter): void {
    const { optimizer, learningRate } = this;
    if (optimizer.name === 'adam') adam(parameter, optimizer, learningRate, this.#step);
    else sgd(parameter, learningRate);
  }
}

function forward({ inputs, units, activation, w, b, y }: Layer, x: Float32Array, rows: number): void {
  const weights = w.value;
  const bias = b.value;
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j++) {
      let sum = bias[j]!;
      for (let i = 0; i < inputs; i++) sum += x[r * inputs + i]! * weights[j * inputs + i]!;
      if (activation === 'relu') sum = sum > 0 ? sum : 0;
      else if (activation === 'tanh') sum = Math.tanh(sum);
      y[r * units + j] = sum;
    }
  }
}

/** Turns logits into the gradient of the mean crossentropy, and returns that. */
function softmaxLoss({ units, y, dy }: Layer, labels: Float32Array): number {
  const rows = labels.length;
  let loss = 0;
  for (let r = 0; r < rows; r++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < units; j++) max = Math.max(max, y[r * units + j]!);
    let sum = 0;
    for (let j = 0; j < units; j++) sum += Math.exp(y[r * units + j]! - max);
    for (let j = 0; j < units; j++) {
      const p = Math.exp(y[r * units + j]! - max) / sum;
      dy[r * units + j] = (p - (j === labels[r] ? 1 : 0)) / rows;
    }
    loss += Math.log(sum) + max - y[r * units + labels[r]!]!;
  }
  return loss / rows;
}

function sigmoidLoss({ y, dy }: Layer, targets: Float32Array): number {
  let loss = 0;
  for (let i = 0; i < y.length; i++) {
    const z = y[i]!;
    const t = targets[i]!;
    loss += Math.max(z, 0) - z * t + Math.log1p(Math.exp(-Math.abs(z)));
    dy[i] = (1 / (1 + Math.exp(-z)) - t) / y.length;
  }
  return loss / y.length;
}

/** Gradients of weights and biases, and of the sums of the layer below. */
function backward({ inputs, units, w, b, dy }: Layer, x: Float32Array, below: Layer | undefined, rows: number): void {
  const weights = w.value;
  const dw = w.gradient;
  const db = b.gradient;
  dw.fill(0);
  db.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j++) {
      const d = dy[r * units + j]!;
      db[j]! += d;
      for (let i = 0; i < inputs; i++) dw[j * inputs + i]! += d * x[r * inputs + i]!;
    }
  }
  if (!below) return;
  const dx = below.dy;
  dx.fill(0);
  for (let r = 0; r < rows; r++) {
    for (let j = 0; j < units; j++) {
      const d = dy[r * units + j]!;
      for (let i = 0; i < inputs; i++) dx[r * inputs + i]! += d * weights[j * inputs + i]!;
    }
  }
  if (below.activation === 'relu') for (let i = 0; i < dx.length; i++) dx[i] = x[i]! > 0 ? dx[i]! : 0;
  else for (let i = 0; i < dx.length; i++) dx[i]! *= 1 - x[i]! * x[i]!;
}

function sgd({ value, gradient }: Parameter, rate: number): void {
  for (let i = 0; i < value.length; i++) value[i]! -= rate * gradient[i]!;
}

function adam(
  { value, gradient, m, v }: Parameter,
  { beta1, beta2, epsilon }: Extract<OptimizerSpec, { name: 'adam' }>,
  rate: number,
  step: number,
): void {
  const size = rate / (1 - beta1 ** step);
  const correction = 1 / Math.sqrt(1 - beta2 ** step);
  for (let i = 0; i < value.length; i++) {
    const g = gradient[i]!;
    m[i] = beta1 * m[i]! + (1 - beta1) * g;
    v[i] = beta2 * v[i]! + (1 - beta2) * g * g;
    value[i]! -= (size * m[i]!) / (Math.sqrt(v[i]!) * correction + epsilon);
  }
}

import {
  checkNumber,
  checkOptions,
  lookUp,
  ShapeError,
  StateError,
  show,
  UnknownNameError,
  ValueError,
} from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { OptimizerName, OptimizerSpec } from '../kernels/optimizers.js';
import { checkFinite, type Matrix, type MatrixLike, matrix, toMatrix } from '../matrix.js';
import { buildLayers, type LayerSpec } from '../model/layers.js';
import { bindLoss, type LossName } from '../model/losses.js';
import { makeOptimizer } from '../model/optimizers.js';
import { parameterBytes, readParameter, writeParameter } from '../model/weights.js';
import { formatProgram, type Mode } from '../program/emitter.js';
import type { Layer } from '../program/layer.js';
import type { Profile, ProfileOptions } from '../program/profile.js';
import { type FitOptions, planFit, readInput, readPair, stageBatch } from './batches.js';
import type { Logs } from './callbacks.js';
import { Engine, INFERENCE_ROWS } from './engine.js';
import { checkNorm, evaluate, fit, type History, makeLogs } from './fit.js';
import { makeSummary, type Summary } from './summary.js';

export interface SequentialOptions {
  /** The first layer needs an `inputShape`. */
  readonly layers: readonly LayerSpec[];
  /** Seeds initialization, shuffling and dropout: an integer from 0 to 2^53 - 1, default 0. */
  readonly seed?: number;
  /** `await wasm()`, `typescript()` or `await auto()`. */
  readonly backend: BackendFactory;
}

export interface CompileOptions {
  readonly optimizer: OptimizerName | OptimizerSpec;
  readonly loss: LossName;
  readonly metrics?: readonly 'accuracy'[];
  /** Scales the gradient of all parameters together to at most this norm. */
  readonly globalClipNorm?: number;
}

/** Weights by name; kernels are inputs x units, vectors 1 x units. */
export type Weights = Record<string, Matrix>;

/** A model over one heap. Dropping it frees everything. */
export class Model {
  /** Epochs that `fit` has finished; a further `fit` goes on counting. */
  epochs = 0;
  /** Set by a callback to end `fit` after the present batch. */
  stopTraining = false;
  readonly backend: BackendFactory;
  readonly #specs: readonly LayerSpec[];
  readonly #layers: readonly (readonly Layer[])[];
  readonly #engine: Engine;
  #fitting = false;

  constructor(options: SequentialOptions) {
    checkOptions(options, ['layers', 'seed', 'backend'], 'sequential');
    const { seed = 0, backend, layers: specs } = options;
    checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
    if (typeof backend?.open !== 'function') {
      throw new ValueError({
        argument: 'backend',
        given: (backend as unknown) instanceof Promise ? 'a promise' : show(backend),
        expected: 'what `await wasm()`, `await auto()` or `typescript()` returns',
      });
    }
    const { inputs, layers } = buildLayers(specs);
    this.backend = backend;
    this.#specs = structuredClone(specs) as readonly LayerSpec[];
    this.#layers = layers;
    this.#engine = new Engine(inputs, layers.flat(), seed, backend);
  }

  /** The model as plain data; `sequential` takes the same layers. */
  get spec(): { layers: readonly LayerSpec[]; seed: number } {
    return { layers: structuredClone(this.#specs) as readonly LayerSpec[], seed: this.#engine.seed };
  }

  /** Of the optimizer, from the next step on. */
  get learningRate(): number {
    return this.#engine.learningRate;
  }

  set learningRate(value: number) {
    if (!this.#engine.compiled)
      throw new StateError('learningRate: the model has no optimizer yet: call compile first.');
    this.#engine.learningRate = checkNumber(value, 'learningRate', { min: 0 });
  }

  /** Bytes of the heap as it stands; `summary().heapBytes` says the same from the plan. */
  get heapBytes(): number {
    return this.#engine.heap.byteLength;
  }

  /**
   * Chooses optimizer, loss and metrics. Weights stay, optimizer state starts anew.
   * @throws UnknownNameError, or ValueError where the loss does not fit the last layer.
   */
  compile(options: CompileOptions): void {
    this.#checkIdle('compile');
    checkOptions(options, ['optimizer', 'loss', 'metrics', 'globalClipNorm'], 'compile');
    const { metrics = [], globalClipNorm } = options;
    if (!Array.isArray(metrics)) {
      throw new ValueError({ argument: 'metrics', given: show(metrics), expected: "an array, such as ['accuracy']" });
    }
    for (const metric of metrics) {
      if (metric === 'accuracy') continue;
      throw new UnknownNameError({ argument: 'metrics', given: show(metric), expected: "'accuracy'" });
    }
    if (globalClipNorm !== undefined) checkNumber(globalClipNorm, 'globalClipNorm', { above: 0 });
    const last = this.#lastLayer;
    this.#engine.configure({
      optimizer: makeOptimizer(options.optimizer),
      loss: bindLoss(options.loss, last.units, last.activation ?? 'linear'),
      accuracy: metrics.length > 0,
      globalClipNorm,
    });
  }

  /**
   * Trains for a number of epochs. Hands over to the event loop at least every 50 ms, so that pages and servers stay
   * responsive; `predict` and `evaluate` may be called meanwhile.
   * @throws ShapeError, ValueError for data that does not fit; NonFiniteError with `globalClipNorm`.
   */
  async fit(x: MatrixLike, y: MatrixLike, options: FitOptions = {}): Promise<History> {
    const plan = planFit(this.#engine, x, y, options);
    this.#checkIdle('fit');
    this.#fitting = true;
    try {
      return await fit(this, this.#engine, plan);
    } finally {
      this.#fitting = false;
    }
  }

  /**
   * One optimizer step on one batch. Returns its loss (before the step) and metrics.
   * @throws NonFiniteError with `globalClipNorm`, the weights then as before.
   */
  trainOnBatch(x: MatrixLike, y: MatrixLike): Logs {
    this.#checkBetweenSteps('trainOnBatch');
    const engine = this.#engine;
    const program = stageBatch(engine, 'train', x, y);
    const outcome = engine.runStep(program);
    checkNorm(engine, outcome, `in step ${engine.step + 1}`);
    return makeLogs(engine, outcome.loss, outcome.penalty, outcome.hits, program.rows);
  }

  /**
   * Loss, metrics and the gradient of every trainable parameter on one batch, as training would compute them; changes
   * nothing. Dropout draws the masks of the next step.
   */
  gradients(x: MatrixLike, y: MatrixLike): { logs: Logs; gradients: Weights } {
    this.#checkBetweenSteps('gradients');
    const engine = this.#engine;
    const program = stageBatch(engine, 'gradients', x, y);
    engine.runGradients(program);
    const { loss, penalty, hits } = engine.outcome();
    const gradients = this.#parameters
      .filter(({ trainable }) => trainable)
      .map((parameter) => [parameter.name, readParameter(engine.heap, parameter, parameter.gradient)] as const);
    return { logs: makeLogs(engine, loss, penalty, hits, program.rows), gradients: Object.fromEntries(gradients) };
  }

  /** Loss and metrics over all rows, with layers in inference mode. */
  evaluate(x: MatrixLike, y: MatrixLike): Logs {
    const pair = readPair(this.#engine, x, y, 'x', 'y');
    return evaluate(this.#engine, pair.x, pair.y);
  }

  /** Outputs for any number of rows. A row's output does not depend on the rows around it, to the bit. */
  predict(x: MatrixLike): Matrix {
    const engine = this.#engine;
    const input = readInput(engine, x, 'x');
    const { units } = this.#lastLayer;
    const data = new Float32Array(input.rows * units);
    for (let start = 0; start < input.rows; start += INFERENCE_ROWS) {
      const rows = Math.min(INFERENCE_ROWS, input.rows - start);
      const program = engine.program('predict', rows);
      engine.stage(program.input, input, start);
      engine.runProgram(program);
      const { offset, stride } = program.output;
      for (let r = 0; r < rows; r++) {
        const from = offset + r * stride;
        data.set(engine.heap.subarray(from, from + units), (start + r) * units);
      }
    }
    return matrix(data, input.rows, units);
  }

  /** Copies of all weights and moving moments. */
  getWeights(): Weights {
    const { heap } = this.#engine;
    return Object.fromEntries(this.#parameters.map((parameter) => [parameter.name, readParameter(heap, parameter)]));
  }

  /**
   * Takes all weights of a model of the same layers, as `getWeights` returns them. Changes nothing if any is missing,
   * unknown, of another shape or not finite.
   */
  setWeights(weights: Readonly<Record<string, MatrixLike>>): void {
    this.#checkBetweenSteps('setWeights');
    checkOptions(
      weights,
      this.#parameters.map(({ name }) => name),
      'weights',
    );
    const checked = this.#parameters.map((parameter) => {
      const { name, rows, columns } = parameter;
      const argument = `weights['${name}']`;
      if (!Object.hasOwn(weights, name)) {
        throw new ValueError({ argument, given: 'nothing', expected: `a ${rows} x ${columns} matrix` });
      }
      const given = toMatrix(weights[name], argument);
      const fits =
        (given.rows === rows && given.columns === columns) || (rows === 1 && given.rows * given.columns === columns);
      if (!fits) {
        throw new ShapeError({ argument, given: `${given.rows} x ${given.columns}`, expected: `${rows} x ${columns}` });
      }
      checkFinite(given, argument);
      return { parameter, data: given.data };
    });
    for (const { parameter, data } of checked) writeParameter(this.#engine.heap, parameter, data);
  }

  /**
   * Gives back what a backend with threads keeps for this model; the model is of no use afterwards. Without threads
   * dropping the model is enough, and with them it is, too, if later.
   */
  dispose(): void {
    this.#checkIdle('dispose');
    this.#engine.dispose();
  }

  /** Layers with output shapes, parameters and bytes; prints as a table. */
  summary(): Summary {
    const layers = this.#layers.map((built, i) => {
      const parameters = built.flatMap((layer) => layer.parameters);
      return {
        name: `layers.${i}`,
        type: (this.#specs[i] as LayerSpec).type,
        outputShape: [null, (built.at(-1) as Layer).units] as const,
        parameters: parameters.reduce((sum, { rows, columns }) => sum + rows * columns, 0),
        bytes: parameters.reduce((sum, parameter) => sum + parameterBytes(parameter), 0),
      };
    });
    return makeSummary({
      layers,
      parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
      trainableParameters: this.#parameters.reduce((sum, p) => sum + (p.trainable ? p.rows * p.columns : 0), 0),
      heapBytes: this.#engine.plannedBytes,
    });
  }

  /**
   * Times every kernel call of a training step on one batch; prints as a table. Takes about a third of a second or, on
   * large models, four steps, in one go. Changes nothing.
   */
  profile(x: MatrixLike, y: MatrixLike, options: ProfileOptions = {}): Profile {
    this.#checkBetweenSteps('profile');
    checkOptions(options, ['repeats'], 'profile');
    if (options.repeats !== undefined) checkNumber(options.repeats, 'profile.repeats', { min: 1, integer: true });
    const engine = this.#engine;
    const program = stageBatch(engine, 'train', x, y);
    return engine.profile(program, options);
  }

  /** The kernel calls of one mode ('train', 'gradients', 'validate', 'evaluate', 'predict') and number of rows, as text. */
  program(mode: Mode, rows: number): string {
    lookUp({ train: 1, gradients: 1, validate: 1, evaluate: 1, predict: 1 }, mode, 'mode');
    checkNumber(rows, 'rows', { min: 1, integer: true });
    return formatProgram(this.#engine.compileProgram(mode, rows));
  }

  get #lastLayer(): Layer {
    return this.#engine.network.layers.at(-1) as Layer;
  }

  get #parameters() {
    return this.#engine.network.parameters;
  }

  #checkIdle(method: string): void {
    if (!this.#fitting) return;
    throw new StateError(`${method}: fit is still running on this model; await it first.`);
  }

  #checkBetweenSteps(method: string): void {
    if (!this.#engine.midStep) return;
    throw new StateError(`${method}: a training step of fit is under way; call it from a callback or after fit.`);
  }
}

/**
 * A stack of layers, each fed by the one before.
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function sequential(options: SequentialOptions): Model {
  return new Model(options);
}

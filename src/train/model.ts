import { checkNumber, checkOptions, lookUp, ShapeError, StateError, show, ValueError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { OptimizerName, OptimizerSpec } from '../kernels/optimizers.js';
import { checkFinite, type Matrix, type MatrixLike, toMatrix } from '../matrix.js';
import { buildGraph, type Graph, type GraphSpec, sequence, specOf, trace } from '../model/graph.js';
import type { LayerSpec, SymbolicTensor } from '../model/layers/index.js';
import { copySpec } from '../model/layers/kind.js';
import { bindLoss, type LossName } from '../model/losses.js';
import { bindMetrics, type Metrics } from '../model/metrics/table.js';
import { makeOptimizer } from '../model/optimizers.js';
import { parameterBytes, readParameter, writeParameter } from '../model/weights.js';
import { outputLayer } from '../program/compile.js';
import { formatProgram, type Mode } from '../program/emitter.js';
import type { Layer } from '../program/layer.js';
import type { Profile, ProfileOptions } from '../program/profile.js';
import { type Data, type FitOptions, isByName, planFit, readPair, stageBatch } from './batches.js';
import type { Logs } from './callbacks.js';
import { Engine } from './engine.js';
import { checkNorm, evaluate, fit, type History, makeLogs } from './fit.js';
import { measureBatch } from './gather.js';
import { type PredictOptions, predict, predictGraph } from './predict.js';
import { makeSummary, type Summary } from './summary.js';

/** What every model needs. */
export interface ModelOptions {
  /** Seeds initialization, shuffling and dropout: an integer from 0 to 2^53 - 1, default 0. */
  readonly seed?: number;
  /** `await wasm()`, `typescript()` or `await auto()`. */
  readonly backend: BackendFactory;
}

export interface SequentialOptions extends ModelOptions {
  /** The first layer needs an `inputShape`. */
  readonly layers: readonly LayerSpec[];
}

export interface FunctionalOptions extends ModelOptions {
  /** What `input` returned. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** What layers applied to the inputs, or to other layers, returned. */
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

export interface CompileOptions {
  readonly optimizer: OptimizerName | OptimizerSpec;
  /** Of a model with several outputs one for all, one for each in order, or one for each by name. */
  readonly loss: LossName | readonly LossName[] | Readonly<Record<string, LossName>>;
  /** Names or what metrics return, such as f1({ average: 'micro' }): a list for every output, or one for each by name. */
  readonly metrics?: Metrics;
  /** Scales the gradient of all parameters together to at most this norm. */
  readonly globalClipNorm?: number;
}

/** Weights by name; kernels are inputs x units, vectors 1 x units. */
export type Weights = Record<string, Matrix>;

/** What a layer or an input holds for one batch, and the gradient of the loss by it, where it has one. */
export interface NodeValue {
  readonly value: Matrix;
  readonly gradient?: Matrix;
}

export interface Gradients {
  readonly logs: Logs;
  /** By parameter, in the shapes of `getWeights`. */
  readonly gradients: Weights;
  /** By layer or input; empty unless asked for. */
  readonly nodes: Readonly<Record<string, NodeValue>>;
}

/** A model over one heap. Dropping it frees everything. */
export class Model {
  /** Epochs that `fit` has finished; a further `fit` goes on counting. */
  epochs = 0;
  /** Set by a callback to end `fit` after the present batch. */
  stopTraining = false;
  readonly backend: BackendFactory;
  readonly #graph: Graph;
  readonly #layers: readonly (readonly Layer[])[];
  readonly #engine: Engine;
  #fitting = false;

  constructor(graph: Graph, { seed = 0, backend }: ModelOptions) {
    checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
    if (typeof backend?.open !== 'function') {
      throw new ValueError({
        argument: 'backend',
        given: (backend as unknown) instanceof Promise ? 'a promise' : show(backend),
        expected: 'what `await wasm()`, `await auto()` or `typescript()` returns',
      });
    }
    const built = buildGraph(graph);
    this.backend = backend;
    this.#graph = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, spec: copySpec(node.spec) })) };
    this.#layers = built.layers;
    this.#engine = new Engine(built, seed, backend);
  }

  /** The model as plain data, for `modelFromSpec`; `sequential` takes the layers of a stack as they are. */
  get spec(): GraphSpec & { layers: readonly LayerSpec[]; seed: number } {
    return { ...specOf(this.#graph), seed: this.#engine.seed };
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
    const { metrics, globalClipNorm } = options;
    if (globalClipNorm !== undefined) checkNumber(globalClipNorm, 'globalClipNorm', { above: 0 });
    const { outputs } = this.#engine.network;
    const activations = outputs.map((_, i) => this.#outputLayer(i).activation ?? 'linear');
    const losses = lossPerOutput(options.loss, outputs).map((loss, i) =>
      bindLoss(loss, this.#outputLayer(i).units, activations[i] as string),
    );
    const shapes = losses.map(({ units, targets }, i) => {
      return { name: outputs[i]?.name ?? '', units, activation: activations[i] as string, targets };
    });
    this.#engine.configure({
      optimizer: makeOptimizer(options.optimizer),
      losses,
      metrics: bindMetrics(metrics, shapes),
      globalClipNorm,
    });
  }

  /**
   * Trains for a number of epochs. Metrics of an epoch are exact, over all rows, of the predictions that its steps made on
   * their way, as each batch came; those of validation are of the weights at the epoch's end. Hands over to the event loop at least every 50 ms, so that pages and servers stay
   * responsive; `predict` and `evaluate` may be called meanwhile.
   * @throws ShapeError, ValueError for data that does not fit; NonFiniteError with `globalClipNorm`.
   */
  async fit(x: Data, y: Data, options: FitOptions = {}): Promise<History> {
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
  trainOnBatch(x: Data, y: Data): Logs {
    this.#checkBetweenSteps('trainOnBatch');
    const engine = this.#engine;
    const program = stageBatch(engine, 'train', x, y);
    const outcome = engine.runStep(program);
    checkNorm(engine, outcome, `in step ${engine.step + 1}`);
    return makeLogs(engine, outcome, program.rows, measureBatch(engine, program));
  }

  /**
   * Loss, metrics and the gradient of every trainable parameter on one batch, as training would compute them; changes
   * nothing. Dropout draws the masks of the next step. With `nodes: true` also the output of every layer, and of every
   * input, with the gradient of the loss by it; of an activation that is computed together with the loss, what comes in.
   */
  gradients(x: Data, y: Data, options: { readonly nodes?: boolean } = {}): Gradients {
    this.#checkBetweenSteps('gradients');
    checkOptions(options, ['nodes'], 'gradients');
    const engine = this.#engine;
    const program = stageBatch(engine, options.nodes === true ? 'inspect' : 'gradients', x, y);
    engine.runGradients(program);
    const logs = makeLogs(engine, engine.outcome(), program.rows, measureBatch(engine, program));
    const gradients = this.#parameters
      .filter(({ trainable }) => trainable)
      .map((parameter) => [parameter.name, readParameter(engine.heap, parameter, parameter.gradient)] as const);
    const nodes = program.kept.map(({ name, value, gradient }) => {
      const kept: NodeValue = { value: engine.read(value) };
      return [name, gradient ? { ...kept, gradient: engine.read(gradient) } : kept] as const;
    });
    return { logs, gradients: Object.fromEntries(gradients), nodes: Object.fromEntries(nodes.reverse()) };
  }

  /** Loss and metrics over all rows, with layers in inference mode. */
  evaluate(x: Data, y: Data): Logs {
    return evaluate(this.#engine, readPair(this.#engine, x, y, 'x', 'y'));
  }

  /**
   * Outputs for any number of rows, with layers in inference mode. A row's output does not depend on the rows around it,
   * to the bit. With `output`, one float32 input (a Matrix, or a Float32Array for a model of one column) and WebAssembly,
   * a call allocates nothing once the number of rows has been seen; without `output` the result is new.
   * @throws ShapeError, ValueError for an `x` or `output` that does not fit; `output` is untouched then. StateError for a
   * model with several outputs, which `predictOutputs` is for.
   */
  predict(x: Data): Matrix;
  predict<Output extends Matrix | Float32Array>(x: Data, options: PredictOptions<Output>): Output;
  predict(x: Data, options?: Partial<PredictOptions<Matrix | Float32Array>>): Matrix | Float32Array {
    const { inputs, outputs } = this.#engine.network;
    if (outputs.length > 1) {
      const names = outputs.map(({ name }) => name).join(', ');
      throw new StateError(`predict: the model has several outputs (${names}); predictOutputs returns them by name.`);
    }
    if (inputs.length === 1 && !isByName(x)) return predict(this.#engine, x as MatrixLike, options);
    return predictGraph(this.#engine, x, options)[0] as Matrix;
  }

  /** The same for any number of outputs, by name. */
  predictOutputs(x: Data): Record<string, Matrix> {
    const predicted = predictGraph(this.#engine, x) as readonly Matrix[];
    return Object.fromEntries(this.#engine.network.outputs.map(({ name }, i) => [name, predicted[i] as Matrix]));
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
        type: (this.#graph.nodes[i] as { spec: LayerSpec }).spec.type,
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
  profile(x: Data, y: Data, options: ProfileOptions = {}): Profile {
    this.#checkBetweenSteps('profile');
    checkOptions(options, ['repeats'], 'profile');
    if (options.repeats !== undefined) checkNumber(options.repeats, 'profile.repeats', { min: 1, integer: true });
    const engine = this.#engine;
    const program = stageBatch(engine, 'train', x, y);
    return engine.profile(program, options);
  }

  /** The kernel calls of one mode ('train', 'gradients', 'inspect', 'validate', 'evaluate', 'predict') and number of rows, as text. */
  program(mode: Mode, rows: number): string {
    lookUp({ train: 1, gradients: 1, inspect: 1, validate: 1, evaluate: 1, predict: 1 }, mode, 'mode');
    checkNumber(rows, 'rows', { min: 1, integer: true });
    return formatProgram(this.#engine.compileProgram(mode, rows));
  }

  /** The layer that computes an output. */
  #outputLayer(output: number): Layer {
    return outputLayer(this.#engine.network, output);
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

/** One loss for each output. */
function lossPerOutput(given: CompileOptions['loss'], outputs: readonly { readonly name: string }[]): LossName[] {
  const names = outputs.map(({ name }) => name);
  if (typeof given !== 'object' || given === null) return names.map(() => given);
  if (Array.isArray(given)) {
    if (given.length === names.length) return given as LossName[];
    throw new ValueError({
      argument: 'loss',
      given: show(given),
      expected: `${names.length} ${names.length === 1 ? 'loss' : 'losses'}, one for each of ${names.join(', ')}`,
    });
  }
  checkOptions(given, names, 'loss');
  return names.map((name) => (given as Readonly<Record<string, LossName>>)[name] as LossName);
}

/**
 * A stack of layers, each fed by the one before.
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function sequential(options: SequentialOptions): Model {
  checkOptions(options, ['layers', 'seed', 'backend'], 'sequential');
  return new Model(sequence(options.layers), options);
}

/**
 * A graph of layers, from its inputs to its outputs: skip connections, several inputs, several outputs.
 *
 *     const x = input({ shape: 8 });
 *     const h = dense({ units: 8, activation: 'relu' }).apply(x);
 *     const y = dense({ units: 1 }).apply(add().apply([x, h]));
 *     model({ inputs: x, outputs: y, backend });
 *
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function model(options: FunctionalOptions): Model {
  checkOptions(options, ['inputs', 'outputs', 'seed', 'backend'], 'model');
  const list = (given: SymbolicTensor | readonly SymbolicTensor[]) =>
    Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
  return new Model(trace(list(options.inputs), list(options.outputs)), options);
}

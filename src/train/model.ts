import { checkNumber, checkOptions, StateError, show, ValueError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { Matrix, MatrixLike } from '../matrix.js';
import { type BuildableSpec, buildGraph, type Graph, sequence, specOf, trace } from '../model/graph.js';
import type { SymbolicTensor } from '../model/layers/index.js';
import { copyData, copySpec } from '../model/layers/kind.js';
import type { Mode } from '../program/emitter.js';
import type { Layer } from '../program/layer.js';
import type { Profile, ProfileOptions } from '../program/profile.js';
import { isPromise } from '../realms.js';
import { type Data, isByName, readPair } from './batches.js';
import type { Callback, Logs } from './callbacks.js';
import { planCompile } from './compile-plan.js';
import type { TrainingControl } from './control.js';
import { Engine } from './engine.js';
import { evaluate } from './evaluation.js';
import type { FitRun } from './fit.js';
import type { FitOptions, StreamFitOptions } from './fit-options.js';
import type { History } from './history.js';
import {
  type CompileOptions,
  type FunctionalOptions,
  type Gradients,
  INTERNALS,
  type Internals,
  type ModelOptions,
  type NamedLayer,
  type PartialFitOptions,
  type SequentialOptions,
  type Weights,
} from './model-types.js';
import { updateMovingMoments } from './moments.js';
import { gradientsOf, trainOnBatch } from './one-batch.js';
import { type PredictOptions, predict, predictGraph } from './predict.js';
import { programText } from './program-text.js';
import type { RunState } from './run-state.js';
import type { Batches } from './source.js';
import type { EvaluateBatchesOptions } from './stream.js';
import { type Summary, summarize } from './summary.js';
import { chooseTrainable, type LayerTable, tabulate } from './trainable.js';
import { copyAverages, copyWeights, takeWeights } from './weight-copies.js';
import { sampleWeightOf, type WeightOptions } from './weights.js';

/** What trains, once a model has been fitted. */
let training: typeof import('./fit.js') | undefined;

/** A model over one heap. Dropping it frees everything. */
export class Model {
  /** Epochs that `fit` has finished; a further `fit` goes on counting. */
  epochs = 0;
  /**
   * What the columns of the output are called, in order, or of one column the classes 0 and 1; travels with the model when it
   * is saved.
   */
  classNames?: readonly string[];
  /** How inputs are made from raw data, plain data of your own; travels with the model when it is saved. */
  preprocessing?: unknown;
  /** Set by a callback to end `fit` after the present batch. */
  stopTraining = false;
  readonly backend: BackendFactory;
  readonly #graph: Graph;
  readonly #layers: readonly (readonly Layer[])[];
  readonly #engine: Engine;
  #compiled: CompileOptions | undefined;
  #named: LayerTable | undefined;
  #fitting = false;
  /** The run under way, and what the last one left. */
  #run: FitRun | undefined;
  #left: RunState | undefined;

  /** Without `initialize` all weights are 0. @internal */
  constructor(graph: Graph, { seed = 0, backend }: ModelOptions, initialize = true) {
    checkNumber(seed, 'seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
    if (typeof backend?.open !== 'function') {
      throw new ValueError({
        argument: 'backend',
        given: isPromise(backend) ? 'a promise' : show(backend),
        expected: 'what `await wasm()`, `await auto()` or `typescript()` returns',
      });
    }
    const built = buildGraph(graph);
    this.backend = backend;
    this.#graph = { ...graph, nodes: graph.nodes.map((node) => ({ ...node, spec: copySpec(node.spec) })) };
    this.#layers = built.layers;
    this.#engine = new Engine(built, seed, backend, initialize);
  }

  /** The model as plain data, for `modelFromSpec`; `sequential` takes the layers of a stack as they are. */
  get spec(): BuildableSpec & { readonly seed: number } {
    return { ...specOf(this.#graph), seed: this.#engine.seed };
  }

  /** @internal */
  get [INTERNALS](): Internals {
    return {
      engine: this.#engine,
      compiled: this.#engine.compiled ? this.#compiled : undefined,
      running: this.#run !== undefined,
    };
  }

  /** Of the next step. Setting it replaces a schedule by a constant. */
  get learningRate(): number {
    return this.#engine.steps.learningRate;
  }

  set learningRate(value: number) {
    if (!this.#engine.compiled)
      throw new StateError('learningRate: the model has no optimizer yet: call compile first.');
    this.#engine.steps.learningRate = checkNumber(value, 'learningRate', { min: 0 });
  }

  /** Bytes of the heap as it stands; `summary().heapBytes` says the same from the plan. */
  get heapBytes(): number {
    return this.#engine.heap.byteLength;
  }

  /**
   * Chooses optimizer, loss and metrics. Weights stay, optimizer state starts anew.
   * @throws UnknownNameError, ValueError for options out of range or where the loss does not fit the last layer.
   */
  compile(options: CompileOptions): void {
    this.#checkIdle('compile');
    this.#engine.configure(planCompile(this.#engine.network, options));
    this.#left = undefined;
    this.#compiled = copyData(options);
  }

  /**
   * Freezes layers, or has them learn: one by its name (its `name`, or `layers.N`), or all for which a function says so.
   * Counts from the next `compile` on, without which the model trains and evaluates no more; weights stay. A frozen layer
   * has no gradients and no optimizer state, and batch normalization takes its moving moments, in training too.
   * @throws UnknownNameError; ValueError for a layer without weights.
   */
  setTrainable(layers: string | ((layer: NamedLayer) => boolean), trainable: boolean): void {
    this.#checkIdle('setTrainable');
    if (typeof trainable !== 'boolean') {
      throw new ValueError({ argument: 'trainable', given: show(trainable), expected: 'true or false' });
    }
    this.#named ??= tabulate(this.#graph, this.#layers);
    chooseTrainable(this.#named, layers, trainable);
    this.#engine.forgetTraining();
  }

  /**
   * Trains for a number of epochs on rows, or on batches as a stream yields them. Metrics of an epoch are exact, over all
   * rows, of the predictions that its steps made on their way, as each batch came; those of validation are of the weights at
   * the epoch's end. Hands over to the event loop at least every 50 ms, so that pages and servers stay responsive; `predict`
   * and `evaluate` may be called meanwhile. A run that an error or a signal ends leaves `model.run`.
   * @throws ShapeError, ValueError for data that does not fit, which in streams say the batch; StreamError for a stream that
   * ends early; NonFiniteError, which explains where and why; the reason of `signal`.
   */
  async fit(x: Data, y: Data, options?: FitOptions): Promise<History>;
  async fit(batches: Batches, options?: StreamFitOptions): Promise<History>;
  async fit(x: Data | Batches, y?: Data | StreamFitOptions, options?: FitOptions): Promise<History> {
    this.#checkIdle('fit');
    // Options come second with a stream; data has nothing that could run.
    const { control } = (options ?? y ?? {}) as { control?: Partial<TrainingControl> | undefined };
    this.#fitting = true;
    control?.running?.(true);
    try {
      // Importing anew what is there takes half a millisecond in Node.
      training ??= await import('./fit.js');
      return await training.fit(this, this.#engine, x, y, options, (run) => {
        this.#run = run;
      });
    } finally {
      if (this.#run) this.#left = this.#run.left;
      this.#run = undefined;
      this.#fitting = false;
      control?.running?.(false);
    }
  }

  /**
   * Where `fit` stands or, once it was interrupted, where it stood, for `fit(x, y, { ..., resume: true })`; undefined
   * otherwise. Plain JSON; with weights and optimizer state it goes on in another process, too. May be set to what it was.
   * @throws StateError in the middle of a step.
   */
  get run(): RunState | undefined {
    return this.#run ? this.#run.state : this.#left;
  }

  set run(state: RunState | undefined) {
    if (this.#run) this.#checkIdle('run');
    this.#left = state;
  }

  /**
   * One pass over more rows, in their order, for a model that learns as data comes in; `model.epochs` stays. Returns loss
   * and metrics of the pass, as `fit` of one epoch.
   */
  async partialFit(x: Data, y: Data, options: PartialFitOptions = {}): Promise<Logs> {
    checkOptions(options, ['batchSize', 'sampleWeight', 'classWeight', 'mixup', 'seed', 'signal'], 'partialFit');
    this.#checkIdle('partialFit');
    const { epochs } = this;
    let history: History['history'];
    try {
      ({ history } = await this.fit(x, y, { shuffle: false, ...options }));
    } finally {
      this.epochs = epochs;
      this.#left = undefined;
    }
    return Object.fromEntries(Object.entries(history).map(([name, values]) => [name, values[0] as number]));
  }

  /**
   * One optimizer step on one batch; with `gradientAccumulationSteps` its share of one. Returns its loss (before the
   * step) and metrics. @throws NonFiniteError where something is not finite, the weights then as before: `await error.explain()` says where and why.
   */
  trainOnBatch(x: Data, y: Data, options?: WeightOptions): Logs {
    this.#checkBetweenSteps('trainOnBatch');
    return trainOnBatch(this.#engine, x, y, options);
  }

  /**
   * Loss, metrics and the gradient of every trainable parameter on one batch, as training would compute them; changes
   * nothing. Layers are in training mode: dropout draws the masks of the next step, batch normalization takes the batch's
   * moments and leaves the moving ones (`predict` and `evaluate` run in inference mode). With `nodes: true` also the output
   * of every layer, and of every input, with the gradient of the loss by it.
   */
  gradients(x: Data, y: Data, options: WeightOptions & { readonly nodes?: boolean } = {}): Gradients {
    this.#checkBetweenSteps('gradients');
    return gradientsOf(this.#engine, x, y, options);
  }

  /** Loss and metrics over all rows, with layers in inference mode. */
  evaluate(x: Data, y: Data, options?: WeightOptions): Logs {
    return evaluate(this.#engine, readPair(this.#engine, x, y, sampleWeightOf(options, 'evaluate')));
  }

  /** The same for a batch, in one call where it has no more than 256 rows. */
  testOnBatch(x: Data, y: Data, options?: WeightOptions): Logs {
    return this.evaluate(x, y, options);
  }

  /** Loss and metrics over all batches of a stream, of which one is in memory at a time. @throws StreamError */
  async evaluateBatches(batches: Batches, options?: EvaluateBatchesOptions): Promise<Logs> {
    const { evaluateBatches } = await import('./stream.js');
    return evaluateBatches(this, this.#engine, batches, options);
  }

  /** Outputs for each batch of a stream of inputs. */
  async *predictBatches(
    batches: Batches<Data>,
    options?: { readonly callbacks?: readonly Callback[] },
  ): AsyncGenerator<Matrix, void, undefined> {
    const { predictBatches } = await import('./stream.js');
    yield* predictBatches(this, batches, options);
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

  /** The same as `predict(x)`. */
  predictOnBatch(x: Data): Matrix {
    return this.predict(x);
  }

  /** The same for any number of outputs, by name. */
  predictOutputs(x: Data): Record<string, Matrix> {
    const predicted = predictGraph(this.#engine, x) as readonly Matrix[];
    return Object.fromEntries(this.#engine.network.outputs.map(({ name }, i) => [name, predicted[i] as Matrix]));
  }

  /** Copies of all weights and moving moments. */
  getWeights(): Weights {
    return copyWeights(this.#engine);
  }

  /**
   * The same with averages in place of the trained weights, for a model compiled with `averaging`; what is frozen and
   * moving moments as they are. @throws StateError before anything was averaged.
   */
  averagedWeights(): Weights {
    return copyAverages(this.#engine);
  }

  /**
   * Puts the averages in place of the weights; `getWeights` before keeps those. A model with batch normalization needs
   * `updateMovingMoments` next, for its moments are those of the weights before.
   */
  applyAveragedWeights(): void {
    this.#checkBetweenSteps('applyAveragedWeights');
    this.#engine.steps.applyAverage();
  }

  /**
   * Computes the moving moments of batch normalization anew: their means over the batches of x, with the other layers in
   * training mode, as PyTorch's `update_bn`. Rows at the end that are too few for a batch are left out; a frozen layer
   * keeps its moments.
   */
  updateMovingMoments(x: Data, options: { readonly batchSize?: number } = {}): void {
    this.#checkBetweenSteps('updateMovingMoments');
    checkOptions(options, ['batchSize'], 'updateMovingMoments');
    updateMovingMoments(this.#engine, x, options.batchSize);
  }

  /**
   * Takes all weights of a model of the same layers, as `getWeights` returns them. Changes nothing if any is missing,
   * unknown, of another shape or not finite.
   */
  setWeights(weights: Readonly<Record<string, MatrixLike>>): void {
    this.#checkBetweenSteps('setWeights');
    takeWeights(this.#engine, weights);
  }

  /**
   * Gives back the memory that a backend with threads keeps for this model, which throws a StateError afterwards. Without
   * threads dropping the model is enough, and with them it is, too, once the event loop turns: a loop that makes models
   * and never awaits anything calls this.
   */
  dispose(): void {
    this.#checkIdle('dispose');
    this.#engine.dispose();
  }

  /** Layers with output shapes, parameters and bytes; prints as a table. */
  summary(): Summary {
    return summarize(this.#graph, this.#layers, this.#engine);
  }

  /**
   * Times every kernel call of a training step on one batch; prints as a table. Takes about a third of a second or, on
   * large models, four steps, in one go. Changes nothing.
   */
  async profile(x: Data, y: Data, options: ProfileOptions = {}): Promise<Profile> {
    const { profile } = await import('./profiling.js');
    this.#checkBetweenSteps('profile');
    return profile(this.#engine, x, y, options);
  }

  /** The kernel calls of one mode ('train', 'accumulate', 'gradients', 'inspect', 'moments', 'validate', 'evaluate', 'predict') and number of rows, as text. */
  program(mode: Mode, rows: number): string {
    return programText(this.#engine, mode, rows);
  }

  #checkIdle(method: string): void {
    if (!this.#fitting) return;
    throw new StateError(`${method}: fit is still running on this model; await it first.`);
  }

  #checkBetweenSteps(method: string): void {
    if (!this.#engine.steps.midway) return;
    throw new StateError(`${method}: a training step of fit is under way; call it from a callback or after fit.`);
  }
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

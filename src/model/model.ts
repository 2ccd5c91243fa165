import type { History } from '../callbacks/history.js';
import type {
  Callback,
  EvaluateBatchesOptions,
  FitOptions,
  Model as ModelInterface,
  OneOutputModel,
  PartialFitOptions,
  StreamFitOptions,
} from '../callbacks/interfaces.js';
import type { RunState } from '../callbacks/run-state.js';
import type { TrainingControl } from '../callbacks/training-control.js';
import type { CompileOptions } from '../engine/compile-plan.js';
import { planCompile } from '../engine/compile-plan.js';
import { Engine } from '../engine/engine.js';
import { INTERNALS, type Internals } from '../engine/internals.js';
import type { Summary } from '../engine/rare/summary.js';
import type { LayerTable, NamedLayer } from '../engine/rare/trainable.js';
import { learningRate } from '../engine/steps.js';
import { copyWeights, takeWeights } from '../engine/weight-copies.js';
import { checkBoolean, checkNumber, checkOptions, StateError, show, ValueError } from '../errors.js';
import type { FitRun } from '../fit/fit.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { Matrix, MatrixLike, MatrixNumbers } from '../matrix.js';
import type { ClassNames } from '../nn/class-names.js';
import { type BuildableSpec, buildGraph, type Graph, sequence, specOf, trace } from '../nn/graph.js';
import type { LayerSpec, SymbolicTensor } from '../nn/layers/index.js';
import { copyData, copySpec } from '../nn/layers/kind.js';
import type { Metrics } from '../nn/metrics/registry.js';
import type { Weights } from '../nn/parameters.js';
import { evaluate } from '../passes/evaluation.js';
import type {
  GradientOptions,
  Gradients,
  OutputGradientOptions,
  OutputGradients,
  UpdateLogs,
} from '../passes/gradient-options.js';
import type { Logs } from '../passes/logs.js';
import { trainOnBatch } from '../passes/one-batch.js';
import { type BatchSizeOption, type PredictOptions, predict } from '../passes/predict.js';
import type { PredictClassesOptions, PredictedClass } from '../passes/rare/predict-classes.js';
import type { Mode } from '../program/emitter.js';
import type { Layer } from '../program/layer.js';
import type { Profile, ProfileOptions } from '../program/profile.js';
import { rare } from '../rare.js';
import { isPromise } from '../realms.js';
import { type Data, isByName, readPair, type Targets } from '../rows/arrays.js';
import type { Batches } from '../rows/batches.js';
import type { EvaluateOptions, WeightOptions } from '../rows/sample-weights.js';
import type { FunctionalOptions, ModelOptions, OneOutputOptions, SequentialOptions } from './options.js';

/** The part that trains, once a model has been fitted. */
let training: typeof import('../fit/fit.js') | undefined;

/**
 * Implements the model that `sequential` and `model` return; its members are documented where the interface declares
 * them.
 */
export class Model implements ModelInterface {
  epochs = 0;
  classNames?: ClassNames | undefined;
  preprocessing?: unknown;
  stopTraining = false;
  readonly backend: BackendFactory;
  readonly #graph: Graph;
  readonly #layers: readonly (readonly Layer[])[];
  readonly #engine: Engine;
  #compiled: CompileOptions | undefined;
  #named: LayerTable | undefined;
  #fitting = false;
  /** The run under way, and where the last one stopped before its end. */
  #run: FitRun | undefined;
  #interrupted: RunState | undefined;

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
    this.#graph = {
      ...graph,
      nodes: graph.nodes.map((node, i) => ({ ...node, spec: copySpec(built.specs[i] as LayerSpec) })),
    };
    this.#layers = built.layers;
    this.#engine = new Engine(built, seed, backend, initialize);
    this.#engine.named = this;
  }

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

  get learningRate(): number {
    return learningRate(this.#engine);
  }

  set learningRate(value: number) {
    if (!this.#engine.compiled)
      throw new StateError('learningRate: the model has no optimizer yet: call compile first.');
    this.#engine.steps.ownRate = checkNumber(value, 'learningRate', { min: 0 });
  }

  get heapBytes(): number {
    return this.#engine.heap.byteLength;
  }

  compile<const M extends Metrics = readonly []>(options: CompileOptions<M>): ModelInterface {
    this.#checkIdle('compile');
    const plan = planCompile(this.#engine.network, options);
    if (options.classNames) this.classNames = rare().readNames(this.#engine, options.classNames);
    this.#engine.configure(plan);
    this.#interrupted = undefined;
    this.#compiled = copyData(options);
    return this;
  }

  setTrainable(layers: string | ((layer: NamedLayer) => boolean), trainable: boolean): void {
    this.#checkIdle('setTrainable');
    checkBoolean(trainable, 'trainable');
    this.#named ??= rare().tabulate(this.#graph, this.#layers);
    rare().chooseTrainable(this.#named, layers, trainable);
    this.#engine.forgetTraining();
  }

  async fit(x: Data, y: Targets, options?: FitOptions): Promise<History>;
  async fit(batches: Batches, options?: StreamFitOptions): Promise<History>;
  async fit(x: Data | Batches, y?: Targets | StreamFitOptions, options?: FitOptions): Promise<History> {
    this.#checkIdle('fit');
    // With a stream, options are the second argument; data cannot have a `control`.
    const { control } = (options ?? y ?? {}) as { control?: Partial<TrainingControl> | undefined };
    this.#fitting = true;
    control?.running?.(true);
    try {
      // Importing a module again takes half a millisecond in Node.
      training ??= await import('../fit/fit.js');
      const compiling = this.#engine.prepare();
      if (compiling) await compiling;
      return await training.fit(this, this.#engine, x, y, options, (run) => {
        this.#run = run;
      });
    } finally {
      if (this.#run) this.#interrupted = this.#run.interrupted;
      this.#run = undefined;
      this.#fitting = false;
      control?.running?.(false);
    }
  }

  get run(): RunState | undefined {
    return this.#run ? this.#run.state : this.#interrupted;
  }

  set run(state: RunState | undefined) {
    if (this.#run) this.#checkIdle('run');
    this.#interrupted = state;
  }

  async partialFit(x: Data, y: Targets, options: PartialFitOptions = {}): Promise<Logs> {
    checkOptions(
      options,
      ['batchSize', 'sampleWeight', 'classWeight', 'classNames', 'mixup', 'seed', 'signal'],
      'partialFit',
    );
    this.#checkIdle('partialFit');
    const { epochs } = this;
    let history: History['history'];
    try {
      ({ history } = await this.fit(x, y, { shuffle: false, ...options, partial: true } as FitOptions));
    } finally {
      this.epochs = epochs;
      this.#interrupted = undefined;
    }
    return Object.fromEntries(Object.entries(history).map(([name, values]) => [name, values[0] as number]));
  }

  trainOnBatch(x: Data, y: Targets, options?: WeightOptions): Logs {
    this.#checkBetweenSteps('trainOnBatch');
    return trainOnBatch(this.#engine, x, y, options);
  }

  gradients(x: Data, y: Targets, options?: GradientOptions): Gradients;
  gradients(x: Data, options: OutputGradientOptions): OutputGradients;
  gradients(x: Data, y: Targets | OutputGradientOptions, options?: GradientOptions): Gradients | OutputGradients {
    this.#checkBetweenSteps('gradients');
    return rare().gradientsOf(this.#engine, x, y, options);
  }

  applyGradients(gradients: Readonly<Record<string, MatrixLike>>): UpdateLogs {
    this.#checkBetweenSteps('applyGradients');
    return rare().applyGradients(this.#engine, gradients);
  }

  layerOutputs(x: Data, names?: string | readonly string[]): Record<string, Matrix> {
    return rare().layerOutputs(this.#engine, x, names);
  }

  evaluate(x: Data, y: Targets, options?: EvaluateOptions): Logs {
    return evaluate(this.#engine, readPair(this.#engine, x, y, options && rare().evaluatedWeights(options)));
  }

  testOnBatch(x: Data, y: Targets, options?: WeightOptions): Logs {
    return this.evaluate(x, y, options);
  }

  async evaluateBatches(batches: Batches, options?: EvaluateBatchesOptions): Promise<Logs> {
    const { evaluateBatches } = await import('../fit/stream.js');
    await this.#engine.prepare();
    return evaluateBatches(this, this.#engine, batches, options);
  }

  async *predictBatches(
    batches: Batches<Data>,
    options?: { readonly callbacks?: readonly Callback[] },
  ): AsyncGenerator<Matrix, void, undefined> {
    const { predictBatches } = await import('../fit/stream.js');
    await this.#engine.prepare();
    yield* predictBatches(this, batches, options);
  }

  predict<Output extends MatrixNumbers | Float32Array>(x: Data, options: PredictOptions<Output>): Output;
  predict(x: Data, options?: BatchSizeOption): Matrix;
  predict(x: Data, options?: Partial<PredictOptions<MatrixNumbers | Float32Array>>): MatrixNumbers | Float32Array {
    const { inputs, outputs } = this.#engine.network;
    if (outputs.length > 1) {
      const names = outputs.map(({ name }) => name).join(', ');
      throw new StateError(`predict: the model has several outputs (${names}); predictOutputs returns them by name.`);
    }
    if (inputs.length === 1 && !isByName(x)) return predict(this.#engine, x as MatrixLike, options);
    return rare().predictGraph(this.#engine, x, options)[0] as Matrix;
  }

  predictOnBatch(x: Data): Matrix {
    return this.predict(x);
  }

  predictOutputs(x: Data, options?: BatchSizeOption): Record<string, Matrix> {
    return rare().predictOutputs(this.#engine, x, options);
  }

  predictClasses<Classes = readonly PredictedClass[]>(x: Data, options?: PredictClassesOptions): Classes {
    return rare().predictClasses(this.#engine, x, options) as Classes;
  }

  getWeights(): Weights {
    return copyWeights(this.#engine);
  }

  averagedWeights(): Weights {
    return rare().copyAverages(this.#engine);
  }

  applyAveragedWeights(): void {
    this.#checkBetweenSteps('applyAveragedWeights');
    rare().applyAverage(this.#engine);
  }

  updateMovingMoments(x: Data, options: { readonly batchSize?: number } = {}): void {
    this.#checkBetweenSteps('updateMovingMoments');
    checkOptions(options, ['batchSize'], 'updateMovingMoments');
    rare().updateMovingMoments(this.#engine, x, options.batchSize);
  }

  setWeights(weights: Readonly<Record<string, MatrixLike>>): void {
    this.#checkBetweenSteps('setWeights');
    takeWeights(this.#engine, weights);
  }

  dispose(): void {
    this.#checkIdle('dispose');
    this.#engine.dispose();
  }

  summary(): Summary {
    return rare().summarize(this.#graph, this.#layers, this.#engine);
  }

  async profile(x: Data, y: Targets, options: ProfileOptions = {}): Promise<Profile> {
    const { profile } = await import('../passes/profiling.js');
    await this.#engine.prepare();
    this.#checkBetweenSteps('profile');
    return profile(this.#engine, x, y, options);
  }

  program(mode: Mode, rows: number): string {
    return rare().programText(this.#engine, mode, rows);
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
 * Returns a stack of layers, each fed by the one before.
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function sequential(options: SequentialOptions): OneOutputModel {
  checkOptions(options, ['layers', 'seed', 'backend'], 'sequential');
  return new Model(sequence(options.layers), options) as ModelInterface as OneOutputModel;
}

/**
 * Returns a graph of layers, from its inputs to its outputs: skip connections, several inputs, several outputs.
 *
 *     const x = input({ shape: 8 });
 *     const h = dense({ units: 8, activation: 'relu' }).apply(x);
 *     const y = dense({ units: 1 }).apply(add().apply([x, h]));
 *     model({ inputs: x, outputs: y, backend });
 *
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function model(options: OneOutputOptions): OneOutputModel;
export function model(options: FunctionalOptions): ModelInterface;
export function model(options: FunctionalOptions): ModelInterface {
  checkOptions(options, ['inputs', 'outputs', 'seed', 'backend'], 'model');
  const list = (given: SymbolicTensor | readonly SymbolicTensor[]) =>
    Array.isArray(given) ? (given as readonly SymbolicTensor[]) : [given as SymbolicTensor];
  return new Model(trace(list(options.inputs), list(options.outputs)), options);
}

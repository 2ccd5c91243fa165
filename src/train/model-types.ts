import { show, ValueError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import type { Matrix } from '../matrix.js';
import type { LayerSpec, SymbolicTensor } from '../model/layers/index.js';
import type { LossOption, LossWeights } from '../model/losses.js';
import type { Metrics } from '../model/metrics/table.js';
import type { OptimizerName } from '../model/names.js';
import type { OptimizerSpec } from '../model/optimizers.js';
import type { Logs } from './callbacks.js';
import type { Engine } from './engine.js';
import type { FitOptions } from './fit-options.js';
import type { UpdateOptions } from './update-options.js';

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

export interface CompileOptions extends UpdateOptions {
  readonly optimizer: OptimizerName | OptimizerSpec;
  /** A name or, with options, what a function such as `huber` returns. Of several outputs one for all, one for each in order, or one for each by name. */
  readonly loss: LossOption;
  /** What the losses of several outputs count for in their sum, in order or by name; finite and not below 0, default 1. */
  readonly lossWeights?: LossWeights;
  /** Names or what metrics return, such as f1({ average: 'micro' }): a list for every output, or one for each by name. */
  readonly metrics?: Metrics;
}

/** What `partialFit` takes of the options of `fit`. */
export type PartialFitOptions = Pick<
  FitOptions,
  'batchSize' | 'sampleWeight' | 'classWeight' | 'mixup' | 'seed' | 'signal'
>;

/** Weights by name; kernels are inputs x units, vectors 1 x units. */
export type Weights = Record<string, Matrix>;

/** What `setTrainable` says of a layer. */
export interface NamedLayer {
  /** Its `name`, or `layers.N`. */
  readonly name: string;
  readonly type: string;
  readonly index: number;
}

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

/** What goes into a file beside what a model shows. @internal */
export interface Internals {
  readonly engine: Engine;
  /** What `compile` was given. */
  readonly compiled: CompileOptions | undefined;
  /** `fit` is training, so that no other run can be put in its place. */
  readonly running: boolean;
}

/** Under this symbol, so that saving can live apart from the model. @internal */
export const INTERNALS = Symbol('internals');

/** @throws ValueError for what is no model of this thread. @internal */
export function internalsOf(model: { readonly [INTERNALS]: Internals }): Internals {
  const internals = (model as Partial<typeof model> | null | undefined)?.[INTERNALS];
  if (internals) return internals;
  throw new ValueError({
    argument: 'model',
    given: show(model),
    expected: 'a model',
    hint: "What 'myelin/worker' returns goes with the functions of 'myelin/worker'.",
  });
}

import type { BackendFactory } from '../kernels/contract.js';
import type { LayerSpec, SymbolicTensor } from '../nn/layers/index.js';

/** Options that every model takes. */
export interface ModelOptions {
  /** Seeds initialization, shuffling and dropout: an integer from 0 to 2^53 - 1, default 0. */
  readonly seed?: number;
  /** `await wasm()`, `typescript()` or `await auto()`. */
  readonly backend: BackendFactory;
}

/** Options of `sequential`. */
export interface SequentialOptions extends ModelOptions {
  /** The first layer needs an `inputShape`. */
  readonly layers: readonly LayerSpec[];
}

/** Options of `model`. */
export interface FunctionalOptions extends ModelOptions {
  /** One or several tensors that `input` returned. */
  readonly inputs: SymbolicTensor | readonly SymbolicTensor[];
  /** One or several tensors that `apply` of layers returned. */
  readonly outputs: SymbolicTensor | readonly SymbolicTensor[];
}

/** Options of `model` for a graph with one output. */
export interface OneOutputOptions extends FunctionalOptions {
  /** The tensor that `apply` of the last layer returned. */
  readonly outputs: SymbolicTensor;
}

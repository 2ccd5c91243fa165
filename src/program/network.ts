import type { Ids, Layer } from './layer.js';
import type { Parameter } from './parameter.js';
import type { Tensor } from './plan.js';
import type { Slots } from './slots.js';

/** A layer and the values that feed it: inputs of the model first, then what each node computes. */
export interface NetworkNode {
  readonly layer: Layer;
  readonly inputs: readonly number[];
  /** The name by which users know it. */
  readonly label: string;
}

/** An input of the model; `ids` says, where it feeds an embedding, what whole numbers it takes and which layer says so. */
export interface NetworkInput {
  readonly name: string;
  readonly width: number;
  readonly ids?: Ids;
}

export interface Network {
  readonly inputs: readonly NetworkInput[];
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly { readonly name: string; readonly value: number }[];
  readonly parameters: readonly Parameter[];
  readonly slots: Slots;
  readonly zeros: Tensor;
  readonly threads: number;
  /** For each input the number of non-zeros to have room for, or 0 for all numbers; default all numbers of each. */
  readonly nonZeros?: readonly number[] | undefined;
}

/** Returns the layer that computes an output. */
export function outputLayer({ inputs, nodes, outputs }: Network, output: number): Layer {
  const { value } = outputs[output] as Network['outputs'][number];
  return (nodes[value - inputs.length] as NetworkNode).layer;
}

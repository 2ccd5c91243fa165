import * as k from '../kernels/signatures/index.js';
import { rare } from '../rare.js';
import type { Emitter } from './emitter.js';
import type { Layer, Step } from './layer.js';
import type { Network, NetworkNode } from './network.js';
import type { Tensor } from './plan.js';
import type { ActivityPenalty } from './training.js';

/** Penalties on outputs, by the layer that computes them. */
export type LayerPenalties = ReadonlyMap<Layer, readonly ActivityPenalty[]>;

export function byLayer(penalties: readonly ActivityPenalty[]): LayerPenalties {
  const found = new Map<Layer, ActivityPenalty[]>();
  for (const penalty of penalties) {
    const known = found.get(penalty.layer);
    if (known) known.push(penalty);
    else found.set(penalty.layer, [penalty]);
  }
  return found;
}

/** Values and steps of a forward pass; a node without a step was left out. */
export interface Pass {
  readonly values: readonly (Tensor | undefined)[];
  readonly steps: readonly (Step | undefined)[];
}

export function stageInputs(emit: Emitter, { inputs, nonZeros }: Network): readonly Tensor[] {
  return inputs.map(({ name, width }, i) => {
    const most = nonZeros?.[i];
    return most ? rare().sparseInput(emit, name, width, most) : emit.matrix(name, width);
  });
}

/** `fused` are nodes that a loss computes: they are left out, unless others need what they compute. */
export function emitForward(
  emit: Emitter,
  network: Network,
  inputs: readonly Tensor[],
  fused: ReadonlySet<number | undefined> = new Set(),
  penalties: LayerPenalties = new Map(),
): Pass {
  const values: (Tensor | undefined)[] = [...inputs];
  const needed = new Set(fused.size > 0 ? network.nodes.flatMap((node) => node.inputs) : []);
  const steps = network.nodes.map(({ layer, inputs: sources }, i) => {
    if (fused.has(i) && !needed.has(inputs.length + i)) {
      values.push(undefined);
      return undefined;
    }
    const [x, ...others] = sources.map((source) => values[source] as Tensor);
    // The node may compute in place, and the loss needs what was there before.
    if (fused.has(i)) values[sources[0] as number] = emit.copy(x as Tensor, `${layer.name}.logits`);
    const step = layer.forward(emit, x as Tensor, ...others);
    const { y } = step;
    values.push(y);
    for (const { kind, strength, penalty } of penalties.get(layer) ?? []) {
      emit.call(k.penalty, { w: y, out: penalty, lambda: strength / emit.rows }, `${kind}Penalty`);
    }
    return step;
  });
  return { values, steps };
}

/** Returns the values of an output after the activation of a node that was left out. */
export function activated(emit: Emitter, network: Network, node: number, x: Tensor): Tensor {
  const { layer } = network.nodes[node] as NetworkNode;
  return layer.forward(emit, emit.copy(x, `${layer.name}.predictions`)).y;
}

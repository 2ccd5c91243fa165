import * as k from '../kernels/signatures/index.js';
import type { Emitter, Keeper } from './emitter.js';
import type { LayerPenalties, Pass } from './forward-pass.js';
import type { Losses } from './losses-and-penalties.js';
import type { Network, NetworkNode } from './network.js';

/** Returns the values that need a gradient: those that depend on trainable parameters, or on inputs whose own is kept. */
function learners({ inputs, nodes }: Network, keeper: Keeper | undefined): readonly (boolean | undefined)[] {
  const learns = inputs.map((_, i) => keeper?.wants(i));
  for (const { layer, inputs: sources } of nodes) {
    learns.push(layer.parameters.some(({ trainable }) => trainable) || sources.some((source) => learns[source]));
  }
  return learns;
}

/** Emits the gradients of parameters, from the last node to the first. */
export function emitBackward(
  emit: Emitter,
  network: Network,
  { values, steps }: Pass,
  { gradients }: Losses,
  penalties: LayerPenalties,
): void {
  const { nodes, inputs } = network;
  const { keeper } = emit;
  const learns = learners(network, keeper);
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { layer, inputs: sources } = nodes[i] as NetworkNode;
    const value = inputs.length + i;
    const step = steps[i];
    const dy = gradients.of(value);
    keeper?.node(i, step !== undefined, values[value], dy);
    if (!step || !dy || !learns[value]) continue;
    for (const { kind, strength } of penalties.get(layer) ?? []) {
      emit.call(k.penaltyGradient, { w: step.y, g: dy, lambda: strength / emit.rows }, `${kind}Gradient`);
    }
    const wanted = sources.map((source) => learns[source] as boolean);
    const backward = step.backward(dy, wanted);
    sources.forEach((source, index) => {
      const gradient = backward[index];
      if (gradient && wanted[index]) gradients.add(source, gradient);
    });
  }
  keeper?.inputs(values, (input) => gradients.of(input));
}

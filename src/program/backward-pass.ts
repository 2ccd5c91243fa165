import * as k from '../kernels/signatures/index.js';
import type { Emitter, KeptValue } from './emitter.js';
import type { LayerPenalties, Pass } from './forward-pass.js';
import type { Losses } from './losses-and-penalties.js';
import type { Network, NetworkNode } from './network.js';
import type { Tensor } from './plan.js';

/** Returns the values that need a gradient, since they depend on trainable parameters or on inputs that do; all of them for 'inspect'. */
function learners({ inputs, nodes }: Network, everything: boolean): readonly (boolean | undefined)[] {
  const learns = inputs.map(({ wanted }) => everything || wanted);
  for (const { layer, inputs: sources } of nodes) {
    learns.push(layer.parameters.some(({ trainable }) => trainable) || sources.some((source) => learns[source]));
  }
  return learns;
}

/** Emits the gradients of parameters, from the last node to the first; returns what 'inspect' keeps. */
export function emitBackward(
  emit: Emitter,
  network: Network,
  { values, steps }: Pass,
  { gradients, fusions }: Losses,
  penalties: LayerPenalties,
): readonly KeptValue[] {
  const { nodes, inputs } = network;
  const inspects = emit.mode === 'inspect';
  const learns = learners(network, inspects);
  const kept: KeptValue[] = [];
  const named = new Set<string>();
  const copyOf = (gradient: Tensor | undefined, name: string) => gradient && emit.copy(gradient, `${name}.gradient`);
  // For a layer that is called more than once, the last call is kept.
  const keep = (name: string, value: number) => {
    if (named.has(name)) return;
    named.add(name);
    kept.push({ name, value: values[value] as Tensor, gradient: copyOf(gradients.of(value), name) });
  };
  for (let i = nodes.length - 1; i >= 0; i--) {
    const { label, layer, inputs: sources } = nodes[i] as NetworkNode;
    const value = inputs.length + i;
    const step = steps[i];
    const dy = gradients.of(value);
    const fusion = fusions.get(i);
    if (fusion) {
      const { logits, gradient } = fusion;
      const others = step && copyOf(dy, label);
      named.add(label);
      kept.push({ name: label, value: logits, gradient, fusion: { ...fusion, others } });
    } else if (inspects && step) keep(label, value);
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
  if (inspects) for (const [value, { name }] of inputs.entries()) keep(name, value);
  return kept;
}

import type { Emitter, Fusion, Keeper, KeptValue } from '../emitter.js';
import { activated } from '../forward-pass.js';
import type { Network, NetworkNode } from '../network.js';
import type { Tensor } from '../plan.js';

/** Keeps the gradients of inputs, those of ids left out, and with `nodes` every layer's output and its gradient. */
export function makeKeeper(emit: Emitter, network: Network, nodes: boolean): Keeper {
  const kept: KeptValue[] = [];
  const named = new Set<string>();
  const fusions = new Map<number, Fusion>();
  const copyOf = (gradient: Tensor | undefined, name: string) => gradient && emit.copy(gradient, `${name}.gradient`);
  // For a layer that is called more than once, the last call is kept.
  const keep = (name: string, value: Tensor | undefined, gradient: Tensor | undefined) => {
    if (named.has(name)) return;
    named.add(name);
    kept.push({ name, value: value as Tensor, gradient: copyOf(gradient, name) });
  };
  const labelOf = (node: number) => (network.nodes[node] as NetworkNode).label;
  return {
    kept,
    get lasting() {
      return kept.flatMap(({ value, gradient, fusion }) => [value, gradient, fusion?.output, fusion?.others]);
    },
    wants: (input) => nodes || !network.inputs[input]?.ids,
    fused(target, node, logits, values, gradient) {
      if (!nodes) return;
      const output = values[network.inputs.length + node] ?? activated(emit, network, node, logits);
      const copy = emit.copy(gradient, `${labelOf(node)}.logits.gradient`);
      fusions.set(node, { target, output, logits, gradient: copy });
    },
    node(node, computed, value, gradient) {
      const name = labelOf(node);
      const fusion = fusions.get(node);
      if (fusion) {
        const others = computed ? copyOf(gradient, name) : undefined;
        named.add(name);
        kept.push({ name, value: fusion.logits, gradient: fusion.gradient, fusion: { ...fusion, others } });
      } else if (nodes && computed) keep(name, value, gradient);
    },
    inputs(values, gradients) {
      network.inputs.forEach(({ name, ids }, input) => {
        if (nodes || !ids) keep(name, values[input], gradients(input));
      });
    },
  };
}

import { emitter } from '../compile.js';
import type { Program } from '../emitter.js';
import { emitForward, stageInputs } from '../forward-pass.js';
import type { Network } from '../network.js';
import type { Tensor } from '../plan.js';

/** Compiles the forward pass of training, as far as it updates running values. */
export function compileMoments(network: Network, rows: number, base: number): Program {
  const emit = emitter('moments', rows, network);
  const inputs = stageInputs(emit, network);
  const last = network.nodes.findLastIndex(({ layer }) => layer.parameters.some(({ learnable }) => !learnable));
  const { values } = emitForward(emit, { ...network, nodes: network.nodes.slice(0, last + 1) }, inputs);
  return emit.finish({ inputs, outputs: [values.at(-1) as Tensor] }, base);
}

import * as k from '../kernels/signatures/index.js';
import type { Emitter } from './emitter.js';
import { activated, type Pass } from './forward-pass.js';
import type { Network } from './network.js';
import type { Tensor } from './plan.js';
import type { Target, Training } from './training.js';

/** Sums up the gradients of a value that feeds several layers. Every gradient's tensor belongs to one value. */
export class Gradients {
  readonly #tensors = new Map<number, Tensor>();

  constructor(private readonly emit: Emitter) {}

  add(value: number, gradient: Tensor): void {
    const sum = this.#tensors.get(value);
    if (sum) this.emit.call(k.add, { a: sum, b: gradient, y: sum });
    else this.#tensors.set(value, gradient);
  }

  of(value: number): Tensor | undefined {
    return this.#tensors.get(value);
  }
}

/** Holds what losses leave for the backward pass and for the end of the program. */
export interface Losses {
  readonly outputs: readonly Tensor[];
  /** The gradients of the values that losses read. */
  readonly gradients: Gradients;
}

/** Holds what losses compare outputs with: one target per output, and weights of rows where there are any. */
export interface Labels {
  readonly targets: readonly Tensor[];
  readonly weights: readonly Tensor[];
}

export function stageLabels(emit: Emitter, { targets }: Training, weighted: boolean): Labels {
  return {
    targets: targets.map(({ name, objective }) => {
      const label = targets.length > 1 ? `${name}.targets` : 'targets';
      return objective.targets === 'labels' ? emit.column(label) : emit.matrix(label, objective.targets);
    }),
    weights: weighted ? targets.map(() => emit.column('sampleWeight')) : [],
  };
}

/** Returns the node whose activation an output's loss contains, if any. */
export function fusedNode({ inputs, outputs }: Network, { objective }: Target, output: number): number | undefined {
  return objective.fuses === undefined ? undefined : (outputs[output]?.value ?? 0) - inputs.length;
}

/** Emits every output's loss, the gradient of it, and the count of right answers. */
export function emitLosses(
  emit: Emitter,
  network: Network,
  training: Training,
  { values }: Pass,
  { targets, weights }: Labels,
): Losses {
  const { nodes, inputs } = network;
  const gradients = new Gradients(emit);
  const outputs = training.targets.map((target, i) => {
    const { objective, report, counted, gathered } = target;
    const node = fusedNode(network, target, i);
    const value = node === undefined ? (network.outputs[i]?.value ?? 0) : (nodes[node]?.inputs[0] as number);
    const y = values[value] as Tensor;
    const dy = objective.emit(emit, y, targets[i] as Tensor, weights[i], report);
    if (node !== undefined) emit.keeper?.fused(i, node, y, values, dy);
    gradients.add(value, dy);
    if (counted) objective.emitHits(emit, y, targets[i] as Tensor, report.hits, node !== undefined);
    if (!gathered || node === undefined) return y;
    return values[inputs.length + node] ?? activated(emit, network, node, y);
  });
  return { outputs, gradients };
}

/** Emits the penalties of parameters; those of outputs come with the forward pass. */
export function emitPenalties(emit: Emitter, { penalties }: Training): void {
  for (const { kind, values, penalty, strength } of penalties) {
    emit.call(k.penalty, { w: values, out: penalty, lambda: strength }, `${kind}Penalty`);
  }
}

/** Adds the gradients of the parameters' penalties to theirs. */
export function emitPenaltyGradients(emit: Emitter, { penalties }: Training): void {
  for (const { kind, values, gradients, strength } of penalties) {
    emit.call(k.penaltyGradient, { w: values, g: gradients, lambda: strength }, `${kind}Gradient`);
  }
}

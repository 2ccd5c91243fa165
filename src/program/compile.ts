import { Emitter, type Mode, type Program } from './emitter.js';
import type { Layer, Parameter } from './layer.js';
import type { Tensor } from './plan.js';
import type { Slots } from './slots.js';

/** How a loss enters a program. */
export interface Objective {
  /** The activation that is computed together with the loss, if any. */
  readonly fuses: string | undefined;
  /** Columns of the targets, one per unit, or 'labels' for one class index per row. */
  readonly targets: number | 'labels';
  /** Emits the loss and its gradient; returns the gradient. */
  emit(emit: Emitter, y: Tensor, targets: Tensor): Tensor;
  /** Emits the count of right answers; `fused` says that `y` is from before the fused activation. */
  emitHits(emit: Emitter, y: Tensor, targets: Tensor, fused: boolean): void;
}

/** How a step updates parameters, once gradients are there. */
export interface Update {
  readonly clipNorm: number | undefined;
  emit(emit: Emitter): void;
}

/** A run of parameters, neighbours in the slab, that share one l2 strength. */
export interface PenaltyGroup {
  readonly strength: number;
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly penalty: Tensor;
}

export interface Network {
  readonly inputs: number;
  readonly layers: readonly Layer[];
  readonly parameters: readonly Parameter[];
  readonly slots: Slots;
  readonly zeros: Tensor;
  readonly threads: number;
}

/** What `compile` adds to a network. */
export interface Training {
  readonly objective: Objective;
  readonly accuracy: boolean;
  readonly penalties: readonly PenaltyGroup[];
  readonly gradients: Tensor;
  readonly update: Update;
}

function forward(emit: Emitter, layers: readonly Layer[], input: Tensor) {
  let y = input;
  const steps = layers.map((layer) => {
    const step = layer.forward(emit, y);
    y = step.y;
    return step;
  });
  return { y, steps };
}

export function compilePredict(network: Network, rows: number, base: number): Program {
  const emit = new Emitter('predict', rows, network.slots, network.zeros, network.threads);
  const input = emit.matrix('input', network.inputs);
  const { y } = forward(emit, network.layers, input);
  return emit.finish(input, undefined, y, base);
}

export function compileTraining(
  network: Network,
  training: Training,
  mode: Exclude<Mode, 'predict'>,
  rows: number,
  base: number,
): Program {
  const emit = new Emitter(mode, rows, network.slots, network.zeros, network.threads);
  const { objective, penalties, update } = training;
  const { norm, factor } = network.slots;
  const input = emit.matrix('input', network.inputs);
  const targets = objective.targets === 'labels' ? emit.column('targets') : emit.matrix('targets', objective.targets);
  const fused = objective.fuses !== undefined;
  const { y, steps } = forward(emit, fused ? network.layers.slice(0, -1) : network.layers, input);
  let dy: Tensor | undefined = objective.emit(emit, y, targets);
  if (training.accuracy) objective.emitHits(emit, y, targets, fused);
  for (const group of penalties) emit.call('l2Penalty', group.values, group.values.size, group.strength, group.penalty);
  if (emit.training) {
    const firstLearner = network.layers.findIndex((layer) => layer.parameters.some((p) => p.trainable));
    for (let i = steps.length - 1; i >= firstLearner && i >= 0 && dy; i--)
      dy = steps[i]?.backward(dy, i > firstLearner);
    for (const group of penalties) {
      emit.call('l2Gradient', group.values, group.gradients, group.values.size, group.strength);
    }
  }
  if (mode === 'train') {
    if (update.clipNorm !== undefined) {
      emit.call('gradientNorm', training.gradients, training.gradients.size, norm);
      emit.call('clipFactor', norm, factor, update.clipNorm);
    }
    update.emit(emit);
  }
  return emit.finish(input, targets, y, base);
}

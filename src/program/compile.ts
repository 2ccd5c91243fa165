import { Emitter, type Mode, type Program } from './emitter.js';
import type { Layer, Parameter, Step } from './layer.js';
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

export const PENALTY_KINDS = ['l1', 'l2'] as const;

/** A run of parameters, neighbours in the slab, that share one strength of one kind. */
export interface PenaltyGroup {
  readonly kind: (typeof PENALTY_KINDS)[number];
  readonly strength: number;
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly penalty: Tensor;
}

/** A penalty on the output of a layer: the mean over rows of strength times the sum. */
export interface ActivityPenalty {
  readonly kind: PenaltyGroup['kind'];
  readonly strength: number;
  readonly layer: Layer;
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
  readonly activityPenalties: readonly ActivityPenalty[];
  readonly gradients: Tensor;
  readonly update: Update;
}

function forward(
  emit: Emitter,
  layers: readonly Layer[],
  input: Tensor,
  activityPenalties: readonly ActivityPenalty[] = [],
) {
  let y = input;
  const steps = layers.map((layer) => {
    const step = layer.forward(emit, y);
    y = step.y;
    for (const { kind, strength, penalty } of activityPenalties.filter((item) => item.layer === layer)) {
      emit.call(`${kind}Penalty`, y, penalty, y.rows, y.columns, y.stride, strength / emit.rows);
    }
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
  const { objective, penalties, activityPenalties, update } = training;
  const { norm, factor } = network.slots;
  const input = emit.matrix('input', network.inputs);
  const targets = objective.targets === 'labels' ? emit.column('targets') : emit.matrix('targets', objective.targets);
  const fused = objective.fuses !== undefined;
  const layers = fused ? network.layers.slice(0, -1) : network.layers;
  const { y, steps } = forward(emit, layers, input, activityPenalties);
  let dy: Tensor | undefined = objective.emit(emit, y, targets);
  if (training.accuracy) objective.emitHits(emit, y, targets, fused);
  for (const { kind, values, penalty, strength } of penalties) {
    emit.call(`${kind}Penalty`, values, penalty, 1, values.size, values.size, strength);
  }
  if (emit.training) {
    const firstLearner = network.layers.findIndex((layer) => layer.parameters.some((p) => p.trainable));
    for (let i = steps.length - 1; i >= firstLearner && i >= 0 && dy; i--) {
      const step = steps[i] as Step;
      for (const { kind, strength } of activityPenalties.filter((item) => item.layer === layers[i])) {
        emit.call(`${kind}Gradient`, step.y, dy, dy.size, strength / rows);
      }
      dy = step.backward(dy, i > firstLearner);
    }
    for (const { kind, values, gradients, strength } of penalties) {
      emit.call(`${kind}Gradient`, values, gradients, values.size, strength);
    }
  }
  if (mode === 'train') {
    if (update.clipNorm !== undefined) {
      emit.call('gradientNorm', training.gradients, training.gradients.size, norm);
      emit.call('clipFactor', norm, factor, update.clipNorm);
    }
    update.emit(emit);
    for (const parameter of network.parameters) emitConstraint(emit, parameter);
  }
  return emit.finish(input, targets, y, base);
}

/** Norms are those of a unit's weights, or of a whole vector. */
function emitConstraint(emit: Emitter, { constraint, layout, rows, value }: Parameter): void {
  if (!constraint) return;
  const { kernel, value: bound } = constraint;
  const [inputs, joint] = layout === 'panels' ? [rows, 0] : [value.size / 8, 1];
  emit.call(kernel, value, value.size / (8 * inputs), inputs, joint, bound, emit.slots.factor);
}

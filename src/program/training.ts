import type { Emitter } from './emitter.js';
import type { Layer } from './layer.js';
import type { Constant } from './parameter.js';
import type { Tensor } from './plan.js';

/** Says how a loss enters a program. */
export interface Objective {
  /** The activation that is computed together with the loss, if any. */
  readonly fuses: string | undefined;
  /** Columns of the targets, one per unit, or 'labels' for one class index per row. */
  readonly targets: number | 'labels';
  readonly constants?: readonly Constant[];
  /** Emits the loss, written to `report.loss`, and its gradient; returns the gradient. `weights`: a number for each row. */
  emit(emit: Emitter, y: Tensor, targets: Tensor, weights: Tensor | undefined, report: Report): Tensor;
  /** Emits the count of right answers; `fused` says that `y` is from before the fused activation. */
  emitHits(emit: Emitter, y: Tensor, targets: Tensor, hits: Tensor, fused: boolean): void;
}

/** Says where an output's loss and count of right answers are written. */
export interface Report {
  readonly loss: Tensor;
  readonly hits: Tensor;
}

/** An output of the model with its loss. */
export interface Target {
  readonly name: string;
  readonly objective: Objective;
  readonly report: Report;
  /** Right answers are counted. */
  readonly counted: boolean;
  /** Keeps the output after its last activation, and the targets, until the program ends. */
  readonly gathered: boolean;
}

/** Bounds gradients: each element, the norm of each tensor, or the norm of all together. */
export interface Clip {
  readonly by: 'value' | 'norm' | 'globalNorm';
  readonly limit: number;
}

/** Says how a step updates parameters, once gradients are there. */
export interface Update {
  readonly clip: Clip | undefined;
  /** The norm of the gradient is of interest even where nothing is clipped. */
  readonly trackGradientNorm: boolean;
  /** Nothing that is not finite gets into the parameters. */
  readonly guarded: boolean;
  /** The sum of the gradients of earlier batches; the update takes the mean over `steps`. */
  readonly accumulation: { readonly steps: number; readonly sum: Tensor } | undefined;
  /** The average of the parameters, and the share that the present ones get of it. */
  readonly average: { readonly values: Tensor; readonly share: Tensor } | undefined;
  /** Emits looks at what the update would leave, which stop it by the factor. */
  check?: ((emit: Emitter) => void) | undefined;
  /** Emits penalties of the flat parameters, and of tables that the emitter has gradients for. */
  emit(emit: Emitter): void;
}

export const PENALTY_KINDS = ['l1', 'l2'] as const;

/** A run of parameters, neighbours among the flat parameters, that share one strength of one kind. */
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

/** Holds what `compile` adds to a network. */
export interface Training {
  /** One per output of the network. */
  readonly targets: readonly Target[];
  readonly penalties: readonly PenaltyGroup[];
  /** All trainable parameters, and what lies parallel to them. */
  readonly flatParameters: Tensor;
  readonly activityPenalties: readonly ActivityPenalty[];
  /** The slots where a step leaves the parts of the penalty. */
  readonly penaltySlots: readonly Tensor[];
  readonly gradients: Tensor;
  /** The flat gradients in parts, and room side by side for the norms of these and of each table's. */
  readonly norms: {
    readonly flat: readonly Tensor[];
    readonly all: Tensor;
    readonly norms: readonly Tensor[];
  };
  readonly update: Update;
}

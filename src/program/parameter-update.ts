import * as k from '../kernels/signatures/index.js';
import type { Emitter } from './emitter.js';
import type { Network } from './network.js';
import type { Parameter } from './parameter.js';
import type { Tensor } from './plan.js';
import type { Clip, Training, Update } from './training.js';

/** Emits the norm of all gradients: of one part, or that of the norms of several. */
function emitNorm(emit: Emitter, { norms: { flat, all, norms } }: Training, norm: Tensor): void {
  const tensors = [...flat, ...emit.rowGradients.map((rows) => rows.gradients)];
  tensors.forEach((tensor, i) => {
    emit.call(k.gradientNorm, { g: tensor, out: tensors.length === 1 ? norm : (norms[i] as Tensor) });
  });
  if (tensors.length === 1) return;
  emit.call(k.gradientNorm, { g: all, n: tensors.length, out: norm });
}

/** Bounds the gradients by the norm that is there. A norm that is not finite stops the update, whatever is clipped. */
function emitClipping(emit: Emitter, parameters: readonly Parameter[], gradients: Tensor, { by, limit }: Clip): void {
  const { norm, factor } = emit.slots;
  emit.call(k.clipFactor, { norm, out: factor, limit: by === 'globalNorm' ? limit : Infinity });
  const tables = emit.rowGradients.map((rows) => rows.gradients);
  if (by === 'value') for (const g of [gradients, ...tables]) emit.call(k.clipValues, { g, limit });
  if (by === 'norm') {
    const dense = parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
    for (const g of [...dense.map(({ gradient }) => gradient), ...tables]) {
      emit.call(k.clipGradient, { g, limit });
    }
  }
}

/** Norms are those of a unit's weights, or of a whole vector. */
function emitConstraint(emit: Emitter, { constraint, layout, rows, value }: Parameter): void {
  if (!constraint) return;
  const { kernel, value: bound } = constraint;
  const [inputs, joint] = layout === 'panels' ? [rows, 0] : [value.size / 8, 1];
  const panels = value.size / (8 * inputs);
  emit.call(k.constraint, { w: value, panels, rows: inputs, joint, value: bound, factor: emit.slots.factor }, kernel);
}

/** Adds the gradients to those of batches before, instead of an update. */
export function emitAccumulation(emit: Emitter, { parameters }: Network, training: Training): void {
  const { gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
  if (update.clip) {
    emitNorm(emit, training, norm);
    emit.call(k.clipFactor, { norm, out: factor, limit: Infinity });
  }
  emit.guard?.finish(parameters);
  emit.beginUpdate();
  emit.call(k.accumulateGradients, { sum, g: gradients, factor });
}

/** Emits the way from gradients to parameters: their mean, their norm, clipping, the optimizer, constraints, the average. */
export function emitUpdate(emit: Emitter, { parameters }: Network, training: Training): void {
  const { flatParameters, gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { clip, trackGradientNorm, accumulation, average } = update;
  if (accumulation) {
    emit.call(k.meanGradients, { sum: accumulation.sum, g: gradients, scale: 1 / accumulation.steps });
  }
  if (clip || trackGradientNorm) emitNorm(emit, training, norm);
  if (clip) emitClipping(emit, parameters, gradients, clip);
  emit.guard?.finish(parameters);
  update.check?.(emit);
  emit.beginUpdate();
  update.emit(emit);
  for (const parameter of parameters) if (parameter.trainable) emitConstraint(emit, parameter);
  if (average) {
    emit.call(k.averageWeights, { average: average.values, w: flatParameters, share: average.share, factor });
  }
}

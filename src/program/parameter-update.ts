import type { Emitter } from './emitter.js';
import type { Network } from './network.js';
import type { Parameter } from './parameter.js';
import type { Tensor } from './plan.js';
import type { Clip, Training, Update } from './training.js';

/** The norm of all gradients: of one part, or that of the norms of several. */
function emitNorm(emit: Emitter, { norms: { flat, all, norms } }: Training, norm: Tensor): void {
  const tensors = [...flat, ...emit.rowGradients.map((rows) => rows.gradients)];
  tensors.forEach((tensor, i) => {
    emit.call('gradientNorm', tensor, tensor.size, tensors.length === 1 ? norm : (norms[i] as Tensor));
  });
  if (tensors.length === 1) return;
  emit.call('gradientNorm', all, tensors.length, norm);
}

/** Bounds the gradients by the norm that is there. A norm that is not finite stops the update, whatever is clipped. */
function emitClipping(emit: Emitter, parameters: readonly Parameter[], gradients: Tensor, { by, limit }: Clip): void {
  const { norm, factor } = emit.slots;
  emit.call('clipFactor', norm, factor, by === 'globalNorm' ? limit : Infinity);
  const tables = emit.rowGradients.map((rows) => rows.gradients);
  if (by === 'value') for (const part of [gradients, ...tables]) emit.call('clipValues', part, part.size, limit);
  if (by === 'norm') {
    const dense = parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
    for (const part of [...dense.map(({ gradient }) => gradient), ...tables]) {
      emit.call('clipGradient', part, part.size, limit);
    }
  }
}

/** Norms are those of a unit's weights, or of a whole vector. */
function emitConstraint(emit: Emitter, { constraint, layout, rows, value }: Parameter): void {
  if (!constraint) return;
  const { kernel, value: bound } = constraint;
  const [inputs, joint] = layout === 'panels' ? [rows, 0] : [value.size / 8, 1];
  emit.call(kernel, value, value.size / (8 * inputs), inputs, joint, bound, emit.slots.factor);
}

/** Adds the gradients to those of batches before, instead of an update. */
export function emitAccumulation(emit: Emitter, { parameters }: Network, training: Training): void {
  const { gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
  if (update.clip) {
    emitNorm(emit, training, norm);
    emit.call('clipFactor', norm, factor, Infinity);
  }
  emit.guard?.finish(parameters);
  emit.beginUpdate();
  emit.call('accumulateGradients', sum, gradients, gradients.size, factor);
}

/** Emits the way from gradients to parameters: their mean, their norm, clipping, the optimizer, constraints, the average. */
export function emitUpdate(emit: Emitter, { parameters }: Network, training: Training): void {
  const { flatParameters, gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { clip, trackGradientNorm, accumulation, average } = update;
  const { size } = gradients;
  if (accumulation) emit.call('meanGradients', accumulation.sum, gradients, size, 1 / accumulation.steps);
  if (clip || trackGradientNorm) emitNorm(emit, training, norm);
  if (clip) emitClipping(emit, parameters, gradients, clip);
  emit.guard?.finish(parameters);
  emit.beginUpdate();
  update.emit(emit);
  for (const parameter of parameters) if (parameter.trainable) emitConstraint(emit, parameter);
  if (average) emit.call('averageWeights', average.values, flatParameters, flatParameters.size, average.share, factor);
}

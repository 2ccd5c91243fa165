import { checkNumber } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { Step } from '../../program/layer.js';
import type { Initializer } from '../../program/parameter.js';
import { panelColumns, type Tensor } from '../../program/plan.js';
import type { RegularizerName } from '../names.js';
import { makePenalty } from '../penalties-and-constraints.js';
import type { Regularizer } from '../regularizers.js';
import { defineLayer, type ParameterOptions, parameter, type TrainableLayerOptions } from './kind.js';

/** Options of the layer `batchNormalization`. */
export interface BatchNormalizationOptions extends TrainableLayerOptions {
  /** Weight of the old value in the moving moments, as in Keras; from 0 to 1, default 0.9. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  /** A penalty on the scales: `l1`, `l2` or `l1l2`; default none. */
  readonly gammaRegularizer?: RegularizerName | Regularizer;
  /** A penalty on the shifts, likewise; default none. */
  readonly betaRegularizer?: RegularizerName | Regularizer;
}

/**
 * Normalizes each column by the batch's mean and biased variance in training and by the moving moments in inference,
 * then scales and shifts it (Ioffe and Szegedy 2015). The moving variance is the unbiased one, as in PyTorch. Where it is
 * frozen it takes the moving moments in training, too, and leaves them alone, as in Keras.
 */
export const batchNormalization = /* @__PURE__ */ defineLayer<'batchNormalization', BatchNormalizationOptions>(
  'batchNormalization',
  {
    options: ['momentum', 'epsilon', 'gammaRegularizer', 'betaRegularizer'],

    build(spec, name, [units]: readonly [number]) {
      const momentum = checkNumber(spec.momentum ?? 0.9, `${name}.momentum`, { min: 0, max: 1 });
      const epsilon = checkNumber(spec.epsilon ?? 1e-5, `${name}.epsilon`, { above: 0 });
      const ones = { name: 'ones' };
      const zeros = { name: 'zeros' };
      const vector = (part: string, initializer: Initializer, options: ParameterOptions) =>
        parameter(`${name}.${part}`, 'vector', 1, units, initializer, options);
      const gamma = vector('gamma', ones, { penalty: makePenalty(spec.gammaRegularizer, `${name}.gammaRegularizer`) });
      const beta = vector('beta', zeros, { penalty: makePenalty(spec.betaRegularizer, `${name}.betaRegularizer`) });
      const movingMean = vector('movingMean', zeros, { trainable: false });
      const movingVariance = vector('movingVariance', ones, { trainable: false });
      return [
        {
          name,
          units,
          parameters: [gamma, beta, movingMean, movingVariance],
          get minimumBatch() {
            return gamma.trainable ? 2 : 1;
          },
          forward(emit, x): Step {
            const { rows, slots } = emit;
            const training = emit.training && !emit.inference && gamma.trainable;
            const y = emit.matrix(`${name}.y`, units);
            let mean: Tensor = movingMean.value;
            let variance: Tensor = movingVariance.value;
            if (training) {
              mean = emit.vector(`${name}.mean`, panelColumns(units));
              variance = emit.vector(`${name}.variance`, panelColumns(units));
              emit.call(k.batchNormalizationMoments, { x, mean, variance });
              if (emit.counts) {
                emit.watched.push({ vector: mean, columns: units }, { vector: variance, columns: units });
                emit.finally(k.batchNormalizationUpdate, {
                  mean,
                  variance,
                  movingMean: movingMean.value,
                  movingVariance: movingVariance.value,
                  factor: slots.factor,
                  rows,
                  columns: units,
                  momentum: emit.mode === 'moments' ? 0 : momentum,
                });
              }
            }
            const scales = { gamma: gamma.value, epsilon };
            emit.call(k.batchNormalizationForward, { x, mean, variance, beta: beta.value, y, ...scales });
            return {
              y,
              backward(dy) {
                const gradients = { dgamma: gamma.gradient, dbeta: beta.gradient };
                if (!training) {
                  if (gamma.trainable) {
                    // The moments are constants here, which the gradients of gamma and beta do not notice.
                    const dx = emit.matrix(`${name}.unused`, units);
                    emit.call(k.batchNormalizationBackward, { x, mean, variance, dy, dx, ...scales, ...gradients });
                  }
                  const zero = emit.zeros;
                  emit.call(k.batchNormalizationForward, { x: dy, mean: zero, variance, beta: zero, y: dy, ...scales });
                  return [dy];
                }
                emit.call(k.batchNormalizationBackward, { x, mean, variance, dy, dx: dy, ...scales, ...gradients });
                return [dy];
              },
            };
          },
        },
      ];
    },
  },
);

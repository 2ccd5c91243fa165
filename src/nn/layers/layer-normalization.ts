import { checkNumber } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { Step } from '../../program/layer.js';
import { defineLayer, parameter, type TrainableLayerOptions } from './kind.js';

/** Options of the layer `layerNormalization`. */
export interface LayerNormalizationOptions extends TrainableLayerOptions {
  /** Added to the variance; above 0, default 1e-5. */
  readonly epsilon?: number;
}

/**
 * Normalizes each row by its own mean and biased variance, in training and inference alike, then scales and shifts each
 * column (Ba, Kiros and Hinton 2016).
 */
export const layerNormalization = /* @__PURE__ */ defineLayer<'layerNormalization', LayerNormalizationOptions>(
  'layerNormalization',
  {
    options: ['epsilon'],

    build(spec, name, [units]: readonly [number]) {
      const epsilon = checkNumber(spec.epsilon ?? 1e-5, `${name}.epsilon`, { above: 0 });
      const gamma = parameter(`${name}.gamma`, 'vector', 1, units, { name: 'ones' });
      const beta = parameter(`${name}.beta`, 'vector', 1, units, { name: 'zeros' });
      return [
        {
          name,
          units,
          parameters: [gamma, beta],
          forward(emit, x): Step {
            const y = emit.matrix(`${name}.y`, units);
            const mean = emit.column(`${name}.mean`);
            const inverse = emit.column(`${name}.inverse`);
            const scales = { gamma: gamma.value, beta: beta.value };
            emit.call(k.layerNormalizationForward, { x, ...scales, y, mean, inverse, epsilon });
            return {
              y,
              backward(dy, [inputWanted]) {
                if (gamma.trainable) {
                  const gradients = { dgamma: gamma.gradient, dbeta: beta.gradient };
                  emit.call(k.layerNormalizationGradients, { x, mean, inverse, dy, ...gradients });
                }
                if (!inputWanted) return [];
                emit.call(k.layerNormalizationBackward, { x, mean, inverse, gamma: gamma.value, dy, dx: dy });
                return [dy];
              },
            };
          },
        },
      ];
    },
  },
);

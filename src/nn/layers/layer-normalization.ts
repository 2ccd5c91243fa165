import { checkNumber } from '../../errors.js';
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
            const { rows } = emit;
            const { stride } = x;
            const y = emit.matrix(`${name}.y`, units);
            const mean = emit.column(`${name}.mean`);
            const inverse = emit.column(`${name}.inverse`);
            const [g, b] = [gamma.value, beta.value];
            emit.call('layerNormalizationForward', x, g, b, y, mean, inverse, rows, units, stride, epsilon);
            return {
              y,
              backward(dy, [inputWanted]) {
                if (gamma.trainable) {
                  const [dg, db] = [gamma.gradient, beta.gradient];
                  emit.call('layerNormalizationGradients', x, mean, inverse, dy, dg, db, rows, units, stride);
                }
                if (!inputWanted) return [];
                emit.call('layerNormalizationBackward', x, mean, inverse, g, dy, dy, rows, units, stride);
                return [dy];
              },
            };
          },
        },
      ];
    },
  },
);

import {
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../../../src/kernels/twins/losses.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from '../../../src/kernels/twins/losses-binary.js';
import { huber, quantile, tukeyBiweight } from '../../../src/kernels/twins/losses-regression.js';
import { dense, type LayerSpec } from '../../../src/nn/layers/index.js';
import type { LossName, LossSpec } from '../../../src/nn/losses.js';
import { type GradientCase, INPUTS } from './gradient-check.js';
import { definitionOf, lossNames } from './losses.js';

/** A last layer that the loss takes, with outputs in its domain and away from its kinks. */
function head(loss: LossName): LayerSpec {
  const { fuses, needsPositive, targets, domain } = definitionOf(loss);
  if (fuses !== undefined) return dense({ units: 4, activation: fuses });
  if (needsPositive && targets === 'class') return dense({ units: 4, activation: 'softmax' });
  const positive = needsPositive || domain === 'nonNegative';
  return dense({ units: 3, activation: positive ? 'exponential' : 'linear' });
}

const first = dense({ units: 9, inputShape: INPUTS, activation: 'tanh' });

/** What else than defaults is tried. */
const optionCases: readonly LossSpec[] = [
  huber({ delta: 0.3 }),
  huber({ delta: 30, reduction: 'sum' }),
  tukeyBiweight({ delta: 2 }),
  quantile({ tau: 0.2 }),
  binaryCrossentropy({ labelSmoothing: 0.2 }),
  categoricalCrossentropy({ labelSmoothing: 0.2, reduction: 'sum' }),
  sparseCategoricalCrossentropy({ labelSmoothing: 0.2 }),
  binaryFocalCrossentropy({ gamma: 1.5, alpha: 0.7, applyClassBalancing: true, labelSmoothing: 0.1 }),
  categoricalFocalCrossentropy({ gamma: 3, alpha: 0.5, labelSmoothing: 0.1 }),
];

/** Every loss, with weights of rows and in a single output, too. */
export const lossGradientCases: readonly GradientCase[] = [
  ...lossNames.flatMap((loss) => [
    { name: loss, layers: [first, head(loss)], loss },
    { name: `${loss}, weighted rows`, layers: [first, head(loss)], loss, weighted: true },
    ...(['label', 'class'].includes(definitionOf(loss).targets) || loss === 'cosineSimilarity'
      ? []
      : [
          {
            name: `${loss}, a single output`,
            layers: [first, { ...head(loss), units: 1 } as LayerSpec],
            loss,
            weighted: true,
          },
        ]),
  ]),
  ...optionCases.map((loss) => ({ name: JSON.stringify(loss), layers: [first, head(loss.name)], loss })),
];

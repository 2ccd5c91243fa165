import { describe, expect, test } from 'vitest';
import {
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  sparseCategoricalCrossentropy,
} from '../src/kernels/losses.js';
import { binaryCrossentropy, binaryFocalCrossentropy } from '../src/kernels/losses-binary.js';
import { huber, quantile, tukeyBiweight } from '../src/kernels/losses-regression.js';
import { activation, batchNormalization, dense, dropout, type LayerSpec } from '../src/model/layers/index.js';
import type { LossName, LossSpec } from '../src/model/losses.js';
import { l1, l1l2, l2 } from '../src/model/regularizers.js';
import { checkGradients, type GradientCase, INPUTS } from './support/gradient-check.js';
import { definitionOf, lossNames } from './support/losses.js';

/** A last layer that the loss takes, with outputs in its domain and away from its kinks. */
function head(loss: LossName): LayerSpec {
  const { fuses } = definitionOf(loss);
  if (fuses !== undefined) return dense({ units: 4, activation: fuses });
  if (loss === 'klDivergence') return dense({ units: 4, activation: 'softmax' });
  const positive = loss === 'poisson' || loss === 'meanSquaredLogarithmicError';
  return dense({ units: 3, activation: positive ? 'exponential' : 'linear' });
}

const first = dense({ units: 9, inputShape: INPUTS, activation: 'tanh' });

const layerCases: Record<LayerSpec['type'], readonly (readonly LayerSpec[])[]> = {
  dense: [
    [dense({ units: 11, inputShape: INPUTS }), dense({ units: 5, useBias: false })],
    [
      dense({ units: 7, inputShape: INPUTS, kernelRegularizer: l2(0.1) }),
      dense({ units: 9, kernelRegularizer: l2(0.1) }),
    ],
    [
      dense({ units: 8, inputShape: INPUTS, kernelRegularizer: l2(0.2) }),
      dense({ units: 9, kernelRegularizer: l2(0.1) }),
    ],
    [
      dense({ units: 7, inputShape: INPUTS, kernelRegularizer: l1(0.1), biasRegularizer: l1l2({ l1: 0.1, l2: 0.2 }) }),
      dense({ units: 9, kernelRegularizer: l1l2({ l1: 0.1, l2: 0.2 }), biasRegularizer: l2(0.1) }),
    ],
    [
      dense({ units: 7, inputShape: INPUTS, activation: 'tanh', activityRegularizer: l1l2({ l1: 0.1, l2: 0.2 }) }),
      dense({ units: 9, activation: 'relu', activityRegularizer: l2(0.1) }),
      dense({ units: 5, activityRegularizer: l1(0.1), kernelConstraint: 'unitNorm' }),
    ],
  ],
  activation: [[first, activation({ activation: 'sigmoid', activityRegularizer: l2(0.3) })]],
  batchNormalization: [
    [first, batchNormalization()],
    [first, batchNormalization({ gammaRegularizer: l2(0.2), betaRegularizer: l1(0.1) })],
    [
      batchNormalization({ inputShape: INPUTS }),
      dense({ units: 8 }),
      batchNormalization(),
      activation({ activation: 'tanh' }),
    ],
  ],
  dropout: [
    [first, dropout({ rate: 0.4 })],
    [first, dropout({ rate: 0 }), dense({ units: 17, activation: 'sigmoid' }), dropout({ rate: 0.2 })],
  ],
};

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

const cases: readonly GradientCase[] = [
  ...Object.entries(layerCases).flatMap(([type, stacks]) =>
    stacks.map((layers, i) => ({
      name: `${type} ${i}`,
      layers: [...layers, head('meanSquaredError')],
      loss: 'meanSquaredError' as const,
    })),
  ),
  ...lossNames.flatMap((loss) => [
    { name: loss, layers: [first, head(loss)], loss },
    { name: `${loss}, weighted rows`, layers: [first, head(loss)], loss, weighted: true },
    ...(definitionOf(loss).fuses === 'softmax' || /^(kl|c)/.test(loss)
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

describe('float64 central differences', () => {
  test.each(cases)('$name', checkGradients);

  test('every layer type has a case', () => {
    expect(Object.values(layerCases).flat().length).toBeGreaterThan(0);
    const types = new Set(cases.flatMap(({ layers = [] }) => layers.map(({ type }) => type)));
    expect([...types].sort()).toEqual(Object.keys(layerCases).sort());
  });
});

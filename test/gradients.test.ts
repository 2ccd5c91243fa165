import { describe, expect, test } from 'vitest';
import { activation, batchNormalization, dense, dropout, type LayerSpec } from '../src/model/layers/index.js';
import type { LossName } from '../src/model/losses.js';
import { l1, l1l2, l2 } from '../src/model/regularizers.js';
import { checkGradients, type GradientCase, INPUTS } from './support/gradient-check.js';

const head = (loss: LossName): LayerSpec =>
  dense({
    units: loss === 'meanSquaredError' ? 3 : 4,
    activation: loss === 'meanSquaredError' ? 'linear' : loss === 'binaryCrossentropy' ? 'sigmoid' : 'softmax',
  });

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

const losses: readonly LossName[] = [
  'sparseCategoricalCrossentropy',
  'categoricalCrossentropy',
  'binaryCrossentropy',
  'meanSquaredError',
];

const cases: readonly GradientCase[] = [
  ...Object.entries(layerCases).flatMap(([type, stacks]) =>
    stacks.map((layers, i) => ({
      name: `${type} ${i}`,
      layers: [...layers, head('meanSquaredError')],
      loss: losses[3]!,
    })),
  ),
  ...losses.map((loss) => ({ name: loss, layers: [first, head(loss)], loss })),
];

describe('float64 central differences', () => {
  test.each(cases)('$name', checkGradients);

  test('every layer type has a case', () => {
    expect(Object.values(layerCases).flat().length).toBeGreaterThan(0);
    const types = new Set(cases.flatMap(({ layers = [] }) => layers.map(({ type }) => type)));
    expect([...types].sort()).toEqual(Object.keys(layerCases).sort());
  });
});

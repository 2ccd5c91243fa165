import { describe, test } from 'vitest';
import type { ActivationName } from '../src/model/activations.js';
import { activations } from '../src/model/activations.js';
import { activation, dense, type LayerSpec } from '../src/model/layers/index.js';
import type { LossName } from '../src/model/losses.js';
import { checkGradients, type GradientCase, INPUTS } from './support/gradient-check.js';

const head = (loss: LossName): LayerSpec =>
  dense({
    units: loss === 'meanSquaredError' ? 3 : 4,
    activation: loss === 'meanSquaredError' ? 'linear' : loss === 'binaryCrossentropy' ? 'sigmoid' : 'softmax',
  });

const first = dense({ units: 9, inputShape: INPUTS, activation: 'tanh' });

const losses: readonly LossName[] = [
  'sparseCategoricalCrossentropy',
  'categoricalCrossentropy',
  'binaryCrossentropy',
  'meanSquaredError',
];

const cases: readonly GradientCase[] = [
  ...(Object.keys(activations) as ActivationName[]).flatMap((name) => [
    {
      name: `${name} in a dense layer`,
      layers: [dense({ units: 9, inputShape: INPUTS, activation: name }), head('meanSquaredError')],
      loss: losses[3]!,
    },
    {
      name: `${name} as a layer`,
      layers: [dense({ units: 9, inputShape: INPUTS }), activation({ activation: name }), head('meanSquaredError')],
      loss: losses[3]!,
    },
    {
      name: `${name} at the end, not fused`,
      layers: [first, dense({ units: 3, activation: name })],
      loss: losses[3]!,
    },
  ]),
  ...losses.map((loss) => ({ name: loss, layers: [first, head(loss)], loss })),
];

describe('float64 central differences', () => {
  test.each(cases)('$name', checkGradients);
});

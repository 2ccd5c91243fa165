import { describe, test } from 'vitest';
import { checkGradients } from '../support/nn/gradient-check.js';
import { lossGradientCases } from '../support/nn/loss-cases.js';

describe('float64 central differences', () => {
  test.each(lossGradientCases)('$name', checkGradients);
});

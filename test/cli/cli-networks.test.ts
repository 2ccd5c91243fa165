import { expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { networksText } from '../../src/cli/networks.js';
import { model } from '../../src/model/model.js';
import { average, dense } from '../../src/nn/layers/index.js';
import { input } from '../../src/nn/layers/input.js';

/** Networks of two dense layers, and their average. */
function made(networks: number) {
  const x = input({ shape: 3 });
  const outputs = Array.from({ length: networks }, () =>
    dense({ units: 2 }).apply(dense({ units: 8, activation: 'relu' }).apply(x)),
  );
  return model({ inputs: x, outputs: average().apply(outputs), backend: typescript() }).summary();
}

test('networks of one shape stand once, with their number and all their parameters', () => {
  const text = networksText(made(10), 10);
  expect(text).toMatch(/^10 networks of one shape; layers\.0 to layers\.1 are the first of them:\n/);
  expect(text.match(/^layers\.\d+/gm)).toEqual(['layers.0', 'layers.1', 'layers.20']);
  expect(text).toContain('parameters: 500 (500 trainable, 0 not)');
});

test('where networks differ, or there is one, all layers stand', () => {
  const summary = made(2);
  expect(networksText(summary, 1)).toBe(String(summary));
  const other = summary.layers.map((layer, i) => (i === 2 ? { ...layer, parameters: 1 } : layer));
  const changed = { ...summary, layers: other };
  expect(networksText(changed, 2)).toBe(String(changed));
});

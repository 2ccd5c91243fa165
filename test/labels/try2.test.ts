import { expect, test } from 'vitest';
import { gather } from '../../src/data/augment/augmented.js';
import { Validated } from '../../src/data/tabular/validated.js';
import { dense, matrix, sequential, typescript, wasm } from '../../src/index.js';
test.each(['ts','wasm'])('try %s', async (b) => {
  const backend = b === 'ts' ? typescript() : await wasm();
  for (const [units, activation, loss] of [[3,'softmax','sparseCategoricalCrossentropy'],[1,'linear','meanSquaredError']] as const)
  for (const rows of [5, 256, 257, 700]) {
    const m = sequential({ layers: [dense({units: 7, inputShape: 3, activation: 'relu'}), dense({ units, activation })], backend, seed: 1 });
    m.compile({ optimizer: 'adam', loss });
    const x = matrix(Float32Array.from({length: rows*3}, (_, i) => Math.sin(i)), rows, 3);
    const y = Float32Array.from({length: rows}, (_, i) => i % 2);
    const v = new Validated(rows, units);
    let n = 0;
    await m.fit(x, y, { epochs: 2, validationData: [x, y], callbacks: [v.callback, { onEpochEnd() { n++; expect(v.outputs).toEqual(m.predict(x).data); } }] });
    expect(n).toBe(2);
  }
});

import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { Model } from '../../src/callbacks/interfaces.js';
import { type Matrix, matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { activation, batchNormalization, dense, type LayerSpec } from '../../src/nn/layers/index.js';
import { factories, Random, wasmFactory } from '../support/buffers.js';

/** Widths of inputs and outputs on either side of those that are copied in one piece or lie without padding. */
const networks: readonly (readonly [number, readonly LayerSpec[]])[] = [
  [1, [dense({ units: 1, inputShape: 1, activation: 'tanh' })]],
  [2, [dense({ units: 8, inputShape: 2, activation: 'tanh' }), dense({ units: 1, activation: 'sigmoid' })]],
  [16, [dense({ units: 6, inputShape: 16 }), batchNormalization(), activation({ activation: 'relu' })]],
  [40, [dense({ units: 16, inputShape: 40, activation: 'relu' })]],
  [67, [dense({ units: 9, inputShape: 67, activation: 'relu' }), dense({ units: 3, activation: 'softmax' })]],
];

const inputs = (rows: number, columns: number): Matrix => {
  const random = new Random(rows);
  return matrix(
    Float32Array.from({ length: rows * columns }, () => 4 * random.uniform() - 2),
    rows,
    columns,
  );
};

const row = ({ data, columns }: Matrix, r: number) => data.slice(r * columns, (r + 1) * columns);

describe.each(Object.entries(factories))('predicting on %s', (_, backend) => {
  test.each(networks.map(([columns, layers]) => ({ columns, layers })))('$columns inputs', ({ columns, layers }) => {
    const model = sequential({ layers, backend });
    for (const rows of [1, 2, 5, 256, 257, 600]) {
      const x = inputs(rows, columns);
      const before = x.data.slice();
      const together = model.predict(x);
      const units = together.columns;
      expect([together.rows, together.data.length]).toEqual([rows, rows * units]);

      const output = matrix(new Float32Array(rows * units).fill(Number.NaN), rows, units);
      expect(model.predict(x, { output })).toBe(output);
      expect(output.data).toEqual(together.data);
      const longer = new Float32Array(rows * units + 3).fill(-7);
      expect(model.predict(x, { output: longer })).toBe(longer);
      expect(longer).toEqual(Float32Array.of(...together.data, -7, -7, -7));
      expect(model.predict(Array.from({ length: rows }, (_, r) => row(x, r)))).toEqual(together);

      const alone = new Float32Array(units);
      for (const r of [0, 1, 254, 255, 256, 599]) {
        if (r >= rows) continue;
        model.predict(matrix(row(x, r), 1, columns), { output: alone });
        expect(alone).toEqual(row(together, r));
      }
      expect(x.data).toEqual(before);
    }
  });

  test('a column without a matrix around it', () => {
    const model = sequential({ layers: [dense({ units: 2, inputShape: 1, activation: 'tanh' })], backend });
    const x = inputs(300, 1);
    expect(model.predict(x.data)).toEqual(model.predict(x));
    expect(model.predict([...x.data], { output: new Float32Array(600) })).toEqual(model.predict(x).data);
  });
});

test('a matrix of rows', () => {
  const made = matrix([[1, 2], new Float64Array([3, 4]), [5, 6]]);
  expect(made).toEqual(matrix([1, 2, 3, 4, 5, 6], 3, 2));
  expect(JSON.parse(JSON.stringify(made))).toEqual({ data: [1, 2, 3, 4, 5, 6], rows: 3, columns: 2 });
});

describe('output', () => {
  const model: Model = sequential({ layers: [dense({ units: 2, inputShape: 3 })], backend: wasmFactory });
  const buffer = new Float32Array(64);
  const at = (from: number, length: number) => buffer.subarray(from, from + length);

  test('beside x in one buffer is fine, over it is not', () => {
    const x = matrix(at(20, 6), 2, 3);
    for (const from of [0, 16, 26, 60]) expect(() => model.predict(x, { output: at(from, 4) })).not.toThrow();
    for (const from of [17, 18, 20, 22, 25]) {
      const output = at(from, 4).fill(from % 2);
      expect(() => model.predict(x, { output })).toThrow(/^output: expected memory apart from x/);
      expect(output).toEqual(new Float32Array(4).fill(from % 2));
    }
    const whole = matrix(at(0, 6), 2, 3);
    expect(() => model.predict(whole, { output: buffer })).toThrow(/apart/);
    expect(() => model.predict([at(0, 3), at(10, 3)], { output: at(12, 4) })).toThrow(/apart/);
    expect(() => model.predict([at(0, 3), at(10, 3)], { output: at(3, 4) })).not.toThrow();
    const bytes = { data: new Uint8Array(buffer.buffer, 40, 6), rows: 2, columns: 3 };
    expect(() => model.predict(bytes, { output: at(8, 4) })).toThrow(/apart/);
    expect(() => model.predict(bytes, { output: at(12, 4) })).not.toThrow();
  });

  // [where x lies, its rows; where output lies, its length]: short and long ones, in one buffer.
  const places = [
    [0, 1, 0, 2],
    [0, 1, 2, 2],
    [0, 1, 3, 2],
    [2, 1, 0, 2],
    [2, 1, 0, 3],
    [0, 8, 4, 16],
    [0, 8, 24, 16],
    [0, 8, 23, 40],
    [30, 1, 0, 31],
    [30, 1, 0, 30],
    [0, 12, 35, 24],
    [0, 12, 36, 24],
  ] as const;
  const memories = { 'an ArrayBuffer': ArrayBuffer, 'shared memory': SharedArrayBuffer };
  describe.each(Object.entries(memories))('is never written to, to find out whether it is x: %s', (_, Memory) => {
    const values: readonly [string, (i: number) => number][] = [
      ['zeros', () => 0],
      ['numbers', (i) => i + 0.5],
    ];
    describe.each(values)('%s', (_, value) => {
      test.each(places)('x at %i, %i rows; output at %i, %i numbers', (start, rows, from, length) => {
        const memory = new Memory(4 * 80);
        new Float32Array(memory).forEach((_, i, all) => {
          all[i] = value(i);
        });
        const x = matrix(new Float32Array(memory, 4 * start, 3 * rows), rows, 3);
        const own = new Float32Array(memory, 4 * from, length);
        const written: unknown[] = [];
        // Tells of every write before the outputs themselves, which come by `set` or one by one where nothing overlaps.
        const output = new Proxy(own, {
          get(target, key) {
            const held: unknown = Reflect.get(target, key, target);
            return typeof held === 'function' ? held.bind(target) : held;
          },
          set(target, key, given) {
            written.push(key);
            return Reflect.set(target, key, given, target);
          },
        });
        const overlapping = start < from + length && from < start + 3 * rows;
        const before = own.slice();
        if (overlapping) {
          expect(() => model.predict(x, { output })).toThrow(/^output: expected memory apart from x/);
          expect(written).toEqual([]);
          expect(own).toEqual(before);
        } else {
          expect(() => model.predict(x, { output: own })).not.toThrow();
        }
      });
    });
  });

  test('of the same numbers as x, elsewhere, is fine', () => {
    for (const length of [2, 16, 17, 64]) {
      const x = matrix(new Float32Array(3 * 8).fill(Number.MIN_VALUE), 1, 24);
      const wide = sequential({ layers: [dense({ units: 2, inputShape: 24 })], backend: wasmFactory });
      expect(() => wide.predict(x, { output: new Float32Array(length) })).not.toThrow();
      expect(() => wide.predict(x, { output: new Float32Array(length).fill(Number.NaN) })).not.toThrow();
    }
  });

  test('stays as it is where x or output is refused', () => {
    const output = new Float32Array(1200).fill(5);
    const bad = inputs(600, 3);
    bad.data[1799] = Number.NaN;
    expect(() => model.predict(bad, { output })).toThrow(/x, row 599, column 2/);
    expect(() => model.predict(inputs(601, 3), { output })).toThrow(/at least 601 x 2 = 1202 numbers/);
    expect(output.every((value) => value === 5)).toBe(true);
  });

  test('matrices go through JSON', () => {
    const output = model.predict(inputs(4, 3));
    expect(JSON.parse(JSON.stringify(output))).toEqual({ data: [...output.data], rows: 4, columns: 2 });
    expect({ ...output }).toEqual({ data: output.data, rows: 4, columns: 2 });
  });
});

/**
 * Bytes per call on V8's heap. The young generation is large enough that nothing is collected meanwhile, and the least of
 * several rounds leaves out what compilers allocate. The exponentials of the TypeScript backend return numbers through
 * calls that V8 does not inline, and so box them; its networks here have none.
 */
const measuring = `
  import { dense, matrix, sequential, typescript, wasm } from ${JSON.stringify(new URL('../../build/index.js', import.meta.url).href)};
  const CALLS = 200_000;
  function bytesPerCall(work) {
    let least = Infinity;
    for (let round = 0; round < 4; round++) {
      gc();
      const before = process.memoryUsage();
      for (let i = 0; i < CALLS; i++) work();
      const after = process.memoryUsage();
      const grown = after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
      least = Math.min(least, grown / CALLS);
    }
    return least;
  }
  const layers = (inputs, units, activations) => [
    dense({ units: 8, activation: activations[0], inputShape: inputs }), dense({ units, activation: activations[1] })];
  const nothing = {};
  for (const [backend, activations] of [[await wasm(), ['tanh', 'sigmoid']], [typescript(), ['relu', 'linear']]]) {
    for (const [inputs, units] of [[2, 1], [70, 3], [48, 40]]) {
      const model = sequential({ layers: layers(inputs, units, activations), backend });
      const x = matrix(new Float32Array(inputs).fill(0.3), 1, inputs);
      const options = { output: matrix(new Float32Array(units), 1, units) };
      nothing[[backend.name, inputs, units, 'matrix']] = bytesPerCall(() => model.predict(x, options));
    }
    const model = sequential({ layers: layers(1, 1, activations), backend });
    const [x, options] = [new Float32Array([0.3]), { output: new Float32Array(1) }];
    nothing[[backend.name, 'flat']] = bytesPerCall(() => model.predict(x, options));
  }
  const model = sequential({ layers: layers(2, 1, ['tanh', 'sigmoid']), backend: await wasm() });
  const x = matrix(new Float32Array(2), 1, 2);
  let kept;
  console.log(JSON.stringify({
    nothing,
    predicted: bytesPerCall(() => { kept = model.predict(x); }),
    made: bytesPerCall(() => { kept = { data: new Float32Array(1), rows: 1, columns: 1 }; }),
  }));
`;

test('with output, 200,000 predictions of a row allocate nothing, without it their results', () => {
  const flags = ['--expose-gc', '--min-semi-space-size=64', '--max-semi-space-size=64', '--input-type=module'];
  const { stdout, stderr } = spawnSync(process.execPath, [...flags, '-e', measuring], { encoding: 'utf8' });
  expect(stderr).toBe('');
  const { nothing, predicted, made } = JSON.parse(stdout);
  expect(Object.keys(nothing)).toHaveLength(8);
  // The smallest object takes 8 bytes.
  for (const bytes of Object.values(nothing)) expect(bytes, stdout).toBeLessThan(1);
  expect(made).toBeGreaterThan(50);
  expect(predicted, stdout).toBeLessThan(made + 1);
});

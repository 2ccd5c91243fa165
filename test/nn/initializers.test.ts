import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { log } from '../../src/kernels/lib/logarithm.js';
import { stream } from '../../src/kernels/lib/philox.js';
import { sequential } from '../../src/model/model.js';
import { initialize, makeInitializer } from '../../src/nn/initializers/initialization.js';
import {
  calculateGain,
  constant,
  heNormal,
  heUniform,
  identity,
  lecunUniform,
  orthogonal,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
} from '../../src/nn/initializers/initializers.js';
import type { InitializerSpec } from '../../src/nn/initializers/spec.js';
import { batchNormalization, dense } from '../../src/nn/layers/index.js';
import type { InitializerTable } from '../../src/nn/registry.js';
import { initializerTable } from '../../src/nn/registry.js';
import { initializerFromSpec } from '../../src/nn/specs.js';
import { factories, wasmFactory } from '../support/buffers.js';
import {
  truncatedNormal as cutNormal,
  type Distribution,
  kolmogorovSmirnov,
  normal,
  normalCdf,
  uniform,
} from '../support/distributions.js';
import { testSome } from '../support/effort.js';

const [FAN_IN, FAN_OUT] = [800, 1250];
const SUM = FAN_IN + FAN_OUT;
const around0 = (limit: number) => uniform(-limit, limit);

interface Drawn {
  readonly spec: keyof InitializerTable | InitializerSpec;
  readonly follows: Distribution;
}

const scaled = (options: Parameters<typeof varianceScaling>[0], follows: Distribution): Drawn => ({
  spec: varianceScaling(options),
  follows,
});

/** What a million draws of each initializer follow; those without draws have tests of their own. */
const table: Record<keyof InitializerTable, readonly Drawn[] | 'not random'> = {
  zeros: 'not random',
  ones: 'not random',
  constant: 'not random',
  identity: 'not random',
  randomNormal: [
    { spec: 'randomNormal', follows: normal(0, 0.05) },
    { spec: randomNormal({ mean: 1, stddev: 0.2 }), follows: normal(1, 0.2) },
  ],
  randomUniform: [
    { spec: 'randomUniform', follows: uniform(-0.05, 0.05) },
    { spec: randomUniform({ minval: 0.5, maxval: 2 }), follows: uniform(0.5, 2) },
  ],
  truncatedNormal: [
    { spec: 'truncatedNormal', follows: cutNormal(0, 0.05) },
    { spec: truncatedNormal({ mean: -1, stddev: 2 }), follows: cutNormal(-1, 2) },
  ],
  varianceScaling: [
    { spec: 'varianceScaling', follows: cutNormal(0, Math.sqrt(1 / FAN_IN) / 0.87962566103423978) },
    scaled({ scale: 2, distribution: 'untruncatedNormal', mode: 'fanOut' }, normal(0, Math.sqrt(2 / FAN_OUT))),
    scaled({ scale: 3, distribution: 'uniform', mode: 'fanAvg' }, around0(Math.sqrt(9 / (SUM / 2)))),
  ],
  glorotUniform: [{ spec: 'glorotUniform', follows: around0(Math.sqrt(6 / SUM)) }],
  glorotNormal: [{ spec: 'glorotNormal', follows: normal(0, Math.sqrt(2 / SUM)) }],
  heUniform: [{ spec: 'heUniform', follows: around0(Math.sqrt(6 / FAN_IN)) }],
  heNormal: [{ spec: 'heNormal', follows: normal(0, Math.sqrt(2 / FAN_IN)) }],
  lecunUniform: [{ spec: 'lecunUniform', follows: around0(Math.sqrt(3 / FAN_IN)) }],
  lecunNormal: [{ spec: 'lecunNormal', follows: normal(0, Math.sqrt(1 / FAN_IN)) }],
  fanInUniform: [{ spec: 'fanInUniform', follows: around0(1 / Math.sqrt(FAN_IN)) }],
  // The first column's first element over the root of the length is nearly normal; see the tests of its own.
  orthogonal: 'not random',
};

const drawn = Object.entries(table).flatMap(([name, cases]) =>
  cases === 'not random' ? [] : cases.map((item, i) => ({ name: `${name} ${i}`, ...item })),
);

const draw = (spec: unknown, fanIn: number, fanOut: number, seed = 5, at = 0) =>
  initialize(
    makeInitializer(initializerFromSpec(spec), 'test'),
    fanIn,
    fanOut,
    seed,
    stream('initialization', at),
    log,
  );

function moments(values: Float32Array) {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length;
  return { mean, variance };
}

describe('a million draws', () => {
  testSome(drawn)('$name', ({ spec, follows }) => {
    const values = draw(spec, FAN_IN, FAN_OUT);
    const n = values.length;
    expect(n).toBe(1e6);
    const { mean, variance } = moments(values);
    expect(Math.abs(mean - follows.mean)).toBeLessThan(5 * Math.sqrt(follows.variance / n));
    expect(Math.abs(variance / follows.variance - 1)).toBeLessThan(5 * Math.sqrt(2 / n));
    const inside = (v: number) => v >= Math.fround(follows.low) && v <= Math.fround(follows.high);
    expect(values.every(inside)).toBe(true);
    expect(kolmogorovSmirnov(values, follows)).toBeGreaterThan(1e-4);
  });

  test('the test itself tells distributions apart', () => {
    const values = draw('heNormal', FAN_IN, FAN_OUT);
    const { follows } = drawn.find(({ spec }) => spec === 'heNormal')!;
    const sd = Math.sqrt(follows.variance);
    expect(kolmogorovSmirnov(values, cutNormal(0, sd / 0.87962566103423978))).toBeLessThan(1e-6);
    expect(kolmogorovSmirnov(values, normal(0, sd * 1.01))).toBeLessThan(1e-4);
    expect(kolmogorovSmirnov(draw('heUniform', FAN_IN, FAN_OUT), uniform(-0.0875, 0.0875))).toBeLessThan(1e-4);
    expect(normalCdf(1.959963984540054)).toBeCloseTo(0.975, 14);
    expect(normalCdf(-5)).toBeCloseTo(2.866515718791933e-7, 20);
  });

  test('the constant of truncated scaling is the deviation of a normal cut at two', () => {
    expect(Math.sqrt(cutNormal(0, 1).variance)).toBeCloseTo(0.87962566103423978, 14);
  });
});

interface Fixture {
  readonly gains: Record<Parameters<typeof calculateGain>[0], number>;
  readonly 'leakyReluOfSlope0.2': number;
  readonly cases: Record<string, readonly FixtureCase[]>;
}

interface FixtureCase {
  readonly options?: object;
  readonly fanIn: number;
  readonly fanOut: number;
  readonly low?: number;
  readonly high?: number;
  readonly stddev?: number;
}

const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/parts/initializers.json', import.meta.url), 'utf8'),
);

describe('limits and deviations of PyTorch and Keras', () => {
  const cases = Object.entries(fixture.cases).flatMap(([name, list]) => list.map((item) => ({ name, item })));

  test.each(cases)('$name of $item.fanIn x $item.fanOut', ({ name, item }) => {
    const { options, fanIn, fanOut, low, high, stddev } = item;
    const each = fanIn * fanOut;
    const values = new Float32Array(Math.ceil(2e5 / each) * each);
    for (let i = 0; i < values.length; i += each) values.set(draw({ name, ...options }, fanIn, fanOut, 3, i), i);
    if (high !== undefined) {
      const top = values.reduce((max, v) => Math.max(max, v), 0);
      const bottom = values.reduce((min, v) => Math.min(min, v), 0);
      expect(top).toBeLessThanOrEqual(Math.fround(high));
      expect(top).toBeGreaterThan(high * 0.9995);
      expect(bottom).toBeLessThan(low! * 0.9995);
    } else {
      const cut = options && 'distribution' in options && options.distribution === 'truncatedNormal';
      const expected = cut ? cutNormal(0, stddev!) : normal(0, stddev!);
      const deviation = Math.sqrt(moments(values).variance);
      expect(Math.abs(deviation / Math.sqrt(expected.variance) - 1)).toBeLessThan(0.008);
    }
  });

  test('every initializer that scales by fans has a fixture', () => {
    const fans = Object.keys(initializerTable).filter((name) => /^(glorot|he|lecun|fanIn|variance)/.test(name));
    expect(Object.keys(fixture.cases).sort()).toEqual(fans.sort());
  });

  test.each(Object.entries(fixture.gains))('the gain of %s', (name, gain) => {
    expect(calculateGain(name as 'tanh')).toBe(gain);
    expect(calculateGain('leakyRelu', 0.2)).toBe(fixture['leakyReluOfSlope0.2']);
  });
});

describe('those that do not draw', () => {
  test('zeros, ones, constant', () => {
    expect([...draw('zeros', 2, 2)]).toEqual([0, 0, 0, 0]);
    expect([...draw('ones', 2, 2)]).toEqual([1, 1, 1, 1]);
    expect([...draw('constant', 1, 2)]).toEqual([0, 0]);
    expect([...draw(constant({ value: -0.25 }), 1, 3)]).toEqual([-0.25, -0.25, -0.25]);
  });

  test('identity, of any shape', () => {
    expect([...draw('identity', 2, 2)]).toEqual([1, 0, 0, 1]);
    expect([...draw(identity({ gain: 0.5 }), 2, 3)]).toEqual([0.5, 0, 0, 0, 0.5, 0]);
    expect([...draw('identity', 3, 2)]).toEqual([1, 0, 0, 1, 0, 0]);
  });
});

describe('orthogonal', () => {
  /** Products of all pairs of columns, or of rows. */
  function gram(w: Float32Array, rows: number, columns: number, ofRows: boolean): number[][] {
    const count = ofRows ? rows : columns;
    const at = (k: number, i: number) => (ofRows ? w[k * columns + i]! : w[i * columns + k]!);
    const n = ofRows ? columns : rows;
    const product = (a: number, b: number) =>
      Array.from({ length: n }, (_, i) => at(a, i) * at(b, i)).reduce((s, v) => s + v, 0);
    return Array.from({ length: count }, (_, a) => Array.from({ length: count }, (_, b) => product(a, b)));
  }

  test.each([
    [90, 33, 1],
    [33, 90, 1],
    [64, 64, 5 / 3],
    [257, 130, Math.SQRT2],
    [1, 7, 2],
    [7, 1, 2],
    [1, 1, 3],
    [2, 2, 1],
  ])('%i x %i with gain %f', (rows, columns, gain) => {
    const w = draw(orthogonal({ gain }), rows, columns);
    gram(w, rows, columns, rows < columns).forEach((row, a) => {
      row.forEach((value, b) => {
        expect(Math.abs(value - (a === b ? gain * gain : 0))).toBeLessThan(1e-5);
      });
    });
  });

  test('all directions are alike likely', () => {
    const first = Float32Array.from({ length: 4000 }, (_, i) => draw('orthogonal', 3, 3, 1, i)[i % 9]!);
    // A coordinate of a uniform point on the sphere is uniform (Archimedes).
    expect(kolmogorovSmirnov(first, uniform(-1, 1))).toBeGreaterThan(1e-4);
    const turned = first.filter((_, i) => i % 2 === 0).reduce((sum, v) => sum + Math.sign(v), 0);
    expect(Math.abs(turned)).toBeLessThan(5 * Math.sqrt(2000));
  });
});

describe('streams and seeds', () => {
  const random = Object.keys(initializerTable).filter((name) => {
    return initializerTable[name as keyof InitializerTable].definition.random;
  }) as (keyof InitializerTable)[];

  test.each(random)('%s', (name) => {
    expect(draw(name, 9, 7)).toEqual(draw(name, 9, 7));
    expect(draw(name, 9, 7, 5, 0)).not.toEqual(draw(name, 9, 7, 5, 1));
    expect(draw(name, 9, 7, 5)).not.toEqual(draw(name, 9, 7, 6));
    expect(draw({ name, seed: 6 }, 9, 7, 5)).toEqual(draw(name, 9, 7, 6));
  });

  test('in a model: every backend the same bits, every layer others, a seed of its own keeps one layer', () => {
    const layers = [
      dense({ units: 6, inputShape: 6, kernelInitializer: heNormal({ seed: 1 }) }),
      dense({ units: 6, kernelInitializer: heNormal({ seed: 1 }), biasInitializer: 'lecunUniform' }),
      batchNormalization(),
      dense({ units: 6, kernelInitializer: orthogonal({ gain: Math.SQRT2 }), biasInitializer: constant({ value: 1 }) }),
    ];
    const [a, b] = Object.values(factories).map((backend) => sequential({ layers, backend, seed: 3 }).getWeights());
    expect(a).toEqual(b);
    expect(a!['layers.0.kernel']!.data).not.toEqual(a!['layers.1.kernel']!.data);
    expect([...a!['layers.3.bias']!.data]).toEqual([1, 1, 1, 1, 1, 1]);
    // Fans of a bias are 1 and its units.
    expect(a!['layers.1.bias']!.data).toEqual(draw(lecunUniform(), 1, 6, 3, 3));
    const c = sequential({ layers, backend: wasmFactory, seed: 4 }).getWeights();
    expect(c['layers.0.kernel']).toEqual(a!['layers.0.kernel']);
    expect(c['layers.3.kernel']).not.toEqual(a!['layers.3.kernel']);
  });

  test('specs are plain data, names and functions say the same', () => {
    expect(JSON.parse(JSON.stringify(varianceScaling({ seed: 2 })))).toEqual({
      name: 'varianceScaling',
      scale: 1,
      mode: 'fanIn',
      distribution: 'truncatedNormal',
      seed: 2,
    });
    expect(draw(heUniform(), 4, 4)).toEqual(draw('heUniform', 4, 4));
    expect(draw({ name: 'orthogonal' }, 4, 4)).toEqual(draw('orthogonal', 4, 4));
    const layers = [dense({ units: 3, inputShape: 2, kernelInitializer: { name: 'constant', value: 2 } })];
    const model = sequential({ layers, backend: wasmFactory });
    expect(model.getWeights()['layers.0.kernel']!.data).toEqual(new Float32Array(6).fill(2));
    expect(sequential({ ...model.spec, backend: wasmFactory }).getWeights()).toEqual(model.getWeights());
  });
});

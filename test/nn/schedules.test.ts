import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { cos, exp, log, pow } from '../../src/kernels/lib/elementary.js';
import type { Schedule } from '../../src/kernels/lib/update.js';
import { adam } from '../../src/kernels/twins/adam.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { makeRate } from '../../src/nn/optimizers/rate.js';
import { cosine, oneCycle, stepDecay, warmup } from '../../src/nn/optimizers/schedules.js';
import { scheduleTable } from '../../src/nn/registry.js';
import { optimizerFromSpec, scheduleFromSpec } from '../../src/nn/specs.js';
import { factories, Random } from '../support/buffers.js';

/** As fixtures/pytorch/parts/schedules.py describes it. */
const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/parts/schedules.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly {
    readonly name: keyof typeof scheduleTable;
    readonly options: object;
    readonly source: string;
    readonly rates: readonly number[];
  }[];
};

/** Units of the last place of float64 between a value and the engine's. */
function ulps(value: number, exact: number): number {
  return Math.abs(value - exact) / 2 ** (Math.floor(Math.log2(Math.abs(exact))) - 52);
}

describe('elementary functions in float64', () => {
  const table = [
    { name: 'exp', f: exp, exact: Math.exp, low: -700, high: 709, limit: 2 },
    { name: 'exp near 0', f: exp, exact: Math.exp, low: -1, high: 1, limit: 2 },
    { name: 'log', f: log, exact: Math.log, low: 0, high: 10, limit: 2 },
    { name: 'log of large numbers', f: log, exact: Math.log, low: 1, high: 1e300, limit: 2 },
    // Within a few ulp of 1, and so near its zeros not of itself.
    { name: 'cos', f: (x: number) => cos(x) + 2, exact: (x: number) => Math.cos(x) + 2, low: -20, high: 20, limit: 2 },
    { name: 'cos away from zeros', f: cos, exact: Math.cos, low: -0.78, high: 0.78, limit: 2 },
    { name: 'pow', f: (x: number) => pow(0.3, x), exact: (x: number) => 0.3 ** x, low: 0, high: 10, limit: 24 },
  ];

  test.each(table)('$name stays within $limit ulp', ({ f, exact, low, high, limit }) => {
    const random = new Random(2);
    let worst = 0;
    for (let i = 0; i < 100_000; i++) {
      const x = low + (high - low) * random.uniform();
      worst = Math.max(worst, ulps(f(x), exact(x)));
    }
    expect(worst).toBeLessThanOrEqual(limit);
  });

  test.each([
    [exp(0), 1],
    [exp(-Infinity), 0],
    [exp(Infinity), Infinity],
    [exp(710), Infinity],
    [exp(Number.NaN), Number.NaN],
    [log(1), 0],
    [log(0), -Infinity],
    [log(-1), Number.NaN],
    [log(Infinity), Infinity],
    [cos(0), 1],
    [cos(Math.PI), -1],
    [pow(0.5, 3), 0.125],
    [pow(2, -2), 0.25],
    [pow(0, 0.5), 0],
    [pow(0, 0), 1],
  ])('%d is %d', (value, expected) => {
    expect(value).toBe(expected);
  });
});

test('the fixtures hold every schedule', () => {
  expect(new Set(cases.map(({ name }) => name))).toEqual(new Set(Object.keys(scheduleTable)));
});

test.each(cases)('$name $options is $source', ({ name, options, rates }) => {
  const nested = (options as { schedule?: Schedule | number }).schedule;
  const given = nested === undefined ? options : { ...options, schedule: scheduleFromSpec(nested) };
  const spec = (scheduleTable[name] as (options: object) => Schedule)(given);
  expect(spec.name).toBe(name);
  const rate = makeRate(scheduleFromSpec(JSON.parse(JSON.stringify(spec)) as Schedule), 'learningRate');
  rates.forEach((expected, t) => {
    // Atol for what PyTorch's recursive forms leave of cancelling terms.
    expect(Math.abs(rate(t) - expected), `step ${t}: ${rate(t)} for ${expected}`).toBeLessThan(
      1e-11 * expected + 1e-15,
    );
  });
});

describe('edges', () => {
  const ends = (spec: Schedule, ...t: number[]) => t.map(makeRate(spec, 'learningRate'));

  test('schedules end where they say and stay there', () => {
    expect(ends(cosine({ initialLearningRate: 2, decaySteps: 4, alpha: 0.5 }), 0, 4, 1e9)).toEqual([2, 1, 1]);
    const [first, top, ...last] = ends(oneCycle({ maxLearningRate: 1, totalSteps: 10 }), 0, 2, 9, 10, 1e9);
    expect(first).toBeCloseTo(0.04, 15);
    expect(top).toBe(1);
    for (const rate of last) expect(rate).toBeCloseTo(4e-6, 18);
  });

  test('one cycle of a step or two is finite', () => {
    for (const totalSteps of [1, 2, 3]) {
      for (const pctStart of [0, 0.3, 1]) {
        const rates = ends(oneCycle({ maxLearningRate: 1, totalSteps, pctStart }), 0, 1, 2, 3);
        expect(
          rates.every((rate) => rate >= 0 && rate <= 1),
          `${totalSteps} ${pctStart}: ${rates}`,
        ).toBe(true);
      }
    }
  });
});

describe.each(Object.entries(factories))('%s', (_, backend) => {
  const learningRate = warmup({ schedule: stepDecay({ initialLearningRate: 0.5, decaySteps: 2 }), warmupSteps: 2 });

  function model(optimizer: Parameters<ReturnType<typeof sequential>['compile']>[0]['optimizer']) {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1, kernelInitializer: 'zeros' })], backend });
    model.compile({ optimizer, loss: 'meanSquaredError' });
    return model;
  }

  test('steps take the rate of their schedule, and the model tells the next one', () => {
    const scheduled = model(sgd({ learningRate }));
    const byHand = model(sgd());
    const told: number[] = [];
    for (const rate of [0, 0.25, 0.5, 0.5, 0.05, 0.05]) {
      byHand.learningRate = rate;
      told.push(scheduled.learningRate);
      expect(scheduled.learningRate).toBeCloseTo(rate, 15);
      scheduled.trainOnBatch([[1]], [1]);
      byHand.trainOnBatch([[1]], [1]);
      expect(scheduled.getWeights()['layers.0.bias']!.data[0]).toBeCloseTo(
        byHand.getWeights()['layers.0.bias']!.data[0]!,
        6,
      );
    }
    expect(told[0]).toBe(0);
  });

  test('a schedule is data', () => {
    const written = model(
      optimizerFromSpec({
        name: 'adam',
        learningRate: { name: 'cosine', initialLearningRate: 0.5, decaySteps: 4, alpha: 0.5 },
      } as never),
    );
    const rates = [0, 1, 2, 3, 4, 5].map(() => {
      const { learningRate } = written;
      written.trainOnBatch([[1]], [1]);
      return learningRate;
    });
    expect(rates[0]).toBe(0.5);
    expect(rates[2]).toBeCloseTo(0.375, 15);
    expect(rates.slice(4)).toEqual([0.25, 0.25]);
  });

  test('a rate that is set ends the schedule, until the model is compiled again', async () => {
    const trained = model(adam({ learningRate }));
    await trained.fit([[1], [2]], [1, 2], { batchSize: 1, epochs: 2, shuffle: false });
    expect(trained.learningRate).toBeCloseTo(0.05, 15);
    trained.learningRate = 0.125;
    trained.trainOnBatch([[1]], [1]);
    expect(trained.learningRate).toBe(0.125);
    trained.compile({ optimizer: adam({ learningRate }), loss: 'meanSquaredError' });
    expect(trained.learningRate).toBe(0);
  });
});

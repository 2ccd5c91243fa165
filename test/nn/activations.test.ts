import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { takeStep } from '../../src/engine/steps.js';
import { RESERVED_ELEMENTS } from '../../src/kernels/contract.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import { type ActivationEntry, activationPlans, activationTable } from '../../src/kernels/tables.js';
import { gelu, selu } from '../../src/kernels/twins/gates.js';
import { matrix } from '../../src/matrix.js';
import { modelFromSpec } from '../../src/model/from-spec.js';
import { sequential } from '../../src/model/model.js';
import { activation, dense, type LayerSpec } from '../../src/nn/layers/index.js';
import { allFactories, factories, Random, wasmFactory } from '../support/buffers.js';
import { runActivation } from '../support/nn/activation-run.js';
import { checkGradients, INPUTS } from '../support/nn/gradient-check.js';
import { build, clouds, makeEngine } from '../support/nn/models.js';

type Spec = ReturnType<typeof activationPlans>[number]['spec'];
type Values = readonly (number | string)[];

interface Fixture {
  readonly activation: Spec;
  readonly y: Values;
  readonly dx: Values;
}

/** As fixtures/pytorch/parts/activations.py describes it. */
const fixtures = JSON.parse(
  readFileSync(new URL('../fixtures/pytorch/parts/activations.json', import.meta.url), 'utf8'),
) as {
  readonly x: Values;
  readonly special: Values;
  readonly cases: readonly (Fixture & { readonly special: Values })[];
  readonly rows: readonly (Fixture & { readonly columns: number; readonly x: Values; readonly dy: Values })[];
  readonly units: readonly (Fixture & {
    readonly columns: number;
    readonly x: Values;
    readonly slopes: Values;
    readonly dslopes: Values;
  })[];
};

const plans = activationPlans().map((item) => ({ ...item, label: JSON.stringify(item.spec) }));
const float32 = (values: Values) => values.map((value) => Math.fround(Number(value)));
const keyOf = (spec: Spec) => JSON.stringify(spec);
const planOf = (spec: Spec) => plans.find((item) => keyOf(item.spec) === keyOf(spec))!.plan;

/** A float32 computation against a float64 one. */
function expectClose(what: string, actual: readonly number[], expected: Values, x: Values): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    const reference = Math.fround(Number(expected[i]));
    const close = Object.is(value, reference) || Math.abs(value - reference) <= 1e-5 + 1.3e-6 * Math.abs(reference);
    expect(close, `${what} at ${x[i]}: ${value} for ${reference}`).toBe(true);
  });
}

test('every activation, with its defaults and each variant, has a fixture', () => {
  const known = [...fixtures.cases, ...fixtures.rows, ...fixtures.units].map((item) => keyOf(item.activation));
  expect(known.sort()).toEqual(plans.map(({ spec }) => keyOf(spec)).sort());
});

describe.each(Object.entries(allFactories))('%s computes what PyTorch does', (_, factory) => {
  test.each(fixtures.cases)('$activation', ({ activation: spec, y, dx, special }) => {
    const run = (x: readonly number[]) =>
      runActivation(factory, planOf(spec), { x, dy: x.map(() => 1), columns: x.length });
    const result = run(float32(fixtures.x));
    expectClose('y', result.y, y, fixtures.x);
    expectClose('dx', result.dx, dx, fixtures.x);
    // PyTorch multiplies -Infinity by 0.
    const ends = keyOf(spec) === keyOf(gelu());
    const limits = special.map((value, i) => (ends && Number(fixtures.special[i]) === -Infinity ? 0 : value));
    expectClose('y', run(float32(fixtures.special)).y, limits, fixtures.special);
  });

  test.each([...fixtures.rows, ...fixtures.units])('$activation of rows', (item) => {
    const x = float32(item.x);
    const dy = 'dy' in item ? float32(item.dy) : x.map(() => 1);
    const slopes = 'slopes' in item ? float32(item.slopes) : [];
    const result = runActivation(factory, planOf(item.activation), { x, dy, slopes, columns: item.columns });
    expectClose('y', result.y, item.y, item.x);
    expectClose('dx', result.dx, item.dx, item.x);
    if ('dslopes' in item) expectClose('dslopes', result.dslopes, item.dslopes, item.slopes);
  });
});

describe.each(Object.entries(factories))('%s', (_, factory) => {
  test('pinned: selu', () => {
    const [a, b] = runActivation(factory, selu.definition.plan({}), { x: [-1, -1e-8], dy: [1, 1], columns: 2 }).y;
    expect(a).toBeCloseTo(-1.1113307378, 6);
    expect(Math.abs(b! / -1.7580993e-8 - 1)).toBeLessThan(1e-7);
  });

  test.each(plans)('$label: NaN stays NaN, zeros are exact', ({ spec, plan }) => {
    const x = [Number.NaN, 0, -0, 1];
    const { y } = runActivation(factory, plan, { x, dy: [1, 1, 1, 1], columns: plan.shape === 'rows' ? 1 : 4 });
    if (spec.name === 'softmax' || spec.name === 'logSoftmax') expect(y[0]).toBeNaN();
    else {
      expect(y[0]).toBeNaN();
      expect(y[1] === y[2]).toBe(true);
    }
  });
});

test('both backends return the same bits wherever floating point goes', () => {
  const random = new Random(3);
  const bits = new Uint32Array(1 << 14);
  const x = new Float32Array(bits.buffer);
  for (let i = 0; i < bits.length; i++) bits[i] = random.uint32();
  const [input, dy] = [[...x], Array.from(x, () => random.number())];
  for (const { spec, plan } of plans) {
    if (plan.shape === 'rows') continue;
    const slopes = [0.25, -2, 0, 1, 3, 0.5, 0.1, 7];
    const [a, b] = Object.values(factories).map((f) => runActivation(f, plan, { x: input, dy, slopes, columns: 8 }));
    expect(a!.y, keyOf(spec)).toEqual(b!.y);
    expect(a!.dx, keyOf(spec)).toEqual(b!.dx);
  }
});

/** erfc for z >= 0 by Kummer's series, then a continued fraction. */
function erfc(z: number): number {
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let n = 1; n < 120; n++) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return 1 - (2 / Math.sqrt(Math.PI)) * Math.exp(-z * z) * sum;
  }
  let fraction = z;
  for (let n = 60; n > 0; n--) fraction = z + n / 2 / fraction;
  return Math.exp(-z * z) / Math.sqrt(Math.PI) / fraction;
}

const below = (x: number) => (x < 0 ? erfc(-x / Math.SQRT2) / 2 : 1 - erfc(x / Math.SQRT2) / 2);
const tanhGelu = (x: number) => x / (1 + Math.exp(-2 * Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
const SELU = { alpha: 1.6732632423543772, lambda: 1.0507009873554805 };

/** Units in the last place from float64 over a range. Where e^-x^2 is small, gelu is held to a relative error instead. */
const precision = [
  { name: 'sigmoid', f: (x: number) => 1 / (1 + Math.exp(-x)), low: -80, high: 40, limit: 2.5 },
  { name: 'tanh', f: Math.tanh, low: -12, high: 12, limit: 1.5 },
  { name: 'elu', f: (x: number) => (x < 0 ? Math.expm1(x) : x), low: -90, high: 2, limit: 2.5 },
  {
    name: 'selu',
    f: (x: number) => SELU.lambda * (x < 0 ? SELU.alpha * Math.expm1(x) : x),
    low: -90,
    high: 2,
    limit: 2.5,
  },
  { name: 'gelu', f: (x: number) => x * below(x), low: -0.5, high: 12, limit: 2.5 },
  { name: 'gelu', f: (x: number) => x * below(x), low: -12.5, high: 0, limit: 8 },
  { name: 'gelu', options: { approximate: true }, f: tanhGelu, low: -0.5, high: 12, limit: 2.5 },
  { name: 'silu', f: (x: number) => x / (1 + Math.exp(-x)), low: -80, high: 40, limit: 2.5 },
  { name: 'mish', f: (x: number) => x * Math.tanh(Math.log1p(Math.exp(x))), low: -80, high: 40, limit: 4 },
  {
    name: 'softplus',
    f: (x: number) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
    low: -80,
    high: 40,
    limit: 2.5,
  },
  { name: 'softsign', f: (x: number) => x / (1 + Math.abs(x)), low: -40, high: 40, limit: 2.5 },
  { name: 'exponential', f: Math.exp, low: -86, high: 88.7, limit: 2.5 },
] as const;

test.each(precision)('$name from $low to $high stays within $limit ulp', ({ name, f, low, high, limit, ...rest }) => {
  const generator = new Generator(5, 9);
  const x = Array.from({ length: 1 << 16 }, (_, i) =>
    Math.fround((low + (high - low) * generator.uniform()) * (i % 3 === 0 ? 2 ** -(i % 20) : 1)),
  ).filter((value) => value >= low && value <= high);
  x.length -= x.length % 8;
  const entry = activationTable[name] as unknown as ActivationEntry;
  const plan = entry.definition.plan(entry('options' in rest ? rest.options : {}));
  const { y } = runActivation(wasmFactory, plan, { x, dy: x, columns: 8 });
  let worst = 0;
  let at = 0;
  y.forEach((value, i) => {
    const exact = f(x[i]!);
    const ulp = 2 ** (Math.max(Math.floor(Math.log2(Math.abs(exact))), -126) - 23);
    const error = Math.abs(value - exact) / ulp;
    if (error > worst) [worst, at] = [error, x[i]!];
  });
  expect(worst, `worst at ${at}`).toBeLessThanOrEqual(limit);
});

/** The gradient of a step is no derivative. */
const differentiable = plans.filter(({ spec }) => !('surrogate' in spec));
const head = dense({ units: 3 });

describe.each(differentiable)('$label against central differences', ({ spec }) => {
  const cases: Readonly<Record<string, readonly LayerSpec[]>> = {
    'in a dense layer': [dense({ units: 9, inputShape: INPUTS, activation: spec }), head],
    'as a layer': [dense({ units: 9, inputShape: INPUTS }), activation({ activation: spec }), head],
    'at the end, not fused': [
      dense({ units: 9, inputShape: INPUTS, activation: 'tanh' }),
      dense({ units: 3, activation: spec }),
    ],
  };
  test.each(Object.entries(cases))('%s', (name, layers) => {
    checkGradients({ name: `${spec.name} ${name}`, layers, loss: 'meanSquaredError' });
  });
});

describe.each(plans)('$label in a model', ({ spec, options }) => {
  const item = {
    name: spec.name,
    layers: [
      dense({ units: 11, inputShape: 7, activation: spec }),
      activation({ activation: spec }),
      dense({ units: 3 }),
    ],
    compile: { optimizer: 'sgd', loss: 'meanSquaredError' },
  } as const;
  const { x: large, labels } = clouds(20, 7, 3);
  const x = { ...large, data: large.data.map((v) => v / 8) };
  const y = matrix(
    Float32Array.from(labels, (label) => label / 3).reduce(
      (data, v, i) => data.fill(v, 3 * i, 3 * i + 3),
      new Float32Array(60),
    ),
    20,
    3,
  );

  test('what lies in the padding does no harm', () => {
    const after = [0, Number.NaN, Infinity].map((garbage) => {
      const engine = makeEngine(item, wasmFactory);
      const program = engine.program('train', 20);
      const start = Math.min(...program.workspace.map(({ offset }) => offset));
      for (let step = 0; step < 2; step++) {
        engine.heap.fill(garbage, start, program.end);
        engine.stageBatch(program, [x], [y], 0);
        takeStep(engine, program);
      }
      return engine.heap.slice(engine.flatParameters.offset, engine.flatParameters.offset + engine.flatParameters.size);
    });
    expect(after[1]).toEqual(after[0]);
    expect(after[2]).toEqual(after[0]);
    expect(after[0]!.every(Number.isFinite)).toBe(true);
  });

  test('an epoch ends in the same bits on both backends, and a name does where the options are the defaults', async () => {
    const train = async (factory = wasmFactory, layers: readonly LayerSpec[] = item.layers) => {
      const model = build({ ...item, layers }, factory);
      await model.fit(x, y, { batchSize: 7 });
      return model.getWeights();
    };
    const weights = await train();
    expect(await train(factories.typescript)).toEqual(weights);
    if (Object.keys(options).length > 0) return;
    const [, , last] = item.layers;
    const byName = [
      dense({ units: 11, inputShape: 7, activation: spec.name }),
      activation({ activation: spec.name }),
      last,
    ];
    expect(await train(wasmFactory, byName)).toEqual(weights);
  });

  test('goes through JSON', () => {
    const model = sequential({ layers: item.layers, backend: wasmFactory });
    const copy = modelFromSpec(JSON.parse(JSON.stringify(model.spec)), { backend: wasmFactory });
    expect(copy.predict(x)).toEqual(model.predict(x));
  });
});

test('swish is silu', () => {
  const [a, b] = (['swish', 'silu'] as const).map((name) =>
    sequential({ layers: [dense({ units: 3, inputShape: 2, activation: name })], backend: wasmFactory }),
  );
  expect(a!.predict([[1, 2]])).toEqual(b!.predict([[1, 2]]));
});

describe('prelu', () => {
  const layers = [dense({ units: 3, inputShape: 2, activation: 'prelu' }), dense({ units: 1 })];

  test('learns a slope per unit, beginning at 0.25', () => {
    const model = sequential({ layers, backend: wasmFactory });
    expect([...model.getWeights()['layers.0.alpha']!.data]).toEqual([0.25, 0.25, 0.25]);
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    const batch = [
      [1, -2],
      [-3, 1],
      [-2, -2],
    ];
    const { gradients } = model.gradients(batch, [1, 2, 3]);
    expect(model.gradients(batch, [1, 2, 3]).gradients).toEqual(gradients);
    expect(gradients['layers.0.alpha']!.data.some((g) => g !== 0)).toBe(true);
    model.trainOnBatch(batch, [1, 2, 3]);
    const alpha = model.getWeights()['layers.0.alpha']!.data;
    alpha.forEach((a, i) => {
      expect(a).toBeCloseTo(0.25 - 0.01 * gradients['layers.0.alpha']!.data[i]!, 6);
    });
  });
});

describe('rrelu', () => {
  test.each(Object.entries(factories))('%s draws slopes between the bounds where x <= 0', (_, factory) => {
    const n = 4096;
    const [x, y, slopes, state] = [0, 1, 2, 3].map((i) => RESERVED_ELEMENTS + i * n) as [
      number,
      number,
      number,
      number,
    ];
    const { heap, kernels } = factory.open(state + 8);
    for (let i = 0; i < n; i++) heap[x + i] = i % 2 ? 2 : -2;
    kernels.randomUniform(slopes, n, state, 1);
    kernels.rreluForward(x, y, slopes, n, 0.2, 0.6);
    const drawn = Array.from({ length: n / 2 }, (_, i) => heap[slopes + 2 * i]!);
    expect(Math.min(...drawn)).toBeGreaterThanOrEqual(Math.fround(0.2));
    expect(Math.max(...drawn)).toBeLessThanOrEqual(Math.fround(0.6));
    expect(Math.abs(drawn.reduce((sum, slope) => sum + slope, 0) / drawn.length - 0.4)).toBeLessThan(0.01);
    drawn.forEach((slope, i) => {
      expect([heap[slopes + 2 * i + 1], heap[y + 2 * i + 1], heap[y + 2 * i]]).toEqual([1, 2, -2 * slope]);
    });
  });

  test('draws anew in each step and takes the mean slope in inference', () => {
    const layers = [activation({ activation: 'rrelu', inputShape: 64 }), dense({ units: 1 })];
    const model = build(
      { name: 'rrelu', layers, compile: { optimizer: 'sgd', loss: 'meanSquaredError' } },
      wasmFactory,
    );
    const x = matrix(new Float32Array(64).fill(-1), 1, 64);
    const seen = () => [...model.gradients(x, [1]).gradients['layers.1.kernel']!.data];
    const first = seen();
    expect(seen()).toEqual(first);
    model.trainOnBatch(x, [1]);
    expect(seen().map(Math.sign)).toEqual(first.map(Math.sign));
    expect(new Set(first).size).toBeGreaterThan(60);
    const inference = sequential({ layers: layers.slice(0, 1), backend: wasmFactory });
    expect(inference.predict(x).data[0]).toBeCloseTo(-0.2291667, 7);
  });
});

test('a dense layer draws its kernel as its activation likes it', () => {
  const spread = (spec: Spec) => {
    const model = sequential({
      layers: [dense({ units: 40, inputShape: 200, activation: spec })],
      backend: wasmFactory,
    });
    const { data } = model.getWeights()['layers.0.kernel']!;
    return data.reduce((sum, w) => sum + w * w, 0) / data.length;
  };
  const variance = { heUniform: 2 / 200, lecunNormal: 1 / 200, glorotUniform: 2 / 240 };
  for (const { spec } of plans) {
    const { initializer } = (activationTable[spec.name] as unknown as ActivationEntry).definition;
    expect(spread(spec) / variance[initializer], spec.name).toBeGreaterThan(0.95);
    expect(spread(spec) / variance[initializer], spec.name).toBeLessThan(1.05);
  }
});

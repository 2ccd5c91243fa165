import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  clipOutliers,
  dateParts,
  embeddingIds,
  fillMissing,
  frequency,
  log1p,
  maxAbs,
  minMax,
  oneHot,
  ordinal,
  pca,
  preprocess,
  preprocessingFromJSON,
  quantileNormal,
  readCsv,
  robust,
  type StepSpec,
  standardize,
  type Table,
  tableFromRows,
  zca,
  zeroCentre,
} from '../../src/data/index.js';
import { blockSteps } from '../../src/data/prep/projection.js';
import {
  expm1,
  log1p as logOf,
  median,
  normalCdf,
  normalQuantile,
  quantile,
  sorted,
} from '../../src/data/prep/statistics.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import type { Matrix } from '../../src/matrix.js';

type Numbers = (number | null)[][];
interface Fixture {
  readonly holes: Numbers;
  readonly fresh: Numbers;
  readonly words: string[];
  readonly newWords: string[];
  readonly mixed: number[][];
  readonly wide: number[][];
  readonly scaled: Record<string, { train: Numbers; fresh: Numbers }>;
  readonly filled: Record<string, Numbers>;
  readonly oneHot: { names: string[]; fresh: Numbers };
  readonly ordinal: number[];
  readonly pca: Record<string, { values: number[][]; explained: number[]; back: number[][] }>;
  readonly zca: number[][];
  readonly normal: [number, number][];
}
const fixture: Fixture = JSON.parse(
  readFileSync(new URL('../fixtures/sklearn/preprocess.json', import.meta.url), 'utf8'),
);

const rowsOf = ({ data, rows, columns }: Matrix) =>
  Array.from({ length: rows }, (_, r) => [...data.subarray(r * columns, (r + 1) * columns)]);

/** Within what float32 keeps, or `tolerance`. */
function expectClose(actual: number[][], expected: Numbers, tolerance = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((row, r) => {
    expect(row.length).toBe(expected[r]!.length);
    row.forEach((value, c) => {
      const wanted = expected[r]![c] ?? Number.NaN;
      const close = Math.abs(value - wanted) <= tolerance * Math.max(1, Math.abs(wanted));
      if (!close) throw new Error(`row ${r}, column ${c}: ${value}, expected ${wanted}`);
    });
  });
}

const numbers = (step: StepSpec) => preprocess({ numbers: step });
const roundTrip = (value: unknown) => preprocessingFromJSON(JSON.parse(JSON.stringify(value)));

describe('what scikit-learn computes', () => {
  const steps: Readonly<Record<string, StepSpec>> = {
    standardize: standardize(),
    minMax: minMax({ min: -1, max: 2 }),
    robust: robust(),
    maxAbs: maxAbs(),
    quantileNormal: quantileNormal({ quantiles: 15 }),
  };
  test.each(Object.keys(steps))('%s, fitted around missing values', (name) => {
    const { fresh } = fixture.scaled[name]!;
    const fitted = numbers(steps[name]!).fit(fixture.holes);
    // A constant becomes 0 here, the least value there.
    const expected = name === 'quantileNormal' ? fresh.map((row) => row.map((v, c) => (c === 3 ? 0 : v))) : fresh;
    expectClose(rowsOf(fitted.transform(fixture.fresh)), expected, 1e-6);
    const back = roundTrip(fitted).transform(fixture.fresh);
    expect(rowsOf(back)).toEqual(rowsOf(fitted.transform(fixture.fresh)));
    expect(() => fitted.transform(fixture.holes)).toThrow(/row \d+: .*a missing value/);
  });

  test.each(Object.keys(fixture.filled))('fillMissing with %s, and indicators', (strategy) => {
    const value = strategy === 'constant' ? { value: -1 } : {};
    const fitted = numbers(fillMissing({ strategy: strategy as 'mean', indicator: true, ...value })).fit(fixture.holes);
    const order = fitted.features.map((name) => (name.endsWith(' missing') ? 1 : 0));
    // Indicators stand behind their columns here and behind all columns there.
    const values = rowsOf(fitted.transform(fixture.holes)).map((row) => [
      ...row.filter((_, c) => order[c] === 0),
      ...row.filter((_, c) => order[c] === 1),
    ]);
    expectClose(values, fixture.filled[strategy]!);
  });

  test('oneHot and ordinal', () => {
    const column = (words: string[]) => words.map((word) => ({ word }));
    const hot = preprocess().fit(column(fixture.words));
    expect(hot.features).toEqual(fixture.oneHot.names.map((name) => `word=${name}`));
    expectClose(rowsOf(hot.transform(column(fixture.newWords))), fixture.oneHot.fresh);
    const ranks = preprocess({ categories: ordinal() }).fitTransform(tableFromRows(column(fixture.words)));
    expect([...ranks.data]).toEqual(fixture.ordinal);
  });

  const cases: Readonly<Record<string, readonly [keyof Fixture & ('mixed' | 'wide'), Parameters<typeof pca>[0]]>> = {
    all: ['mixed', {}],
    two: ['mixed', { components: 2 }],
    share: ['mixed', { components: 0.95 }],
    white: ['mixed', { components: 3, whiten: true }],
    wide: ['wide', { components: 5 }],
  };
  test.each(Object.keys(cases))('pca: %s', (name) => {
    const [key, options] = cases[name]!;
    const expected = fixture.pca[name]!;
    for (const method of name === 'share' ? (['exact'] as const) : (['exact', 'randomized'] as const)) {
      const fitted = preprocess({ numbers: [], after: pca({ ...options, method }) });
      const values = rowsOf(fitted.fitTransform(tableFromRows(fixture[key])));
      // An axis may point either way.
      const signs = values[0]!.map((_, c) => {
        const row = expected.values.findIndex((r) => Math.abs(r[c]!) > 1e-3);
        return Math.sign(values[row]![c]! * expected.values[row]![c]!);
      });
      expectClose(
        values,
        expected.values.map((row) => row.map((value, c) => value * signs[c]!)),
        2e-6,
      );
      const { explained } = fitted.toJSON().after[0]!.state as unknown as { explained: number[] };
      explained.forEach((share, i) => {
        expect(share).toBeCloseTo(expected.explained[i]!, 8);
      });
      const again = roundTrip(fitted);
      expect(rowsOf(again.transform(fixture[key]))).toEqual(values);
      const back = again.inverseTransform(values);
      expectClose(
        back.toObjects().map((row) => Object.values(row) as number[]),
        expected.back,
        1e-5,
      );
    }
  });

  test('zca', () => {
    const fitted = preprocess({ numbers: [], after: zca({ epsilon: 0 }) });
    expectClose(rowsOf(fitted.fitTransform(tableFromRows(fixture.mixed))), fixture.zca, 1e-3);
    expect(fitted.features).toEqual(['column1', 'column2', 'column3', 'column4', 'column5']);
  });

  test('quantiles of the normal distribution, and back', () => {
    for (const [p, x] of fixture.normal) {
      expect(Math.abs(normalQuantile(p) - x)).toBeLessThan(2e-15 * Math.max(1, Math.abs(x)));
      if (p > 1e-8) expect(normalCdf(x)).toBeCloseTo(p, 12);
    }
    for (const x of [-0.9, -1e-10, 0, 1e-12, 0.3, 7, 1e9]) {
      expect(logOf(x)).toBeCloseTo(Math.log1p(x), 14);
      expect(expm1(Math.log1p(x))).toBeCloseTo(x, x > 100 ? -3 : 13);
    }
  });
});

describe('steps', () => {
  const mixed = (): Promise<Table> =>
    readCsv({
      text: [
        'age,city,sold,when,same',
        '20,Bern,yes,2024-01-01,5',
        '30,Rome,no,2024-02-29,5',
        '?,Bern,yes,2023-12-31,5',
        '40,,no,?,5',
        '50,Oslo,?,2024-06-15,5',
      ].join('\n'),
    });

  test('by default everything becomes numbers that are finite', async () => {
    const table = await mixed();
    const fitted = preprocess().fit(table);
    expect(fitted.features).toEqual([
      'age',
      'age missing',
      'city=Bern',
      'city=Oslo',
      'city=Rome',
      'city=(missing)',
      'sold',
      'sold missing',
      'when year',
      'when year missing',
      'when month',
      'when month missing',
      'when day',
      'when day missing',
      'when weekday',
      'when weekday missing',
      'same',
    ]);
    const values = fitted.transform(table);
    expect(values.columns).toBe(fitted.features.length);
    const same = rowsOf(values).map((row) => row.at(-1));
    expect(same).toEqual([0, 0, 0, 0, 0]);
    expect(fitted.origins?.slice(0, 3)).toEqual(['age', 'age', 'city']);
    expect(rowsOf(roundTrip(fitted).transform(table))).toEqual(rowsOf(values));
  });

  test('what can be undone is', async () => {
    const table = (await mixed()).drop('when');
    const steps = { categories: oneHot(), numbers: [fillMissing({ indicator: true }), clipOutliers(), robust()] };
    const fitted = preprocess(steps).fit(table);
    expect(fitted.inverseTransform(fitted.transform(table)).toObjects()).toEqual(table.toObjects());
    for (const encode of [ordinal(), embeddingIds(), oneHot({ dropFirst: true })]) {
      const categories = table.select(['city', 'sold']).take([0, 1, 4]);
      const made = preprocess({ categories: encode, booleans: fillMissing({ indicator: true }) }).fit(categories);
      expect(made.inverseTransform(made.transform(categories)).toObjects()).toEqual(categories.toObjects());
    }
    const one = preprocess({ categories: frequency() }).fit(table);
    expect(() => one.inverseTransform(one.transform(table))).toThrow(
      /column 'city': expected steps that can be undone, got frequency/,
    );
  });

  test.each([
    ['standardize', standardize()],
    ['zeroCentre', zeroCentre()],
    ['minMax', minMax({ min: -1 })],
    ['robust', robust()],
    ['maxAbs', maxAbs()],
    ['log1p', log1p()],
    ['log1p, signed', log1p({ signed: true })],
    ['quantileNormal', quantileNormal()],
    ['clipOutliers', clipOutliers({ method: 'quantile', lower: 0, upper: 1 })],
  ])('%s is undone, and takes columns of one number and columns with none', (_, step) => {
    const values = [0.5, 3, 1, 8, 2, 2.5];
    const table = tableFromRows(values.map((x) => [x, 7, null]));
    const fitted = preprocess({ numbers: [step, fillMissing()] }).fit(table);
    const made = fitted.transform(table);
    expect([...made.data].every(Number.isFinite)).toBe(true);
    const back = fitted.inverseTransform(made).toObjects();
    back.forEach((row, i) => {
      expect(row.column1).toBeCloseTo(values[i]!, 5);
      if (step.step !== 'quantileNormal') expect(row.column2).toBeCloseTo(7, 5);
    });
    const again = roundTrip(fitted);
    expect(again.toJSON()).toEqual(fitted.toJSON());
  });

  test('numbers beyond those of fitting', () => {
    const fitted = preprocess({ numbers: clipOutliers({ factor: 1 }) }).fit([[0], [1], [2], [3], [4]]);
    expect([...fitted.transform([[-100], [2], [100]]).data]).toEqual([-1, 2, 5]);
    expect(
      [
        ...preprocess({ numbers: log1p() })
          .fit([[0], [1]])
          .transform([[-5]]).data,
      ].every(Number.isFinite),
    ).toBe(true);
    expect(() => preprocess({ numbers: log1p() }).fit([[0], [-3]])).toThrow(
      /column 'column1', row 1: expected a number above -1/,
    );
    expect(() => preprocess({ numbers: standardize() }).fit([[0], [Infinity]])).toThrow(
      /row 1: expected a finite number, got Infinity/,
    );
  });

  test('rare, unknown and missing categories', () => {
    const words = ['a', 'a', 'a', 'b', 'b', 'c', null].map((word) => ({ word }));
    const fresh = [{ word: 'a' }, { word: 'c' }, { word: 'new' }, { word: null }];
    const made = (step: StepSpec) => {
      const fitted = preprocess({ categories: step }).fit(words);
      return { names: fitted.features, rows: rowsOf(fitted.transform(tableFromRows(fresh))) };
    };
    expect(made(oneHot({ minRows: 2 }))).toEqual({
      names: ['word=a', 'word=b', 'word=(other)', 'word=(missing)'],
      rows: [
        [1, 0, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 0],
        [0, 0, 0, 1],
      ],
    });
    expect(made(oneHot({ unknown: 'own' })).rows[2]).toEqual([0, 0, 0, 1, 0]);
    expect(() => made(oneHot({ unknown: 'error' }))).toThrow(
      /column 'word', row 2: expected a category it was fitted with: 'a', 'b', 'c', got 'new'/,
    );
    expect(made(embeddingIds({ minRows: 2 })).rows).toEqual([[1], [0], [0], [0]]);
    expect(made(embeddingIds({ maxIds: 2 })).rows).toEqual([[1], [0], [0], [0]]);
    const shares = made(frequency()).rows.flat();
    [3 / 7, 1 / 7, 0, 1 / 7].forEach((share, i) => {
      expect(shares[i]).toBeCloseTo(share, 6);
    });
    const own = [ordinal({ unknown: 'own' }), fillMissing({ value: -1 })];
    const ranked = preprocess({ categories: own }).fit(words);
    expect([...ranked.transform(tableFromRows(fresh)).data]).toEqual([0, 2, 3, -1]);
    const ordered = preprocess({ categories: ordinal({ order: ['c', 'b', 'a'] }) }).fit(words.slice(0, 6));
    expect([...ordered.transform(words.slice(0, 6)).data]).toEqual([2, 2, 2, 1, 1, 0]);
    expect(() => preprocess({ categories: ordinal({ order: ['a'] }) }).fit(words)).toThrow(/got 'b'/);
  });

  test('dates', () => {
    const rows = [{ when: '2024-02-29T13:45:10Z' }, { when: '2023-01-01T00:00:00Z' }];
    const parts = ['year', 'month', 'day', 'weekday', 'dayOfYear', 'hour', 'minute', 'second', 'days'] as const;
    const plain = preprocess({ dates: dateParts({ parts }) }).fitTransform(tableFromRows(rows));
    expect(rowsOf(plain)[0]!.slice(0, 8)).toEqual([2024, 2, 29, 3, 60, 13, 45, 10]);
    expect(rowsOf(plain)[1]!.slice(0, 8)).toEqual([2023, 1, 1, 6, 1, 0, 0, 0]);
    const circle = preprocess({ dates: dateParts({ parts: ['month'], cyclic: true }) });
    expect(rowsOf(circle.fitTransform(tableFromRows(rows)))[1]).toEqual([0, 1]);
    expect(circle.features).toEqual(['when month sin', 'when month cos']);
    expect(() => preprocess({ numbers: dateParts() }).fit([[1]])).toThrow(/got a number/);
  });

  test('columns are taken by name, whatever else there is and in whatever order', () => {
    const fitted = preprocess({ columns: { a: minMax(), b: 'drop' } }).fit([
      { a: 0, b: 1, c: 'x' },
      { a: 2, b: 1, c: 'y' },
    ]);
    expect(fitted.features).toEqual(['a', 'c=x', 'c=y']);
    expect(rowsOf(fitted.transform([{ extra: 9, c: 'y', a: 1 }]))).toEqual([[0.5, 0, 1]]);
    expect(() => fitted.transform([{ c: 'y' }])).toThrow(/a column 'a', which it was fitted with/);
    expect(() => fitted.transform(tableFromRows([{ a: 'one', c: 'y' }]))).toThrow(
      /column 'a', row 0: expected a number, as when fitting, got 'one'/,
    );
    const codes = preprocess().fit([{ zip: '01' }, { zip: '22' }]);
    expect(rowsOf(codes.transform(tableFromRows([{ zip: 22 }])))).toEqual([[0, 1]]);
  });

  test('a target is scaled and scaled back', () => {
    const prices = [{ price: 100 }, { price: 300 }, { price: 200 }];
    const target = preprocess({ numbers: [log1p(), standardize()] }).fit(prices);
    const back = target.inverseTransform(target.transform(prices)).toObjects();
    back.forEach(({ price }, i) => {
      expect(price).toBeCloseTo(prices[i]!.price, 3);
    });
    const classes = preprocess({ categories: ordinal() }).fit([{ y: 'no' }, { y: 'perhaps' }]);
    expect(
      classes
        .inverseTransform([[1], [0]])
        .toObjects()
        .map(({ y }) => y),
    ).toEqual(['perhaps', 'no']);
  });

  test('whitening leaves out directions in which nothing varies', () => {
    const rows = Array.from({ length: 30 }, (_, i) => [Math.sin(i), 2 * Math.sin(i), 4]);
    for (const step of [pca({ whiten: true }), zca()]) {
      const fitted = preprocess({ numbers: [], after: step });
      const made = fitted.fitTransform(tableFromRows(rows));
      expect([...made.data].every((value) => Math.abs(value) < 10)).toBe(true);
      const back = fitted.inverseTransform(made).toObjects();
      back.forEach((row, i) => {
        expect(row.column2).toBeCloseTo(rows[i]![1]!, 4);
      });
    }
    expect(Object.keys(blockSteps)).toEqual(['pca', 'zca']);
  });
});

describe('wrong options and files are refused by name', () => {
  const learn = (options: Parameters<typeof preprocess>[0]) => preprocess(options).fit([[1], [2]]);
  test.each([
    [
      () => learn({ numbers: { step: 'standardise', options: {} } }),
      /numbers\[0\]\.step: .*Did you mean 'standardize'/,
    ],
    [() => learn({ numbers: standardize({ centre: true } as never) }), /standardize\.centre: .*Did you mean 'center'/],
    [() => learn({ numbers: minMax({ min: 1, max: 0 }) }), /max: expected a finite number > 1/],
    [() => learn({ numbers: quantileNormal({ quantiles: 1 }) }), /quantiles/],
    [() => learn({ numbers: fillMissing({ strategy: 'mode' as never }) }), /strategy: expected one of mean/],
    [() => learn({ columns: { colunm1: [] } }), /Did you mean 'column1'/],
    [() => learn({ after: pca({ components: 3 }) }), /components: expected at most 1/],
    [() => learn({ numbers: 'drop' }), /got 1 of which none is kept/],
    [() => learn({ numbers: 'standardize' as never }), /numbers: expected a step, such as standardize\(\)/],
    [() => preprocess().transform([[1]]), /learned nothing yet/],
    [() => learn({}).inverseTransform([[1, 2]]), /values: expected 1, got 2 columns/],
    [() => preprocessingFromJSON({}), /expected format 'myelin.preprocessing'/],
    [() => preprocessingFromJSON(null), /preprocessing: expected an object/],
  ])('%#', (call, message) => expect(call).toThrow(message));

  test('every part of a file that is wrong', () => {
    const good = preprocess({ after: pca() }).fit([
      { a: 1, b: 'x' },
      { a: 2, b: 'y' },
    ]);
    const broken = (change: (json: ReturnType<typeof good.toJSON>) => void) => {
      const json = JSON.parse(JSON.stringify(good));
      change(json);
      return () => preprocessingFromJSON(json);
    };
    type Open = Record<string, Record<string, unknown>>[];
    const first = (json: unknown) => (json as { columns: { steps: { states: Open }[] }[] }).columns[0]!.steps;
    expect(broken((json) => Object.assign(json, { version: 9 }))).toThrow(/version 9/);
    expect(broken((json) => Object.assign(json, { columns: 7 }))).toThrow(/columns: expected an array/);
    expect(broken((json) => Object.assign(json.columns[0]!, { kind: 'text' }))).toThrow(/columns\[0\]\.kind/);
    expect(broken((json) => Object.assign(json.columns[0]!, { name: 3 }))).toThrow(/columns\[0\]\.name/);
    expect(broken((json) => Object.assign(first(json)[0]!, { step: 'constructor' }))).toThrow(/step: expected one of/);
    expect(broken((json) => Object.assign(first(json)[0]!, { states: [] }))).toThrow(/states: expected an array of 1/);
    expect(broken((json) => Object.assign(first(json)[0]!.states[0]!, { factor: null }))).toThrow(
      /factor: expected number/,
    );
    expect(broken((json) => Object.assign(json.after[0]!.state!, { axes: [1] }))).toThrow(/axes/);
    expect(broken((json) => Object.assign(json.after[0]!.state!, { inputs: 9 }))).toThrow(/inputs: expected 3 columns/);
  });
});

test('the median is that of sorted numbers, whatever their order', () => {
  const random = new Generator(3, 1);
  for (let trial = 0; trial < 400; trial++) {
    const count = random.integer(40);
    const some = Float64Array.from({ length: count }, () => {
      const value = random.integer(trial % 2 ? 6 : 1000) - 3;
      return random.integer(8) === 0 ? Number.NaN : value / 7;
    });
    for (const values of [some, some.slice().sort(), some.slice().sort().reverse()]) {
      const before = values.slice();
      expect(median(values)).toBe(quantile(sorted(values), 0.5));
      expect(values).toEqual(before);
    }
  }
});

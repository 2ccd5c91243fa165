import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Finding, LINT_CODES } from '../../src/insight/finding.js';
import { type LintOptions, lint } from '../../src/insight/lint.js';
import { matrix } from '../../src/matrix.js';
import { sequential } from '../../src/model/model.js';
import { dense, embedding } from '../../src/nn/layers/index.js';
import { computed } from '../programs/computed.js';
import { factories, Random } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';

const ROWS = 200;
const random = new Random(3);
const column = (value: (i: number) => number) => Array.from({ length: ROWS }, (_, i) => value(i));
const noise = column(() => random.uniform() * 2 - 1);
const other = column(() => random.uniform() * 2 - 1);
const rows = (...columns: readonly (readonly number[])[]) => column((i) => i).map((i) => columns.map((c) => c[i]!));
const classes = column((i) => (i * 7) % 3);
const good = rows(noise, other);

const codes = (found: readonly Finding[]) => found.map(({ code }) => code);

describe('lint finds', () => {
  const cases: readonly [string, readonly unknown[], Partial<Finding>][] = [
    [
      'missing values',
      [
        rows(
          noise,
          other.map((v, i) => (i % 50 === 7 ? Number.NaN : v)),
        ),
      ],
      { code: 'missingValues', column: 1, message: expect.stringMatching(/column 1 of x has 4 of 200.*row 7/) },
    ],
    [
      'a constant column',
      [
        rows(
          noise,
          column(() => 4),
        ),
      ],
      { code: 'constantColumn', column: 1, range: [4, 4] },
    ],
    [
      'an unscaled column',
      [
        rows(
          column((i) => i * 100),
          noise,
        ),
      ],
      { code: 'unscaledColumn', column: 0, range: [0, 19900], suggestion: expect.stringMatching(/mean/) },
    ],
    [
      'a tiny column',
      [
        rows(
          noise,
          noise,
          noise.map((v) => v * 1e-5),
        ),
      ],
      { code: 'unscaledColumn', column: 2 },
    ],
    ['targets far off', [good, column((i) => 1e5 + i + 0.5)], { code: 'unscaledTarget', range: [100000.5, 100199.5] }],
    [
      'labels that are no classes',
      [good, classes.map((c) => c + 0.25), { task: 'classification' }],
      { code: 'fractionalLabels', message: expect.stringMatching(/y holds 0.25 in row 0/) },
    ],
    ['a rare class', [good, column((i) => Number(i === 9))], { code: 'classImbalance' }],
    [
      'validation of one class',
      [good, classes, { validation: [good.map(([a]) => [a! + 3, 0]), column(() => 1)] }],
      { code: 'singleClassValidation', message: expect.stringMatching(/all 200 rows.*class 1, of 3/) },
    ],
    [
      'a class that training lacks',
      [good, classes, { validation: [good.map(([a]) => [a! + 3, 0]), column((i) => i % 4)] }],
      { code: 'unseenClass', message: expect.stringMatching(/class 3 .*50 rows/) },
    ],
    [
      'classes that training lacks, which has one',
      [good, column(() => 0), { task: 'classification', validation: [good.map(([a]) => [a! + 3, 0]), classes] }],
      { code: 'unseenClass', message: expect.stringMatching(/class [12] /) },
    ],
    [
      'rows on both sides',
      [good, classes, { validation: [good.slice(20, 60), classes.slice(20, 60)] }],
      { code: 'duplicatedRows', message: expect.stringMatching(/40 of 40/) },
    ],
  ];

  test.each(cases)('%s', (_, [x, y, options], expected) => {
    const found = lint(x as never, y as never, options as never);
    expect(found).toEqual([expect.objectContaining(expected)]);
    expect(lint(x as never, y as never, { ...(options as object), ignore: [expected.code!] })).toEqual([]);
  });

  test.each([
    [100, []],
    [101, ['unscaledColumn']],
    [-101, ['unscaledColumn']],
    [999, ['unscaledColumn']],
  ])('a column that goes to %d: %j', (end, codes) => {
    const found = lint(
      rows(
        column((i) => (i % 2) * end),
        noise,
      ),
    );
    expect(found.map(({ code }) => code)).toEqual(codes);
  });

  test('every code', () => {
    expect(new Set(cases.map(([, , { code }]) => code))).toEqual(new Set(LINT_CODES));
  });

  test.each([
    ['good data', [good, classes]],
    ['numbers to predict', [good, noise]],
    ['new rows for validation', [good, classes, { validation: [good.map(([a, b]) => [b!, a!]), classes] }]],
    [
      'pixels with dark edges',
      [rows(...Array.from({ length: 20 }, (_, c) => column((i) => (c < 3 ? 0 : ((i * c) % 17) / 16)))), classes],
    ],
    [
      'few combinations, on both sides',
      [
        rows(
          column((i) => i % 2),
          column((i) => i % 3),
        ),
        classes,
        {
          validation: [
            rows(
              column((i) => i % 2),
              column((i) => i % 3),
            ),
            classes,
          ],
        },
      ],
    ],
    ['one-hot classes', [good, classes.map((c) => [0, 1, 2].map((k) => Number(k === c)))]],
    [
      'labels that do not exclude each other',
      [
        good,
        rows(
          column((i) => i % 2),
          column((i) => Number(i % 150 === 0)),
          column(() => 1),
        ),
      ],
    ],
    [
      'four rows',
      [
        [
          [0, 0],
          [0, 1],
          [1, 0],
          [1, 1],
        ],
        [0, 1, 1, 0],
      ],
    ],
  ] as unknown as [string, [never, never, LintOptions?]][])('nothing in %s', (_, [x, y, options]) => {
    expect(codes(lint(x, y, options))).toEqual([]);
  });

  test('what large data has, in a sample, quickly', () => {
    const [count, wide] = [20_000, 300];
    let state = 1;
    const data = Float32Array.from({ length: count * wide }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      return state / 2 ** 31;
    });
    for (let r = 0; r < count; r++) data[r * wide + 5] = 3000 + r;
    const [x, held] = [matrix(data, count, wide), matrix(data.slice(0, 100 * wide), 100, wide)];
    const y = new Float32Array(count).fill(0.5);
    const began = computed();
    const found = lint(x, y, { validation: [held, y.slice(0, 100)] });
    expect(computed() - began).toBeLessThan(1000);
    expect(codes(found)).toEqual(['unscaledColumn', 'duplicatedRows']);
  });
});

describe('lint refuses', () => {
  test.each([
    [() => lint(good, classes.slice(1)), /y: expected 200/],
    [() => lint(good, classes, { task: 'other' as never }), /lint\.task.*'classification' or 'regression'/],
    [
      () => lint(good, classes, { ignore: ['constantcolumn' as never] }),
      /lint\.ignore\[0\].*Did you mean 'constantColumn'/,
    ],
    [() => lint(good, classes, { validation: [good] as never }), /lint\.validation: expected \[x, y\]/],
    [() => lint(good, classes, { validation: [[[1]], [1]] }), /lint\.validation\[0\]: expected 2/],
    [() => lint(good, classes, { tasks: 1 } as never), /task/],
  ])('%s', (act, says) => {
    expect(act).toThrow(says);
  });
});

describe('fit', () => {
  const warn = vi.spyOn(console, 'warn');
  beforeEach(() => void warn.mockReset().mockImplementation(() => {}));
  afterEach(() => void warn.mockReset());

  const bad = rows(
    noise,
    column((i) => 1000 * i),
    column(() => 7),
  );
  const make = () => {
    const layers = [dense({ units: 4, inputShape: 3, activation: 'tanh' }), dense({ units: 3, activation: 'softmax' })];
    const model = sequential({ layers, backend: factories.wasm });
    model.compile({ optimizer: 'sgd', loss: 'sparseCategoricalCrossentropy' });
    return model;
  };

  test('warns once a code, and once for a model', async () => {
    const model = make();
    await model.fit(bad, classes);
    await model.fit(bad, classes);
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/column 1 of x goes from 0 to 199000.*lint: \{ ignore: \['unscaledColumn'\] \}/),
      expect.stringMatching(/column 2 of x is 7 in every row/),
    ]);
  });

  test('is silenced by code or altogether, with the same bits', async () => {
    const hashes = [];
    for (const lint of [false, { ignore: ['unscaledColumn', 'constantColumn'] }, true] as const) {
      const model = make();
      await model.fit(bad, classes, { lint });
      hashes.push(weightHash(model));
      expect(warn).toHaveBeenCalledTimes(lint === true ? 2 : 0);
    }
    expect(new Set(hashes).size).toBe(1);
    await expect(make().fit(bad, classes, { lint: { ignore: ['nothing' as never] } })).rejects.toThrow(/lint\.ignore/);
    await expect(make().fit(bad, classes, { lint: { ignored: [] } as never })).rejects.toThrow(/ignore/);
  });

  test('says that the split took the last class', async () => {
    const sorted = column((i) => Math.floor(i / 70));
    await make().fit(rows(noise, other, noise), sorted, { validationSplit: 0.25 });
    expect(warn.mock.calls.map(([text]) => text)).toEqual([
      expect.stringMatching(/all 50 rows for validation are of class 2.*Shuffle/),
    ]);
    warn.mockClear();
    await make().fit(rows(noise, other, noise), sorted, { validationSplit: 0.25, stratify: true });
    expect(warn).not.toHaveBeenCalled();
  });

  test('lets ids, small sets and good data be', async () => {
    const table = sequential({
      layers: [embedding({ inputDim: 300, outputDim: 2, inputShape: 1 }), dense({ units: 1 })],
      backend: factories.wasm,
    });
    table.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
    await table.fit(
      column((i) => i),
      noise,
    );
    await make().fit(bad.slice(0, 49), classes.slice(0, 49));
    await make().fit(rows(noise, other, noise), classes, { validationSplit: 0.2 });
    expect(warn).not.toHaveBeenCalled();
  });
});

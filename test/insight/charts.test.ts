import { describe, expect, test } from 'vitest';
import { calibration, learningCurves, residuals, roc, rocPoints } from '../../src/cli/report/curves.js';
import { share } from '../../src/cli/report/html.js';
import { pixelsOf } from '../../src/cli/report/importance.js';
import type { TabularRecord } from '../../src/data/index.js';
import {
  type Chart,
  chartStyle,
  escaped,
  figure,
  heatTable,
  image,
  type Layer,
  svg,
  TONES,
} from '../../src/insight/charts/index.js';
import { scaleOf } from '../../src/insight/charts/scale.js';

const chart = (layers: readonly Layer[], axes: Partial<Chart> = {}): Chart => ({
  title: 'A <title> & more',
  x: { label: 'x' },
  y: { label: 'y' },
  layers,
  ...axes,
});

const line = (x: readonly number[], y: readonly (number | null)[]): Layer => ({
  kind: 'line',
  label: 'a line',
  tone: 'first',
  x,
  y,
});

/** Names of elements that markup opens and never closes, or closes and never opened. */
function unbalanced(markup: string): readonly string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  for (const [, closes, name, attributes] of markup.matchAll(/<(\/?)([a-z][a-zA-Z]*)((?:\s+[\w:-]+="[^"<]*")*)\s*>/g)) {
    if (!closes) open.push(name!);
    else if (open.pop() !== name) wrong.push(`${name}${attributes}`);
  }
  const left = markup.replace(/<\/?[a-z][a-zA-Z]*(?:\s+[\w:-]+="[^"<]*")*\s*>/g, '').replace(chartStyle, '');
  return [...open, ...wrong, ...(left.match(/[<>]|&(?!#?\w+;)/g) ?? [])];
}

const kinds: readonly Layer[] = [
  line([0, 1, 2], [3, null, 5]),
  { kind: 'line', label: 'dashed', tone: 'muted', dashed: true, x: [0, 2], y: [1, Number.NaN] },
  {
    kind: 'points',
    label: 'points <b>',
    tone: 'second',
    x: Float64Array.of(0, 1, 2),
    y: Float64Array.of(1, Infinity, 3),
  },
  { kind: 'band', label: 'band', tone: 'third', x: [0, 1, 2, 3], low: [1, 1, null, 1], high: [2, 2, null, 2] },
  { kind: 'marks', label: 'marks', tone: 'fourth', x: [1, null, 2] },
];

describe('charts', () => {
  test.each([
    ['figure', figure],
    ['svg', svg],
  ] as const)('%s is markup, whatever the text and the numbers', (_, draw) => {
    for (const layers of [kinds, ...kinds.map((layer) => [layer]), [line([], [])], [line([Number.NaN], [1])]]) {
      const markup = draw(chart(layers));
      expect(unbalanced(markup)).toEqual([]);
      expect(markup).not.toMatch(/NaN|Infinity|undefined|null/);
    }
  });

  test('gaps part a line, and a number by itself is seen', () => {
    const markup = figure(chart([line([0, 1, 2, 3, 4], [0, 10, null, Number.NaN, 5])]));
    const paths = [...markup.matchAll(/class="line first" d="([^"]+)"/g)].map(([, path]) => path);
    expect(paths.at(-1)).toBe('M0 1000L250 0M1000 500L1000 500');
  });

  test('a band has a piece for each of its runs', () => {
    const [, path] = /class="band third" d="([^"]+)"/.exec(figure(chart([kinds[3]!])))!;
    expect(path!.match(/M/g)).toHaveLength(2);
    expect(path!.match(/Z/g)).toHaveLength(2);
  });

  test.each<[string, number, number, readonly string[]]>([
    ['small numbers', 0, 1, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    ['hundredths', 0.42, 0.47, ['0.42', '0.43', '0.44', '0.45', '0.46', '0.47']],
    ['thousands', 0, 40_000, ['0', '10,000', '20,000', '30,000', '40,000']],
    ['millions', 0, 4e6, ['0M', '1M', '2M', '3M', '4M']],
    [
      'large numbers beside one another',
      1e10,
      1e10 + 8,
      ['10,000,000,000', '10,000,000,002', '10,000,000,004', '10,000,000,006', '10,000,000,008'],
    ],
    ['tiny numbers', 0, 4e-9, ['0', '1e-9', '2e-9', '3e-9', '4e-9']],
    ['negative numbers', -2, 2, ['\u22122', '\u22121', '0', '1', '2']],
    [
      'huge numbers',
      0,
      4e20,
      ['0', '100000000000000000000', '200000000000000000000', '300000000000000000000', '400000000000000000000'],
    ],
  ])('ticks of %s', (_, low, high, texts) => {
    const scale = scaleOf(chart([line([0, 1], [low, high])]), 'y');
    expect(scale.ticks.map(({ text }) => text)).toEqual(texts);
    expect(scale.place(scale.min)).toBe(0);
    expect(scale.place(scale.max)).toBe(1);
  });

  test.each([
    ['one number', [5], [5]],
    ['zeros', [0, 1], [0, 0]],
    ['the largest numbers there are', [-1.7e308, 1.7e308], [-1.7e308, 1.7e308]],
    ['a number near the largest', [1e308], [1e308]],
  ])('%s can be placed', (_, x, y) => {
    const markup = svg(chart([line(x, y)]));
    expect(markup).not.toMatch(/NaN|Infinity/);
    const places = scaleOf(chart([line(x, y)]), 'x');
    for (const value of x) expect(places.place(value)).toBeGreaterThanOrEqual(0);
    for (const value of x) expect(places.place(value)).toBeLessThanOrEqual(1);
  });

  test('ends that are given hold', () => {
    const scale = scaleOf(chart([line([0.3, 0.4], [1, 2])], { x: { label: 'share', min: 0, max: 1 } }), 'x');
    expect([scale.min, scale.max, scale.place(0.5)]).toEqual([0, 1, 0.5]);
  });

  test('a legend names each thing once', () => {
    const markup = figure(chart([line([0], [0]), { ...line([0], [0]), kind: 'points' } as Layer]));
    expect(markup.match(/a line<\/span>/g)).toHaveLength(1);
  });

  test('a long legend goes on below, within the picture', () => {
    const layers = Array.from(
      { length: 8 },
      (_, i): Layer => ({ ...line([0, 1], [i, i]), label: `a long name ${i}`, tone: TONES[i]! }),
    );
    const places = [...svg(chart(layers), 400).matchAll(/translate\(([\d.]+) ([\d.]+)\)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]);
    expect(new Set(places.map(([, y]) => y)).size).toBeGreaterThan(2);
    for (const [x] of places) expect(x! + 28 + 6.7 * 13).toBeLessThan(400);
  });

  test.each([
    ['<script>alert("x")</script> & \'y\'', '&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt; &amp; &#39;y&#39;'],
    ['bell \u0007, escape \u001b[31m', 'bell \u2407, escape \u241b[31m'],
    ['line\nbreak\ttab', 'line\nbreak\ttab'],
    ['delete \u007f, C1 \u009b', 'delete \ufffd, C1 \ufffd'],
    ['half a pair \ud800, whole \u{1f600}', 'half a pair \ufffd, whole \u{1f600}'],
    ['turned \u202egnp', 'turned \ufffdgnp'],
  ])('%j is shown as it is', (text, expected) => {
    expect(escaped(text)).toBe(expected);
  });

  test('a table of cells and an image are markup', () => {
    const cell = { text: '3 <', share: 2, tone: 'right', title: '"' } as const;
    const table = heatTable('a\\b', ['x & y'], [{ head: '<h>', cells: [cell], after: ['1%'] }], { after: ['recall'] });
    expect(unbalanced(table)).toEqual([]);
    expect(table).toContain('var(--right) 100%');
    const picture = image({ title: 'p', width: 2, height: 1, values: [-1, 4], describe: (i) => `place ${i} <` });
    expect(unbalanced(picture)).toEqual([]);
    expect([...picture.matchAll(/fill-opacity="([\d.]+)"/g)].map(([, value]) => value)).toEqual(['0', '1']);
  });

  test('light and dark have the same colours by name', () => {
    const sides = [...chartStyle.matchAll(/:root\{([^}]*)\}/g)].map(([, text]) =>
      [...text!.matchAll(/--(\w+):/g)].map(([, name]) => name),
    );
    expect(sides[0]).toEqual(sides[1]);
    expect(sides[0]).toEqual(expect.arrayContaining(['muted', ...TONES]));
  });

  test.each([
    ['light', 0],
    ['dark', 1],
  ] as const)('text and lines stand out on %s paper', (_, side) => {
    const text = [...chartStyle.matchAll(/:root\{([^}]*)\}/g)][side]![1]!;
    const colors = Object.fromEntries([...text.matchAll(/--(\w+):(#\w{6})/g)].map(([, name, color]) => [name, color]));
    const channel = (hex: string) => {
      const value = Number.parseInt(hex, 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    };
    const brightness = (color: string) => {
      const [r, g, b] = color.slice(1).match(/../g)!.map(channel) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const contrast = (a: string, b: string) => {
      const [low, high] = [brightness(a), brightness(b)].sort((x, y) => x - y) as [number, number];
      return (high + 0.05) / (low + 0.05);
    };
    // WCAG 2.1: 4.5 for text, 3 for what else must be seen.
    for (const ink of ['ink', 'soft']) expect(contrast(colors[ink]!, colors.paper!), ink).toBeGreaterThan(4.5);
    for (const tone of ['muted', ...TONES]) expect(contrast(colors[tone]!, colors.paper!), tone).toBeGreaterThan(3);
    for (const fill of ['right', 'wrong']) expect(contrast(colors.paper!, colors[fill]!), fill).toBeGreaterThan(3);
  });
});

describe('what a report computes', () => {
  const matrix = (rows: readonly (readonly number[])[]) => ({
    data: Float32Array.from(rows.flat()),
    rows: rows.length,
    columns: rows[0]!.length,
  });

  test('ROC: rows of one score are one step', () => {
    const scores = Float64Array.of(0.9, 0.8, 0.8, 0.1);
    const truth = [true, true, false, false];
    expect(rocPoints((row) => truth[row]!, scores)).toEqual({ x: [0, 0, 0.5, 1], y: [0, 0.5, 1, 1] });
  });

  test('ROC: without rows of classes that training did not know, and without a curve of one class', () => {
    const outputs = matrix([
      [0.9, 0.1],
      [0.2, 0.8],
      [0.4, 0.6],
      [0.1, 0.9],
    ]);
    const drawn = (labels: number[]) => {
      const truth = matrix(labels.map((label) => [label]));
      const chart = roc({ rows: '4 rows', truth, outputs, metrics: { rows: 4 }, classes: ['a', 'b'] });
      return [chart.note, chart.layers.slice(1).map((layer) => (layer as Extract<Layer, { kind: 'line' }>).x)];
    };
    expect(drawn([0, 1, 1, -1])).toEqual(['of 4 rows', [[0, 0, 0, 1]]]);
    const none = 'of 4 rows; all are of one class, of which there is no curve';
    expect(drawn([1, 1, 1, 1])).toEqual([none, []]);
    expect(drawn([0, 0, -1, -1])).toEqual([none, []]);
  });

  test('calibration: sure in tenths, right by the largest output', () => {
    const outputs = matrix([
      [0.95, 0.05],
      [0.93, 0.07],
      [0.4, 0.6],
      [0.35, 0.65],
    ]);
    const truth = matrix([[0], [1], [1], [1]]);
    const { layers } = calibration({ rows: '4 rows', truth, outputs, metrics: { rows: 4 }, classes: ['a', 'b'] });
    const points = layers.find(({ kind }) => kind === 'points') as Extract<Layer, { kind: 'points' }>;
    expect(points.y).toEqual([1, 0.5]);
    expect((points.x as number[]).map((x) => Number(x.toFixed(4)))).toEqual([0.625, 0.94]);
  });

  test('residuals are targets less predictions, in float64', () => {
    const column = (values: number[]) => ({ data: Float64Array.from(values), rows: values.length, columns: 1 });
    const [, errors] = residuals({
      rows: '2 rows',
      truth: column([1e10 + 3, 1e10 + 8]) as never,
      outputs: column([1e10 + 1, 1e10 + 9]) as never,
      metrics: { rows: 2 },
      classes: [],
    });
    expect((errors!.layers[1] as Extract<Layer, { kind: 'points' }>).y).toEqual([2, -1]);
  });

  test('learning curves: mean and ends over the networks that had an epoch, and the chosen epochs', () => {
    const members = [
      { history: { loss: [4, 2], valLoss: [5, 3] }, bestEpoch: 1 },
      { history: { loss: [2], valLoss: [1] }, bestEpoch: 0 },
    ];
    const { layers } = learningCurves({ members, task: 'classification' } as unknown as TabularRecord);
    expect(layers.map(({ kind }) => kind)).toEqual(['band', 'line', 'band', 'line', 'marks']);
    expect(layers[2]).toMatchObject({ low: [1, 3], high: [5, 3] });
    expect(layers[3]).toMatchObject({ x: [1, 2], y: [3, 3] });
    expect(layers[4]).toMatchObject({ x: [2, 1] });
  });

  const named = (names: readonly string[]) => names.map((name) => ({ name, kind: 'number' }));
  const counted = (prefix: string, count: number, first = 0) =>
    named(Array.from({ length: count }, (_, i) => `${prefix}${i + first}`));
  test.each([
    ['pixel0 to pixel783', counted('pixel', 784), [28, 28]],
    ['column1 to column64', counted('column', 64, 1), [8, 8]],
    [
      '1x1 to 28x28',
      named(Array.from({ length: 784 }, (_, i) => `${Math.floor(i / 28) + 1}x${(i % 28) + 1}`)),
      [28, 28],
    ],
    ['px_0_0 to px_5_9', named(Array.from({ length: 60 }, (_, i) => `px_${Math.floor(i / 10)}_${i % 10}`)), [10, 6]],
    ['too few', counted('x', 16), undefined],
    ['no square', counted('x', 60), undefined],
    ['a gap', [...counted('x', 63), { name: 'x64', kind: 'number' }], undefined],
    ['another column', [...counted('x', 64), { name: 'age', kind: 'number' }], undefined],
    ['a text among them', [...counted('x', 64), { name: 'x64', kind: 'category' }], undefined],
    ['names that end otherwise', [...counted('x', 63), { name: 'y63', kind: 'number' }], undefined],
  ] as const)('points of an image by their names: %s', (_, columns, size) => {
    const pixels = pixelsOf(
      columns.map(({ name }) => name),
      columns,
    );
    expect(pixels && [pixels.width, pixels.height]).toEqual(size);
    if (pixels) expect(pixels.names[1]).toBe(columns[1]!.name);
    // Columns of one value are not learned from.
    const some = columns.filter((_, i) => i % 8 > 0);
    expect(
      pixelsOf(
        columns.map(({ name }) => name),
        some,
      )?.width,
    ).toBe(size?.[0]);
  });

  test.each([
    [1, 3, '33.3%'],
    [1, 2, '50%'],
    [0, 5, '0%'],
    [5, 5, '100%'],
    [9999, 10_000, '99.9%'],
    [1, 100_000, '0.1%'],
    [0, 0, '\u2013'],
  ])('%d of %d is %s', (part, whole, text) => {
    expect(share(part, whole)).toBe(text);
  });
});

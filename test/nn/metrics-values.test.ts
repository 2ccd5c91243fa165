import { readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { log } from '../../src/kernels/lib/elementary.js';
import { matrix } from '../../src/matrix.js';
import { accuracy, auc, confusionMatrix, f1, prAuc, topK } from '../../src/nn/metrics/index.js';
import { key, makeRoom, rank } from '../../src/nn/metrics/score-places.js';
import { metricTable } from '../../src/nn/registry.js';
import { Random } from '../support/buffers.js';

interface Case {
  readonly name: string;
  readonly multiLabel?: boolean;
  readonly y: readonly number[][];
  readonly p: readonly number[][];
  readonly metrics: Readonly<Record<string, readonly (readonly [object, number | null])[]>>;
  readonly confusion?: number[][];
}

const cases: readonly Case[] = JSON.parse(
  readFileSync(new URL('../fixtures/sklearn/metrics.json', import.meta.url), 'utf8'),
) as Case[];

const table = metricTable as unknown as Record<string, typeof metricTable.topK>;
const call = (name: string, y: unknown, p: unknown, options: object = {}) =>
  table[name]!(y as number[][], p as number[][], options);

describe('scikit-learn computes the same', () => {
  test('of every metric', () => {
    const covered = new Set(cases.flatMap(({ metrics }) => Object.keys(metrics)));
    expect([...covered].sort()).toEqual(Object.keys(metricTable).sort());
  });

  test.each(cases)('$name', ({ y, p, metrics, multiLabel, confusion }) => {
    for (const [name, values] of Object.entries(metrics)) {
      for (const [options, expected] of values) {
        const value = call(name, y, p, multiLabel ? { ...options, multiLabel } : options);
        const what = `${name} ${JSON.stringify(options)}`;
        if (expected === null) expect(value, what).toBeNaN();
        else
          expect(Math.abs(value - expected), `${what}: ${value}`).toBeLessThanOrEqual(1e-12 * (1 + Math.abs(expected)));
      }
    }
    if (confusion) expect(confusionMatrix(y, p)).toEqual(confusion);
  });
});

test('targets are class indices or one-hot rows, predictions probabilities or class indices', () => {
  const { y, p } = cases.find(({ name }) => name === '3 classes, ties')!;
  const hot = y.map(([label]) => [0, 1, 2].map((c) => Number(c === label)));
  const taken = p.map((row) => row.indexOf(Math.max(...row)));
  const flat = Int32Array.from(y.flat());
  for (const name of ['accuracy', 'topK', 'f1', 'auc', 'prAuc', 'logLoss', 'ece']) {
    const options = name === 'topK' ? { k: 2 } : {};
    expect(call(name, hot, p, options), name).toBe(call(name, y, p, options));
    expect(call(name, flat, matrix(p.flat(), p.length, 3), options), name).toBe(call(name, y, p, options));
  }
  for (const average of ['macro', 'micro', 'weighted'] as const) {
    expect(f1(flat, taken, { average })).toBe(f1(flat, p, { average }));
  }
  expect(confusionMatrix(flat, taken)).toEqual(confusionMatrix(hot, p));
  expect(confusionMatrix([0, 0, 1], [0.3, 0.8, 0.9], { threshold: 0.25 })).toEqual([
    [0, 2],
    [0, 1],
  ]);
  expect(confusionMatrix([2], [0])).toEqual([
    [0, 0, 0],
    [0, 0, 0],
    [1, 0, 0],
  ]);
});

test('the first of equals is the more probable', () => {
  const p = [
    [0.25, 0.25, 0.5],
    [0.4, 0.2, 0.4],
  ];
  expect(topK([1, 2], p, { k: 1 })).toBe(accuracy([1, 2], p));
  expect([topK([0, 0], p, { k: 2 }), topK([1, 2], p, { k: 2 }), topK([1, 1], p, { k: 2 })]).toEqual([1, 0.5, 0]);
});

/** Numbers whose order is easily got wrong: of both signs, zeros of both signs, tiny and large ones, equals. */
function awkward(random: Random, rows: number): { y: number[]; scores: Float32Array } {
  const scores = Float32Array.from({ length: rows }, () => random.number() * (random.integer(3) - 1));
  for (let i = 0; i < rows; i += 3) scores[i] = scores[random.integer(rows)]!;
  return { y: Array.from({ length: rows }, () => Number(random.integer(4) === 0)), scores };
}

test('areas agree with counting all pairs', () => {
  const random = new Random(11);
  for (let round = 0; round < 60; round++) {
    const { y, scores } = awkward(random, 2 + random.integer(120));
    let [pairs, inOrder] = [0, 0];
    let [p, average] = [0, 0];
    scores.forEach((a, i) => {
      if (y[i] !== 1) return;
      p++;
      const above = Array.from(scores.keys()).filter((k) => scores[k]! >= a);
      average += above.filter((k) => y[k] === 1).length / above.length;
      scores.forEach((b, k) => {
        if (y[k] === 1) return;
        pairs++;
        inOrder += Number(a > b) + Number(a === b) / 2;
      });
    });
    expect(auc(y, scores)).toBe(inOrder / pairs);
    if (p === 0) expect(prAuc(y, scores)).toBe(0);
    else expect(prAuc(y, scores)).toBeCloseTo(average / p, 12);
  }
});

test('areas of many columns are means of those of each, crowded scores and all', () => {
  const random = new Random(6);
  const [rows, columns] = [700, 19];
  const labels = Array.from({ length: rows }, () => random.integer(columns - 1));
  const p = Array.from({ length: rows }, () =>
    Array.from({ length: columns }, (_, c) => (c % 2 === 0 ? random.uniform() : 0.5 + 2 ** -20 * random.uniform())),
  );
  // One far away, so that the others are neighbours.
  p[labels.indexOf(1)]![1] = 1e-30;
  const flags = labels.map((label) => p[0]!.map((_, c) => Number(c === label)));
  const single = (c: number, metric: typeof auc | typeof prAuc) =>
    metric(
      labels.map((label) => Number(label === c)),
      p.map((row) => row[c]!),
    );
  const every = Array.from({ length: columns }, (_, c) => c);
  const areas = every.slice(0, -1).map((c) => single(c, auc));
  const precisions = every.map((c) => single(c, prAuc));
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  expect(single(columns - 1, auc)).toBeNaN();
  expect([auc(labels, p), auc(flags, p, { multiLabel: true })]).toEqual([mean(areas), mean(areas)]);
  expect([prAuc(labels, p), prAuc(flags, p, { multiLabel: true })]).toEqual([mean(precisions), mean(precisions)]);
  const column = p.map((row) => row[1]!);
  const own = column.filter((_, i) => labels[i] === 1);
  const others = column.filter((_, i) => labels[i] !== 1);
  const area = (f: (score: number) => number) =>
    mean(own.flatMap((a) => others.map((b) => Number(f(a) > f(b)) + Number(f(a) === f(b)) / 2)));
  expect(areas[1]).toBe(area(Number));
  // Scores of a model are float32, where more of them are equal.
  const ofOne = labels.map((label) => Number(label === 1));
  expect(auc(ofOne, Float32Array.from(column))).toBe(area(Math.fround));
});

test('the logarithm is within an ulp', () => {
  const random = new Random(2);
  for (let i = 0; i < 2000; i++) {
    const x = 2 ** (40 * random.uniform() - 39) * (1 + random.uniform());
    expect(Math.abs(log(x) - Math.log(x))).toBeLessThanOrEqual(2 ** -52 * Math.max(1e-3, Math.abs(Math.log(x))));
  }
  expect([log(1), log(0)]).toEqual([0, -Infinity]);
});

describe('the ranking of scores sorts and searches few of them', () => {
  const ROWS = 20_000;
  const scores = Float32Array.from({ length: ROWS }, (_, i) => 0.05 + (0.9 * ((i * 7919) % ROWS)) / ROWS);
  const all = Int32Array.from(new Int32Array(scores.buffer), key);

  test.each([0.01, 0.1, 0.5])('of a class of the share %d', (share) => {
    const own = all.filter((_, i) => (i * 31) % 1000 < share * 1000);
    const room = makeRoom(ROWS);
    const sort = vi.spyOn(Int32Array.prototype, 'sort');
    const { own: sorted, others } = rank(all, own, room);
    const sizes = sort.mock.contexts.map((keys) => (keys as Int32Array).length);
    sort.mockRestore();
    expect([...sorted]).toEqual([...own].sort((a, b) => a - b));
    expect(others.reduce((sum, count) => sum + count)).toBe(ROWS - own.length);
    // What an engine's sort is given, and what is searched for, since it shares a place with some of the class.
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(own.length / 4);
    const near = room.counts.reduce((sum, count, place) => sum + count * room.mixed[place]!, 0);
    expect(near).toBeLessThan(4 * own.length);
  });
});

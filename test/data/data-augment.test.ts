import { describe, expect, test } from 'vitest';
import {
  type Augmentation,
  addNoise,
  augmented,
  distort,
  dropFeatures,
  erase,
  mixUp,
  oversample,
} from '../../src/data/index.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import { type Matrix, matrix } from '../../src/matrix.js';

const ramp = (rows: number, columns: number) =>
  matrix(
    Float32Array.from({ length: rows * columns }, (_, i) => i),
    rows,
    columns,
  );
const epochOf = (batches: Iterable<[Matrix, Matrix]>) => [...batches].flatMap(([x, y]) => [[...x.data], [...y.data]]);
const apply = (augmentation: Augmentation, x: Matrix, y = matrix([0], 1, 1)) => {
  const batch = { x: matrix(x.data.slice(), x.rows, x.columns), y: matrix(y.data.slice(), y.rows, y.columns) };
  augmentation(batch, new Generator(1, 2));
  return batch;
};

describe('batches', () => {
  const x = ramp(10, 3);
  const y = ramp(10, 1);
  test('hold every row once, in an order of the epoch, and follow from the seed', () => {
    const epochs = augmented(x, y, [], { batchSize: 4, seed: 5 });
    const batches = [...epochs(0)];
    expect(batches.map(([rows]) => rows.rows)).toEqual([4, 4, 2]);
    expect(batches.flatMap(([, targets]) => [...targets.data]).sort((a, b) => a - b)).toEqual([...y.data]);
    for (const [rows, targets] of batches) {
      expect([...targets.data].map((t) => 3 * t)).toEqual([...rows.data].filter((_, i) => i % 3 === 0));
    }
    expect(epochOf(epochs(1))).not.toEqual(epochOf(epochs(0)));
    expect(epochOf(augmented(x, y, [], { batchSize: 4, seed: 5 })(1))).toEqual(epochOf(epochs(1)));
    expect(epochOf(augmented(x, y, [], { shuffle: false })(3))).toEqual([[...x.data], [...y.data]]);
  });

  test('change in every epoch, and leave the data alone', () => {
    const before = x.data.slice();
    const epochs = augmented(x, y, [addNoise(), dropFeatures(), mixUp()], { shuffle: false, batchSize: 10 });
    expect(epochOf(epochs(0))).not.toEqual(epochOf(epochs(1)));
    expect(epochOf(epochs(1))).toEqual(epochOf(epochs(1)));
    expect(x.data).toEqual(before);
    expect(() => augmented(x, ramp(9, 1), [])).toThrow(/y: expected 10, as x has, got 9 rows/);
    expect(() => augmented(x, y, [7 as never])).toThrow(/augmentations\[0\]/);
  });
});

describe('rows', () => {
  test('noise has the deviation asked for, in the columns asked for', () => {
    const zeros = matrix(new Float32Array(40_000), 20_000, 2);
    const { data } = apply(addNoise({ stddev: 0.5, columns: [1] }), zeros).x;
    const noise = data.filter((_, i) => i % 2 === 1);
    const mean = noise.reduce((sum, v) => sum + v, 0) / noise.length;
    const variance = noise.reduce((sum, v) => sum + (v - mean) ** 2, 0) / noise.length;
    expect(Math.abs(mean)).toBeLessThan(0.015);
    expect(Math.abs(Math.sqrt(variance) - 0.5)).toBeLessThan(0.01);
    expect(data.filter((_, i) => i % 2 === 0).every((v) => v === 0)).toBe(true);
    expect(() => apply(addNoise({ columns: [2] }), zeros)).toThrow(/columns\[0\]/);
  });

  test('features are dropped at the rate asked for', () => {
    const ones = matrix(new Float32Array(10_000).fill(1), 100, 100);
    const dropped = apply(dropFeatures({ rate: 0.3, value: -1 }), ones).x.data.filter((v) => v === -1).length;
    expect(Math.abs(dropped / 10_000 - 0.3)).toBeLessThan(0.02);
  });

  test('rows and targets are mixed alike', () => {
    const rows = ramp(64, 1);
    const { x, y } = apply(mixUp({ alpha: 1 }), rows, rows);
    expect(x.data).toEqual(y.data);
    expect(Math.max(...x.data)).toBeLessThanOrEqual(63);
    expect(x.data).not.toEqual(rows.data);
  });

  test('oversampling fills classes up with rows between neighbours', () => {
    const x = matrix(
      Float32Array.from({ length: 60 }, (_, i) => (i < 48 ? i : 100 + i)),
      30,
      2,
    );
    const labels = matrix(
      Float32Array.from({ length: 30 }, (_, i) => (i < 24 ? 0 : 1)),
      30,
      1,
    );
    const more = oversample(x, labels, { neighbours: 2, seed: 1 });
    expect(more.x.rows).toBe(48);
    expect(more.y.data.filter((label) => label === 1).length).toBe(24);
    expect([...more.x.data.subarray(0, 60)]).toEqual([...x.data]);
    for (const value of more.x.data.subarray(60)) {
      expect(value).toBeGreaterThanOrEqual(148);
      expect(value).toBeLessThanOrEqual(159);
    }
    // Rows are no neighbours of themselves: of one neighbour each, hardly a row that is added is one that was there.
    const near = oversample(x, labels, { neighbours: 1, seed: 1 }).x.data.subarray(60);
    expect([...near].filter((value) => x.data.includes(value)).length).toBeLessThan(6);
    expect(oversample(x, labels, { ratio: 0.5 }).x.rows).toBe(36);
    const repeated = oversample(x, labels, { neighbours: 0 });
    expect([...repeated.x.data.subarray(60)].every((value) => x.data.includes(value))).toBe(true);
    expect(() => oversample(x, ramp(30, 2))).toThrow(/a class for each row/);
    expect(() => oversample(x, x.data.map((v) => v + 0.5).subarray(0, 30))).toThrow(/a whole number/);
  });
});

describe('images', () => {
  const shape = { height: 9, width: 9 };
  const dot = (i: number, j: number) => {
    const data = new Float32Array(81);
    data[9 * i + j] = 1;
    return matrix(data, 1, 81);
  };
  const centre = ({ data }: Matrix) => {
    const total = data.reduce((sum, v) => sum + v, 0);
    const along = (place: (at: number) => number) => data.reduce((sum, v, at) => sum + v * place(at), 0) / total;
    return { total, i: along((at) => Math.floor(at / 9)), j: along((at) => at % 9) };
  };

  test('nothing asked for changes nothing', () => {
    const image = ramp(2, 81);
    expect(apply(distort(shape), image).x.data).toEqual(image.data);
  });

  test('shifts move, rotations turn about the middle, scales leave the middle', () => {
    const moved = centre(apply(distort({ ...shape, shift: 2 }), dot(4, 4)).x);
    expect(moved.total).toBeCloseTo(1, 5);
    expect(Math.abs(moved.i - 4)).toBeLessThanOrEqual(2);
    expect(Math.hypot(moved.i - 4, moved.j - 4)).toBeGreaterThan(0.1);
    const turned = centre(apply(distort({ ...shape, rotate: 90 }), dot(4, 7)).x);
    expect(Math.hypot(turned.i - 4, turned.j - 4)).toBeCloseTo(3, 0);
    expect(Math.abs(turned.i - 4)).toBeGreaterThan(0.1);
    const middle = apply(distort({ ...shape, scale: 0.5, rotate: 180 }), dot(4, 4)).x;
    expect(middle.data[40]).toBeCloseTo(1, 5);
  });

  test('a scale of one half makes from half as large to half larger', () => {
    const line = { height: 1, width: 101 };
    const bar = Float32Array.from({ length: 101 }, (_, i) => (Math.abs(i - 50) <= 10 ? 1 : 0));
    const images = matrix(Array.from({ length: 300 }, () => [...bar]).flat(), 300, 101);
    const { data } = apply(distort({ ...line, scale: 0.5 }), images).x;
    const widths = Array.from({ length: 300 }, (_, r) =>
      data.subarray(r * 101, (r + 1) * 101).reduce((sum, value) => sum + value, 0),
    );
    expect(Math.min(...widths) / 21).toBeGreaterThan(0.45);
    expect(Math.min(...widths) / 21).toBeLessThan(0.6);
    expect(Math.max(...widths) / 21).toBeGreaterThan(1.4);
    expect(Math.max(...widths) / 21).toBeLessThan(1.55);
  });

  test('elastic displacements are drawn for each image and are smooth', () => {
    const image = matrix(
      Float32Array.from({ length: 162 }, (_, i) => (i % 81) % 9),
      2,
      81,
    );
    const { data } = apply(distort({ ...shape, elastic: { alpha: 4, sigma: 2 }, fill: 4 }), image).x;
    expect(data.slice(0, 81)).not.toEqual(data.slice(81));
    const inner = (row: number) => Math.abs(data[row * 9 + 4]! - data[row * 9 + 13]!);
    for (const row of [2, 3, 4, 5]) expect(inner(row)).toBeLessThan(1);
    expect([...data].every(Number.isFinite)).toBe(true);
  });

  test('channels of a pixel stay together', () => {
    const image = matrix(
      Float32Array.from({ length: 48 }, (_, i) => (i % 3 === 0 ? 0 : Math.floor(i / 3))),
      1,
      48,
    );
    const { data } = apply(distort({ height: 4, width: 4, channels: 3, shift: 1 }), image).x;
    for (let i = 0; i < 48; i += 3) {
      expect(data[i]).toBe(0);
      expect(data[i + 1]).toBe(data[i + 2]);
    }
  });

  test('rectangles are erased from some of the images', () => {
    const images = matrix(new Float32Array(81 * 400).fill(1), 400, 81);
    const { x } = apply(erase({ ...shape, probability: 0.5, value: 7 }), images);
    const counts = Array.from(
      { length: 400 },
      (_, r) => x.data.subarray(81 * r, 81 * (r + 1)).filter((v) => v === 7).length,
    );
    expect(Math.abs(counts.filter((count) => count > 0).length / 400 - 0.5)).toBeLessThan(0.08);
    expect(Math.max(...counts)).toBeLessThanOrEqual(16);
    expect(() => apply(erase({ height: 3, width: 3 }), images)).toThrow(/3 x 3 x 1 = 9, got 81 columns/);
  });
});

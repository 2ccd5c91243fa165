import { expect, test } from 'vitest';
import { stageRows } from '../../src/engine/staging.js';
import { touchRows } from '../../src/engine/touch-rows.js';
import { matrix } from '../../src/matrix.js';
import { matrixTensor } from '../../src/program/plan.js';

/** Elements of a cache line. */
const LINE = 16;
const ORDER = Uint32Array.from([8, 3, 0, 7, 1, 4, 2]);

/** The array with a list of the elements that are read of it; `subarray` is a copy's beginning. */
function watched(data: Float32Array) {
  const read: number[] = [];
  let copied = Number.POSITIVE_INFINITY;
  const proxy = new Proxy(data, {
    get(target, key) {
      if (typeof key === 'string' && /^\d+$/.test(key)) read.push(Number(key));
      if (key === 'subarray') copied = Math.min(copied, read.length);
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return { proxy, read, copied: () => copied };
}

test.each([8, 16, 30, 63, 64, 255])('every line of rows of %i columns is read once before the copy', (columns) => {
  const { proxy, read } = watched(new Float32Array(9 * columns));
  touchRows(proxy, columns, ORDER, 2, 4);
  const lines = (of: readonly number[]) => [...new Set(of.map((at) => Math.floor(at / LINE)))].sort((a, b) => a - b);
  const rows = [...ORDER.subarray(2, 6)];
  expect(lines(read)).toEqual(lines(rows.flatMap((r) => Array.from({ length: columns }, (_, c) => r * columns + c))));
  expect(read.length).toBe(4 * (Math.ceil(columns / LINE) + 1));
});

test.each([256, 784])('of rows of %i columns both ends are read', (columns) => {
  const { proxy, read } = watched(new Float32Array(9 * columns));
  touchRows(proxy, columns, ORDER, 2, 4);
  expect(read).toEqual([...ORDER.subarray(2, 6)].flatMap((r) => [r * columns, (r + 1) * columns - 1]));
});

test.each([8, 30, 63, 64, 300])('rows of %i columns are all touched before the first is copied', (columns) => {
  const { proxy, read, copied } = watched(new Float32Array(9 * columns).fill(1));
  const tensor = { ...matrixTensor('x', 4, columns), offset: 0 };
  const x = { ...matrix(new Float32Array(9 * columns), 9, columns), data: proxy };
  const touched: number[] = [];
  const heap = new Proxy(new Float32Array(tensor.size), {
    set(target, key, value) {
      touched.push(read.length);
      return Reflect.set(target, key, value);
    },
    get: (target, key) => {
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  stageRows(heap, tensor, x, 2, ORDER);
  const expected = 4 * (columns < 256 ? Math.ceil(columns / LINE) + 1 : 2);
  expect(Math.min(copied(), touched[0]!)).toBe(expected);
  // Without an order rows are fetched in turn by the machine.
  read.length = 0;
  stageRows(new Float32Array(tensor.size), tensor, x, 2);
  expect(read.length).toBe(columns < 64 && columns % 8 !== 0 ? 4 * columns : 0);
});

import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { readCsv, tableFromRows } from '../../src/data/index.js';
import { predictionsOf } from '../../src/data/tabular/estimate/predictions.js';

// Rows come as plain objects, which print as such, whatever their columns are called.

test.each([
  ['numbers and texts', 'a,b\n1,x\n2,y', '{ a: 1, b: "x" }'],
  ['booleans and missing values', 'a,b\ntrue,1\nfalse,\n', '{ a: true, b: 1 }'],
  ['dates', 'a\n2024-01-31\n', '{ a: "2024-01-31T00:00:00.000Z" }'],
  ['names of methods', 'constructor,toString\n1,2\n', '{ constructor: 1, toString: 2 }'],
])('%s', async (_, text, printed) => {
  const table = await readCsv({ text }, { header: true });
  const row = table.toObjects()[0]!;
  expect(inspect(row).replaceAll("'", '"')).toBe(printed.replaceAll("'", '"'));
  expect(Object.getPrototypeOf(row)).toBe(Object.prototype);
  expect(Object.keys(row)).toEqual(table.names);
  expect(table.slice(0, 1).toObjects()).toEqual([row]);
});

test('rows go back into a table', () => {
  const rows = [
    { a: 1, b: 'x' },
    { a: null, b: 'y' },
  ];
  expect(tableFromRows(rows).toObjects()).toStrictEqual(rows);
});

test('probabilities of classes print as plain objects', () => {
  const outputs = { data: Float32Array.of(0.25, 0.75), rows: 1, columns: 2 };
  expect(inspect(predictionsOf(outputs, ['down', '__proto__'])[0])).toBe(
    `{
  class: '__proto__',
  probability: 0.75,
  probabilities: { down: 0.25, ['__proto__']: 0.75 }
}`,
  );
});

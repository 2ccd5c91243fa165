import { expect, test } from 'vitest';
import { setups } from '../bench/setups.js';
import { shapes } from '../bench/shapes.js';

test('every kernel has a benchmark row', () => {
  expect([...new Set(shapes.map(({ kernel }) => kernel))].sort()).toEqual(Object.keys(setups).sort());
});

import { expect, test } from 'vitest';
import { publicNames } from '../support/exports.js';

test('every export and every public member of one has a docstring', () => {
  const names = publicNames();
  expect(names.filter(({ member }) => !member).length).toBeGreaterThan(450);
  expect(names.filter(({ member }) => member).length).toBeGreaterThan(800);
  const missing = names.filter(({ documented }) => !documented);
  expect(missing.map(({ name, place }) => `${place} ${name}`)).toEqual([]);
});

import { expect, test } from 'vitest';
import { publicNames } from '../support/exports.js';

const names = publicNames();
const list = (found: typeof names) => found.map(({ name, place }) => `${place} ${name}`);

test('every export and every public member of one has a docstring', () => {
  expect(names.filter(({ member }) => !member).length).toBeGreaterThan(450);
  expect(names.filter(({ member }) => member).length).toBeGreaterThan(1000);
  expect(list(names.filter(({ doc }) => doc === ''))).toEqual([]);
});

test('what an options type leaves optional says its default', () => {
  const options = names.filter(({ name, optional }) => optional && /^\w*Options\.\w+$/.test(name));
  expect(options.length).toBeGreaterThan(200);
  expect(list(options.filter(({ doc }) => !/default/i.test(doc)))).toEqual([]);
});

test('a docstring says more than a default or a bound', () => {
  expect(list(names.filter(({ doc }) => /^(?:Default|Above|From|Of)\b/.test(doc)))).toEqual([]);
});

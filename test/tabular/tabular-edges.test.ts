import { describe, expect, test } from 'vitest';
import { Choices } from '../../src/data/tabular/estimate/choices.js';
import { count, either, figure, flag, listOf, mapOf, objectOf, oneOf, positive } from '../../src/data/tabular/shape.js';
import { FileFormatError } from '../../src/errors.js';

describe('a choice of an epoch ends after as many epochs without a better one as patience says', () => {
  test.each([1, 2, 5])('patience %d', (patience) => {
    const choices = new Choices(1, [1]);
    let epoch = 0;
    for (; !choices.list[0]!.done; epoch++) {
      choices.take(epoch, 1, [epoch === 0 ? 1 : 2]);
      choices.wait(epoch, patience);
      if (epoch > 10) break;
    }
    expect(choices.list[0]).toMatchObject({ bestEpoch: 0, best: 1, done: true });
    expect(epoch - 1).toBe(patience);
  });

  test('each choice waits by itself, and takes nothing once it has ended', () => {
    const choices = new Choices(2, [1]);
    for (const [epoch, losses] of [
      [1, 3],
      [2, 2],
      [2, 1],
    ].entries()) {
      choices.take(epoch, 1, losses);
      choices.wait(epoch, 2);
    }
    choices.take(3, 1, [0, 5]);
    expect(choices.list.map(({ bestEpoch, done }) => [bestEpoch, done])).toEqual([
      [0, true],
      [2, false],
    ]);
  });
});

describe('what a file says of a pipeline has the form that is needed', () => {
  const ok = Symbol('fits');
  test.each<[what: string, check: ReturnType<typeof listOf>, value: unknown, expected: string | typeof ok]>([
    ['as many as wanted', listOf(figure, 2), [1, null], ok],
    ['one too many', listOf(figure, 2), [1, 2, 3], 'an array of length 2'],
    ['one too few', listOf(figure, 2), [1], 'an array of length 2'],
    ['any number of them', listOf(count), [0, 1, 2], ok],
    ['a negative count', listOf(count), [0, -1], '[1]'],
    ['half of one', listOf(count), [0.5], '[0]'],
    ['none where some are needed', positive, 0, 'above 0'],
    ['1', positive, 1, ok],
    ['a text for a flag', flag, 'true', 'true or false'],
    ['NaN', figure, Number.NaN, 'a number or null'],
    ['a part that is absent', objectOf({ a: count }), {}, '.a'],
    ['a part too many', objectOf({ a: count }), { a: 1, b: 2 }, ok],
    ['an optional part of another kind', objectOf({}, { b: count }), { b: 'x' }, '.b'],
    ['a part of the prototype alone', objectOf(Object.fromEntries([['__proto__', objectOf({})]])), {}, '.__proto__'],
    ['an array for an object', objectOf({}), [], 'an object'],
    ['an array for a map', mapOf(count), [1], 'an object'],
    ['a wrong value in a map', mapOf(count), { a: 1, b: -1 }, '.b'],
    ['another word', oneOf('a', 'b'), 'c', 'one of a, b'],
    ['none of two kinds', either('a count or a flag', count, flag), 'x', 'a count or a flag'],
    ['the second of two kinds', either('a count or a flag', count, flag), true, ok],
  ])('%s', (_, check, value, expected) => {
    const work = () => check(value, 'record');
    if (expected === ok) expect(work).not.toThrow();
    else {
      expect(work).toThrow(FileFormatError);
      expect(work).toThrow(expected as string);
    }
  });
});

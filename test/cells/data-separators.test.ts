import { describe, expect, test } from 'vitest';
import { type CsvOptions, readCsv, streamCsv } from '../../src/data/index.js';

const csv = (text: string, options?: CsvOptions) => readCsv({ text }, options);

test('a carriage return alone in a line is named', async () => {
  for (const text of ['a,b\n1,2\r3,4\n5,6\n', 'a,b\r\n1,2\r3,4\r\n']) {
    await expect(csv(text)).rejects.toThrow(/has 3 fields where the first has 2\. It contains a lone carriage return/);
  }
  await expect(csv('a,b\r\n1,2,3\r\n')).rejects.toThrow(/A field that contains the separator must be quoted/);
});

describe('two characters between fields are refused with the cause', () => {
  test.each([
    ['::', '1::1193::5::978300760\n1::661::3::978302109\n2::914::3::978301968\n'],
    ['::', '1::Toy Story (1995)::Animation|Comedy\n2::Star Wars: IV, a hope::Action\n3::Heat, 1995::Crime|Thriller\n'],
    ['::', 'a::b\n1::2\n'],
    ['||', 'a||b||c\n1||2||3\n4||5||6\n'],
    ['||', 'a||b||c\n1||x, y||3\n4||||6\n'],
  ])('%s in %j', async (pair, text) => {
    for (const read of [csv(text), streamCsv({ text }).next()]) {
      await expect(read).rejects.toThrow(`'${pair}' is between the fields, and a separator is one character`);
    }
    // What is said counts more.
    expect((await csv(text, { separator: ';' })).columns).toHaveLength(1);
  });

  test.each<[string, readonly string[]]>([
    ['a|b|c\n1||3\n4||6\n', ['a', 'b', 'c']],
    ['t,v\n10::x,3\n11::y,4\n', ['t', 'v']],
    ['std::a,5\nstd::b,6\n', ['column1', 'column2']],
    ['address\n2001:db8::1\n::1\n', ['address']],
  ])('but not in %j', async (text, names) => {
    expect((await csv(text)).names).toEqual(names);
  });
});

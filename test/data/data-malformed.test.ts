import { describe, expect, test } from 'vitest';
import { Dictionary } from '../../src/data/cells/dictionary.js';
import { DataError, readCsv, readIdx, readJson, readJsonLines, type Source } from '../../src/data/index.js';
import { Generator } from '../../src/kernels/lib/philox.js';
import { malformed } from '../fuzz/malformed.js';
import { byEffort } from '../support/effort.js';

describe('a file that is not what it should be', () => {
  test('there are enough of them', () => expect(malformed.length).toBeGreaterThan(35));

  test.each(malformed)('$name', async ({ bytes, read, code, at, says }) => {
    const error = await read(bytes).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toBeInstanceOf(DataError);
    const { code: given, message, line, column, offset } = error as DataError;
    const place = at === 'somewhere' ? at : typeof at === 'number' ? offset : [line, column];
    expect(line ?? offset).toBeGreaterThanOrEqual(0);
    expect({ code: given, place, message }).toEqual({ code, place: at, message: expect.stringMatching(says) });
  });
});

/** The number of mutated files. */
const files = byEffort(3000, 100_000, 300_000);

test(
  `${files} mutated files leave prototypes alone, and fail with errors of their type`,
  async () => {
    const seeds: readonly [string, (source: Source) => Promise<unknown>][] = [
      ['name,size,when\n"a ""b""\n",1.5,2024-01-02\n__proto__,,\nconstructor,-1e5,2024-02-29\n', readCsv],
      ['a;b\r\n1;yes\r\n2;no\r\n', readCsv],
      ['__proto__\tprototype\tconstructor\n1\t2\t3\n', readCsv],
      ['[{"a":1,"__proto__":{"polluted":1}},{"constructor":{"prototype":{"polluted":1}}}]', readJson],
      ['{"a":[1,2,null],"b":["x","y","z"]}', readJson],
      ['{"a":1}\n{"a":"\\u0041","b":true}\n', readJsonLines],
      ['\u0000\u0000\b\u0002\u0000\u0000\u0000\u0002\u0000\u0000\u0000\u0002abcd', readIdx],
    ];
    const tokens = [
      '__proto__',
      '"',
      ',',
      '\n',
      '\r\n',
      '{',
      '}',
      '[',
      ']',
      ':',
      '\\',
      '\u0000',
      ' ',
      '9e999',
      'é',
      '\ufeff',
    ];
    const before = Object.getOwnPropertyNames(Object.prototype).sort();
    const generator = new Generator(20, 1);
    const encoder = new TextEncoder();
    for (let i = 0; i < files; i++) {
      const [text, read] = seeds[generator.integer(seeds.length)]!;
      let bytes = encoder.encode(text);
      for (let edits = generator.integer(4) + 1; edits > 0; edits--) {
        const at = generator.integer(bytes.length + 1);
        const end = at + generator.integer(Math.min(8, bytes.length - at) + 1);
        const kind = generator.integer(4);
        const token = encoder.encode(tokens[generator.integer(tokens.length)]);
        const insert = [new Uint8Array(0), token, Uint8Array.of(generator.integer(256)), bytes.slice(at, end)][kind]!;
        const after = kind === 3 ? at : end;
        const mutated = new Uint8Array(at + insert.length + bytes.length - after);
        mutated.set(bytes.subarray(0, at));
        mutated.set(insert, at);
        mutated.set(bytes.subarray(after), at + insert.length);
        bytes = mutated;
      }
      try {
        await read(bytes);
      } catch (error) {
        if (!(error instanceof DataError)) throw new Error(`file ${i}: ${[...bytes]}`, { cause: error });
        expect(error.line ?? error.offset, error.message).toBeDefined();
      }
      if (({} as { polluted?: unknown }).polluted !== undefined) throw new Error(`file ${i} changed Object.prototype`);
    }
    expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(before);
    expect(Object.getOwnPropertyNames(Array.prototype)).not.toContain('polluted');
  },
  Math.max(600_000, files * 6),
);

test('a dictionary survives texts whose hashes collide', () => {
  const dictionary = new Dictionary();
  const codes = new Map<string, number>();
  const encoder = new TextEncoder();
  const generator = new Generator(1, 2);
  for (let i = 0; i < 50_000; i++) {
    const text = String.fromCharCode(97 + generator.integer(4)).repeat(generator.integer(6)) + generator.integer(3000);
    const bytes = encoder.encode(text);
    const code = dictionary.code(bytes, 0, bytes.length);
    expect(codes.get(text) ?? code).toBe(code);
    codes.set(text, code);
  }
  expect(dictionary.texts).toEqual([...codes.keys()]);
});

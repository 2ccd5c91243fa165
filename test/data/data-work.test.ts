import { describe, expect } from 'vitest';
import {
  readCsv,
  readJson,
  readJsonLines,
  type Source,
  streamCsv,
  streamJsonLines,
  type Table,
  tableFromRows,
} from '../../src/data/index.js';
import { testSome } from '../support/effort.js';
import { workOf } from '../support/work.js';

// Reading does work in proportion to what is read: each dimension is quadrupled, and work is counted.

const repeat = (count: number, item: (i: number) => string, by = '') =>
  Array.from({ length: count }, (_, i) => item(i)).join(by);
const line = (count: number, item: (i: number) => unknown) => repeat(count, (i) => String(item(i)), ',');

type Read = (n: number) => () => Promise<unknown>;
const csv =
  (text: (n: number) => string, options = {}): Read =>
  (n) => {
    const whole = text(n);
    return () => readCsv({ text: whole }, options);
  };
const failing =
  (read: (source: Source) => Promise<unknown>, text: (n: number) => string): Read =>
  (n) => {
    const whole = text(n);
    return () =>
      read({ text: whole }).then(
        () => Promise.reject(new Error('this should fail')),
        () => undefined,
      );
  };
const json =
  (text: (n: number) => string, read: (source: Source) => Promise<unknown> = readJson): Read =>
  (n) => {
    const whole = text(n);
    return () => read({ text: whole });
  };
const drained = (stream: (source: Source) => AsyncIterable<Table>) => async (source: Source) => {
  for await (const table of stream(source)) expect(table.rows).toBeGreaterThan(0);
};

describe('four times as much takes about four times the work', () => {
  testSome<[string, number, Read]>([
    ['rows', 2000, csv((n) => `a,b\n${repeat(n, (i) => `${i},x${i % 9}\n`)}`)],
    ['rows in quotes', 2000, csv((n) => `a,b\n${repeat(n, (i) => `"${i}","x, ""${i % 9}"""\n`)}`)],
    ['rows of a stream', 40_000, json((n) => `a,b\n${repeat(n, (i) => `${i % 7},x\n`)}`, drained(streamCsv))],
    ['columns', 1000, csv((n) => `${line(n, (i) => `c${i}`)}\n${`${line(n, (i) => i % 7)}\n`.repeat(3)}`)],
    [
      'columns in quotes',
      1000,
      csv((n) => `${line(n, (i) => `"c${i}"`)}\n${`${line(n, (i) => `"${i % 7}"`)}\n`.repeat(3)}`),
    ],
    ['columns without names', 2000, csv((n) => `${`${line(n, (i) => (i * 7) % 11)}\n`.repeat(3)}`)],
    [
      'columns whose names are numbers',
      2000,
      csv((n) => `${line(n, (i) => i)}\n${`${line(n, (i) => (i * 7) % 11)}\n`.repeat(3)}`),
    ],
    [
      'columns of texts',
      1000,
      csv((n) => `${line(n, (i) => `c${i}`)}\n${repeat(3, (r) => `${line(n, (i) => `t${(i * r) % 7}`)}\n`)}`),
    ],
    [
      'columns with a text among numbers',
      500,
      csv(
        (n) =>
          `${line(n, (i) => `c${i}`)}\n${repeat(30, (r) => `${line(n, (i) => (r === 20 ? 'unknown' : i % 7))}\n`)}`,
      ),
    ],
    [
      'columns in which a comma may be either',
      500,
      csv(
        (n) =>
          `${line(n, (i) => `c${i}`).replaceAll(',', '\t')}\n${`${repeat(n, (i) => `1,${100 + i}`, '\t')}\n`.repeat(3)}`,
      ),
    ],
    [
      'columns of one name',
      1000,
      csv((n) => `${line(n, () => 'a')}\n${`${line(n, (i) => i % 7)}\n`.repeat(3)}`, {
        header: true,
        duplicates: 'rename',
      }),
    ],
    [
      'kinds that are given',
      1000,
      (n) => {
        const text = `${line(n, (i) => `c${i}`)}\n${line(n, (i) => i % 7)}\n${line(n, (i) => i % 5)}\n`;
        const columns = Object.fromEntries(Array.from({ length: n }, (_, i) => [`c${i}`, 'number' as const]));
        return () => readCsv({ text }, { columns });
      },
    ],
    [
      'columns that are dropped',
      1000,
      (n) => {
        const text = `${line(n, (i) => `c${i}`)}\n${line(n, (i) => i % 7)}\n${line(n, (i) => i % 5)}\n`;
        return async () => {
          const table = await readCsv({ text });
          return table.drop(...table.names.slice(1)).select(['c0']);
        };
      },
    ],
    [
      'the report of columns',
      1000,
      (n) => {
        const text = `${line(n, (i) => `c${i}`)}\n${line(n, (i) => i % 7)}\n${line(n, (i) => i % 5)}\n`;
        return async () => String((await readCsv({ text })).report);
      },
    ],
    ['distinct texts', 2000, csv((n) => `a,b\n${repeat(n, (i) => `text ${i},1\n`)}`)],
    [
      'texts that come late',
      2000,
      csv(
        (n) =>
          `name,code\n${repeat(1100, (i) => `"Smith, J",${i % 97}\n`)}${repeat(n, (i) => `"Smith, J",A${i % 97}\n`)}`,
      ),
    ],
    [
      'texts that come late in many columns',
      100,
      csv(
        (n) =>
          `${line(n, (i) => `c${i}`)}\n${`${line(n, (i) => `"${i % 7}"`)}\n`.repeat(1010)}${`${line(n, () => 'x')}\n`.repeat(10)}`,
      ),
    ],
    ['spaces in a cell', 20_000, csv((n) => `a,b\n1,"x${' '.repeat(n)}y"\n2,z${' '.repeat(n)}w\n`)],
    ['spaces around a cell', 20_000, csv((n) => `a,b\n1,"${' '.repeat(n)}y"\n2${' '.repeat(n)},${' '.repeat(n)}w\n`)],
    ['spaces that separate', 20_000, csv((n) => `a b\n1${' '.repeat(n)}2\n3 4${' '.repeat(n)}\n`)],
    [
      'spaces in rows',
      20_000,
      (n) => async () => tableFromRows([{ a: `x${' '.repeat(n)}y` }, { a: `${' '.repeat(n)}z` }]),
    ],
    ['a long field', 20_000, csv((n) => `a,b\n1,"${'x, '.repeat(n)}"\n2,${'y'.repeat(n)}\n`)],
    ['a field over many lines', 20_000, csv((n) => `a,b\n1,"${'x,\n'.repeat(n)}"\n2,y\n`)],
    [
      'a field over many lines, cut at single bytes',
      20_000,
      (n) => {
        const bytes = new TextEncoder().encode(`a,b\n1,"${'x,\n'.repeat(n)}"\n2,y\n`);
        async function* single() {
          for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1);
        }
        return () => readCsv(single());
      },
    ],
    ['a quote that is not closed', 200_000, failing(readCsv, (n) => `a,b\n1,"${'x,\n'.repeat(n)}`)],
    ['quotes that are not closed', 5000, failing(readCsv, (n) => `a,b\n${'"",""""\n'.repeat(n)}",`)],
    ['a line that does not end', 200_000, csv((n) => `a,b\n1,2\n3,${'4'.repeat(n)}`)],
    ['blank lines', 10_000, csv((n) => `a,b\n1,2\n${'\n'.repeat(n)}3,4\n`)],
    ['comments', 5000, csv((n) => `# "x\na,b\n1,2\n${'# "x\n'.repeat(n)}3,4\n`, { comment: '#' })],
    ['comments above', 200, csv((n) => `${'# x, y\n'.repeat(n)}a,b\n1,2\n3,4\n`)],
    ['bare quotes between tabs', 2000, csv((n) => `a\tb\n${repeat(n, (i) => `${i}\t"x${i % 3 ? '' : '"'}\n`)}`)],
    ['JSON rows', 2000, json((n) => `[${line(n, (i) => `{"a":${i},"b":"x${i % 9}"}`)}]`)],
    ['JSON rows with NaN', 1000, json((n) => `[${line(n, (i) => `{"a":${i % 3 ? i : 'NaN'},"b":"x"}`)}]`)],
    ['JSON columns', 1000, json((n) => `[${repeat(3, (r) => `{${line(n, (i) => `"c${i}":${(i * r) % 7}`)}}`, ',')}]`)],
    [
      'JSON keys that come late',
      500,
      json((n) => repeat(n, (i) => `{"a":1${i % 100 ? '' : `,"k${i % 500}":1`}}\n`), readJsonLines),
    ],
    ['JSON keys of their own', 50_000, failing(readJsonLines, (n) => repeat(n, (i) => `{"k${i}":1}\n`))],
    ['JSON Lines', 2000, json((n) => repeat(n, (i) => `{"a":${i},"b":"x${i % 9}"}\n`), readJsonLines)],
    ['JSON Lines of a stream', 20_000, json((n) => repeat(n, (i) => `{"a":${i},"b":"x"}\n`), drained(streamJsonLines))],
    ['JSON of long numbers', 500, json((n) => `[${line(n, (i) => `{"a":9007199254740993${i}}`)}]`)],
    ['a JSON number of many digits', 20_000, json((n) => `[{"a":1${'0'.repeat(n)}},{"a":1.${'5'.repeat(n)}}]`)],
    ['a JSON text with escapes', 5000, json((n) => `[{"a":NaN,"b":"${'\\n\\u00e9'.repeat(n)}"}]`)],
    ['a JSON text that is cut off', 50_000, failing(readJson, (n) => `[{"a":1},{"a":"${'x'.repeat(n)}`)],
    ['JSON escapes that are cut off', 20_000, failing(readJson, (n) => `[{"a":1},{"a":"${'\\\\'.repeat(n)}`)],
    ['a JSON array that is cut off', 5000, failing(readJson, (n) => `[${'{"a":1},'.repeat(n)}`)],
    ['a JSON object that is cut off', 20_000, failing(readJson, (n) => `{"a":[${'1,'.repeat(n)}`)],
    ['a JSON Line that is cut off', 20_000, failing(readJsonLines, (n) => `{"a":1}\n{"a":"${' '.repeat(n)}`)],
    [
      'pandas columns',
      1000,
      json((n) => `{"a":{${line(n, (i) => `"${i}":${i % 7}`)}},"b":{${line(n, (i) => `"${i}":"x"`)}}}`),
    ],
    [
      'pandas split',
      1000,
      json((n) => `{"columns":[${line(n, (i) => `"c${i}"`)}],"data":[[${line(n, (i) => i % 7)}]]}`),
    ],
  ])(
    '%s',
    async (_, n, read) => {
      // What runs for the first time is compiled and cached.
      await read(Math.max(4, n >> 3))();
      const [once, more] = [await workOf(read(n)), await workOf(read(4 * n))];
      expect(once).toBeGreaterThan(100);
      expect(more / once).toBeLessThan(4.6);
    },
    60_000,
  );
});

import { gzipSync } from 'node:zlib';
import type { DataErrorCode } from '../../src/data/data-error.js';
import { type CsvOptions, readCsv, readIdx, readJson, readJsonLines, type Source } from '../../src/data/index.js';

/** A file that must not be read, and what must be said about it. */
export interface Malformed {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly read: (source: Source) => Promise<unknown>;
  readonly code: DataErrorCode;
  /** Line and column, or the byte of a binary file; how far gzip comes depends on the engine. */
  readonly at: readonly [number, number] | number | 'somewhere';
  readonly says: RegExp;
}

const bytesOf = (text: string) => new TextEncoder().encode(text);
const long = (length: number) => 'x'.repeat(length);

function csv(
  name: string,
  content: string | Uint8Array,
  code: DataErrorCode,
  at: Malformed['at'],
  says: RegExp,
  options: CsvOptions = {},
): Malformed {
  const bytes = typeof content === 'string' ? bytesOf(content) : content;
  return { name: `csv: ${name}`, bytes, read: (source) => readCsv(source, options), code, at, says };
}

function json(name: string, text: string, code: DataErrorCode, at: readonly [number, number], says: RegExp): Malformed {
  return { name: `json: ${name}`, bytes: bytesOf(text), read: readJson, code, at, says };
}

function jsonLines(
  name: string,
  text: string,
  code: DataErrorCode,
  at: readonly [number, number],
  says: RegExp,
): Malformed {
  return { name: `json lines: ${name}`, bytes: bytesOf(text), read: readJsonLines, code, at, says };
}

function idx(name: string, bytes: readonly number[], code: DataErrorCode, at: number, says: RegExp): Malformed {
  return { name: `idx: ${name}`, bytes: Uint8Array.from(bytes), read: readIdx, code, at, says };
}

const good = 'name,size\na,1\nb,2\n';
const zipped = Uint8Array.from(gzipSync(good.repeat(5000)));
const damaged = Uint8Array.from(zipped, (byte, i) => (i === 40 ? byte ^ 0xff : byte));

export const malformed: readonly Malformed[] = [
  csv('nothing in it', '', 'empty', [1, 1], /is empty/),
  csv('a byte order mark alone', '\ufeff', 'empty', [1, 1], /is empty/),
  csv('blank lines alone', '\n \r\n\n', 'empty', [1, 1], /no rows/),
  csv('names alone', 'name,size\n', 'empty', [2, 1], /no row below the names/, { header: true }),
  csv(
    'a row too short',
    'name,size\na,1\nb\n',
    'fields',
    [3, 2],
    /1 field where the first has 2\. If the line is no row but a note, delete it\./,
  ),
  csv(
    'a note below the table',
    'name,size\na,1\nSource: the office\n',
    'fields',
    [3, 19],
    /1 field where the first has 2\. .* comment: 'Source: the office' leaves out lines that begin so/,
  ),
  csv('a row too long', 'name,size\na,1\nb,2,3\n', 'fields', [3, 5], /3 fields.*must be quoted/),
  csv('a row too short, with quotes', 'name,size\n"a\nx",1\n"b"\n', 'fields', [4, 4], /1 field where/),
  csv('a row too long, with quotes', 'name,size\n"a",1\n"b",2,3\n', 'fields', [3, 7], /3 fields/),
  csv('a quote not closed', 'name,size\na,1\nb,"2\nc,3\n', 'quote', [3, 3], /never closed/),
  csv('a quote not closed in the last field', 'name,size\na,1\n"b,2', 'quote', [3, 1], /never closed/),
  csv('text behind a closing quote', 'name,size\n"a"b,1\n', 'quote', [2, 1], /after its closing quote/),
  csv('a quote inside quotes', 'name,size\na,"x "y" z"\n', 'quote', [2, 3], /written twice/),
  csv('a NUL', 'name,size\na,\u0000\n', 'binary', [2, 3], /NUL/),
  csv('an image', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 13, 10, 26, 10, 0, 0), 'binary', [3, 1], /NUL/),
  csv(
    'a byte that is not UTF-8',
    Uint8Array.of(...bytesOf('name,size\na,1\n'), 0xe4, 44, 50, 10),
    'encoding',
    [3, 1],
    /not UTF-8.*windows-1252/,
  ),
  csv(
    'UTF-8 cut off inside quotes',
    Uint8Array.of(...bytesOf('n,s\n"'), 0xe2, 0x82, 34, 44, 50, 10),
    'encoding',
    [2, 2],
    /UTF-8/,
  ),
  csv('a name twice', 'size,size\n1,2\n', 'header', [1, 6], /same name/, { header: true }),
  csv('a name that objects have', '__proto__,size\n1,2\n', 'header', [1, 1], /cannot have this name/, { header: true }),
  csv('a line too long', `name,size\n"${long(1_200_000)}`, 'limit', [2, 1], /longer than 1000.*not closed/, {
    maxLineLength: 1000,
  }),
  csv('a whole line too long', `name,size\na,1\n${long(900)},${long(900)}\n`, 'limit', [3, 1], /maxLineLength/, {
    maxLineLength: 1000,
  }),
  csv('a field too long', `name,size\n${long(101)},1\n`, 'limit', [2, 1], /maxFieldLength/, { maxFieldLength: 100 }),
  csv('a quoted field too long', `name,size\na,"${long(101)}"\n`, 'limit', [2, 3], /maxFieldLength/, {
    maxFieldLength: 100,
  }),
  csv('too many columns', `${Array.from({ length: 101 }, (_, i) => `c${i}`).join()}\n`, 'limit', [1, 1], /101 fields/, {
    maxColumns: 100,
  }),
  csv('a text among numbers', 'name,size\na,1\nb,big\n', 'value', [3, 3], /'big' is not a number/, {
    columns: { size: 'number' },
  }),
  csv('a text among numbers, quoted', 'name,size\n"a",1\n"b","big"\n', 'value', [3, 5], /'big'/, {
    columns: { size: 'number' },
  }),
  csv('a day that does not exist', 'when,size\n2024-02-30,1\n', 'value', [2, 1], /'2024-02-30' is not a date/, {
    columns: { when: 'date' },
  }),
  csv('neither yes nor no', 'ok,size\nyes,1\nmaybe,1\n', 'value', [3, 1], /not a boolean/, {
    columns: { ok: 'boolean' },
  }),
  csv('a hexadecimal number', 'a,b\n1,0x1f\n', 'value', [2, 3], /not a number/, { columns: { b: 'number' } }),
  csv('gzip cut off', zipped.subarray(0, 100), 'gzip', 'somewhere', /damaged or cut off/),
  csv('gzip damaged', damaged, 'gzip', 'somewhere', /damaged/),
  csv('gzip with a header alone', Uint8Array.of(0x1f, 0x8b, 8, 0), 'gzip', 'somewhere', /cut off/),
  json('nothing in it', '', 'empty', [1, 1], /no rows/),
  json('an empty array', '[\n]', 'empty', [1, 1], /no rows/),
  json('a number', '\n 42', 'structure', [2, 2], /array of rows/),
  json('a row that is a number', '[{"a":1},\n 7]', 'structure', [2, 2], /a row is 7/),
  json('not closed', '[{"a":1},\n{"a":2}', 'truncated', [2, 8], /not closed|too early/),
  json('a row not closed', '[{"a":1},\n{"a":', 'truncated', [2, 6], /too early/),
  json('a comma too many', '[{"a":1},\n]', 'syntax', [2, 1], /wrong at '\]'/),
  json('a comma missing', '[{"a":1}\n{"a":2}]', 'syntax', [2, 1], /wrong at '\{'/),
  json('a key without quotes', '[{"a":1},\n {b: 2}]', 'syntax', [2, 3], /wrong at 'b'/),
  json("Python's None", '[{"a":\nNone}]', 'syntax', [2, 1], /wrong at 'N'.*json\.dumps/),
  json('quotes of Python', "[{'a':1}]", 'syntax', [1, 3], /wrong at '''.*double quotes/),
  json('a comment', '[{"a":1}, // one\n{"a":2}]', 'syntax', [1, 11], /no comments/),
  json('a comma behind the last field', '[{"a":1,}]', 'syntax', [1, 9], /one too many/),
  json('a text cut off', '[{"a":1},\n{"a":"x\\"y', 'truncated', [2, 11], /ends too early/),
  json('a word cut off', '[{"a":1},\n{"a":tru', 'truncated', [2, 9], /ends too early/),
  json('an escape cut off', '[{"a":"\\u12', 'truncated', [1, 12], /ends too early/),
  json('a key cut off', '[{"a":1,"b', 'truncated', [1, 11], /ends too early/),
  json(
    'an object cut off',
    '{"a":[1,2],"b":["x", "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy',
    'truncated',
    [1, 70],
    /too early/,
  ),
  json('a line break in a text', '[{"a":"x\ny"}]', 'syntax', [1, 9], /wrong/),
  json(
    'rows under two keys',
    '{"a":[{"x":1}],"b":[{"x":2}]}',
    'structure',
    [1, 1],
    /under 'a' and under 'b'.*key: 'a'/,
  ),
  json(
    'arrays beside values',
    '{"images":[[1],[2]],"labels":[0,1]}',
    'structure',
    [1, 1],
    /'images' and under 'labels'/,
  ),
  json('text behind the array', '[{"a":1}]\n[]', 'syntax', [2, 1], /follows the end/),
  json('an object in a field', '[{"a":1},\n{"a":{"b":2}}]', 'structure', [2, 1], /an object/),
  json('rows of two kinds', '[{"a":1},\n[2]]', 'structure', [2, 1], /objects/),
  json('arrays of unequal length', '[[1,2],\n [3]]', 'structure', [2, 2], /1 values where the first has 2/),
  json('columns of unequal length', '{"a":[1,2],"b":[3]}', 'structure', [1, 1], /1 values, the first 2/),
  json('a column that is no array', '{"a":1}', 'structure', [1, 1], /not an array/),
  json(
    'a name that objects have',
    '[{"a":1},{"__proto__":{"polluted":true}}]',
    'structure',
    [1, 10],
    /cannot have this name/,
  ),
  json('nested without end', `[${'['.repeat(5000)}`, 'structure', [1, 33], /deeper than 32/),
  jsonLines('nothing in it', '\n\n', 'empty', [1, 1], /no rows/),
  jsonLines('a line cut off', '{"a":1}\n\n{"a":', 'truncated', [3, 6], /too early/),
  jsonLines('a comma behind a row', '{"a":1},\n{"a":2}\n', 'syntax', [1, 8], /wrong at ','.*Nothing comes after/),
  jsonLines('two rows on a line', '{"a":1}\n{"a":2}{"a":3}\n', 'syntax', [2, 8], /wrong at '\{'/),
  jsonLines('nested without end', `{"a":1}\n${'['.repeat(5000)}`, 'structure', [2, 1], /deeper than 32/),
  jsonLines('a text as a row', '{"a":1}\n"x"\n', 'structure', [2, 1], /a row is 'x'/),
  jsonLines('not UTF-8', '{"a":1}\n{"a":"\u0000"}\n', 'binary', [2, 7], /NUL/),
  idx('nothing in it', [], 'empty', 0, /is empty/),
  idx('three bytes', [0, 0, 8], 'truncated', 3, /first four/),
  idx('another format', [0x89, 0x50, 0x4e, 0x47], 'binary', 0, /two zero bytes/),
  idx('a type that is none', [0, 0, 7, 1, 0, 0, 0, 1, 1], 'binary', 2, /7 is no type/),
  idx('no dimension', [0, 0, 8, 0], 'binary', 3, /no dimension/),
  idx('cut off in its shape', [0, 0, 8, 2, 0, 0, 0, 1], 'truncated', 8, /shape/),
  idx('cut off', [0, 0, 8, 1, 0, 0, 0, 3, 1, 2], 'truncated', 10, /3 takes 3 bytes, and there are 2/),
  idx(
    'a shape that no memory holds',
    [0, 0, 14, 2, 255, 255, 255, 255, 255, 255, 255, 255],
    'truncated',
    12,
    /there are 0/,
  ),
  idx('bytes behind its end', [0, 0, 8, 1, 0, 0, 0, 1, 1, 2], 'binary', 9, /there are 2/),
  idx('a dimension of 0', [0, 0, 8, 1, 0, 0, 0, 0], 'empty', 4, /is 0/),
];

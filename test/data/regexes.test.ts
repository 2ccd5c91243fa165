import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { transformSync } from 'esbuild';
import { analyse } from 'scslre';
import { parseAst } from 'vite';
import { afterAll, expect, test } from 'vitest';

// No pattern looks at a text more often than in proportion to its length: what is read may be made to hurt.

const root = resolve(import.meta.dirname, '../../src');
const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));

interface Pattern {
  readonly source: string;
  readonly flags: string;
}

/** The ways in which a pattern may take time with a power of the length of a text. */
function flawsOf({ source, flags }: Pattern): string[] {
  const { reports } = analyse({ source, flags }, { reportTypes: { Move: true } });
  return reports.map(({ type, character }) => `/${source}/${flags}: ${type} over ${character.literal.source}`);
}

function literalsOf(node: unknown): Pattern[] {
  if (typeof node !== 'object' || node === null) return [];
  if (Array.isArray(node)) return node.flatMap(literalsOf);
  const { regex } = node as { regex?: { pattern: string; flags: string } };
  if (regex) return [{ source: regex.pattern, flags: regex.flags }];
  return Object.values(node).flatMap(literalsOf);
}

const literals = files.map((name) => {
  const { code } = transformSync(readFileSync(join(root, name), 'utf8'), { loader: 'ts' });
  return [name, literalsOf(parseAst(code))] as const;
});
const withSome = literals.filter(([, patterns]) => patterns.length > 0);

test('patterns are found, and the check finds what was there', () => {
  expect(withSome.flatMap(([, patterns]) => patterns).length).toBeGreaterThan(80);
  const text = String.raw`"(?:[ !#-[\]-\uffff]+|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*"`;
  expect(flawsOf({ source: text, flags: 'y' })).not.toEqual([]);
  expect(flawsOf({ source: '^[ \\t\\r]+|[ \\t\\r]+$', flags: 'g' })).not.toEqual([]);
});

test.each(withSome)('%s', (_, patterns) => expect(patterns.flatMap(flawsOf)).toEqual([]));

const native = globalThis.RegExp;
const built: Pattern[] = [];
afterAll(() => {
  globalThis.RegExp = native;
});

test('patterns that are put together', async () => {
  globalThis.RegExp = class extends native {
    constructor(pattern: RegExp | string, flags?: string) {
      super(pattern, flags);
      if (typeof pattern === 'string') built.push({ source: pattern, flags: flags ?? '' });
    }
  } as RegExpConstructor;
  const { dateReader } = await import('../../src/data/cells/date-formats.js');
  await import('../../src/data/index.js');
  const formats = [
    'DMY',
    'MDY',
    'YMD',
    'DD/MM/YYYY',
    'D.M.YYYY HH:mm:ss',
    '%d %b %Y',
    'MMMM D, YYYY',
    'YYYY-MM-DD[T]HH',
  ];
  for (const format of [...formats, 'DD  MM   YYYY', 'D D D YYYY M']) {
    try {
      dateReader(format)('1 1 2024');
    } catch {
      // Not all of them are formats.
    }
  }
  const { hasMonthName, looksLikeTime } = await import('../../src/data/cells/unread-dates.js');
  expect([hasMonthName('x'), looksLikeTime('x')]).toEqual([false, false]);
  const sources = files.filter((name) => /\bRegExp\(/.test(readFileSync(join(root, name), 'utf8')));
  expect(sources.sort()).toEqual([
    'data/cells/date-formats.ts',
    'data/cells/numerals.ts',
    'data/cells/spelled-dates.ts',
    'data/cells/unread-dates.ts',
  ]);
  expect(built.length).toBeGreaterThan(10);
  expect(built.flatMap(flawsOf)).toEqual([]);
});

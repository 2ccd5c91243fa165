import { readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { printable, printableJson, printableLines } from '../../src/printable.js';
import { quick, workspace } from '../support/cli.js';
import { testSome } from '../support/effort.js';

// Names of columns and classes come from files. A terminal must not take them for commands.

describe('text for a terminal', () => {
  testSome([
    ['plain, äöü 漢字 🙂 👩‍👩‍👧', 'plain, äöü 漢字 🙂 👩‍👩‍👧'],
    ['\u001b]0;title\u0007', '\\x1b]0;title\\x07'],
    ['\u009b31m', '\\x9b31m'],
    ['a\u0000b\u007f', 'a\\x00b\\x7f'],
    ['line\nfeed\r\ttab', 'line\\nfeed\\r\\ttab'],
    ['abc\u202egnp.exe\u2066x\u2069\u200f\u061c', 'abc\\u202egnp.exe\\u2066x\\u2069\\u200f\\u61c'],
    ['\u2028\u2029\ufeff', '\\u2028\\u2029\\ufeff'],
  ])('%j', (given, shown) => {
    expect(printable(given)).toBe(shown);
    expect(printableLines(given)).toBe(shown.replaceAll('\\n', '\n'));
    expect(JSON.parse(printableJson(JSON.stringify({ [given]: given })))).toEqual({ [given]: given });
  });
});

const { at, myelin } = workspace();
const evil = {
  column: 'si\u001b[2Jze\u009b',
  label: 'ki\u202end',
  class: 'b\u001b]52;c;aGk=\u0007ig',
  line: 'two\nlines\u0085',
};
const cell = (text: string) => `"${text.replaceAll('"', '""')}"`;
const rows = Array.from({ length: 80 }, (_, i) => [i % 2 ? i : 100 + i, i % 3, i % 2 ? evil.class : 'small']);
const data = (names: readonly string[], body: readonly (readonly (string | number)[])[]) =>
  [names, ...body].map((line) => line.map((text) => (typeof text === 'string' ? cell(text) : text)).join()).join('\n');
// biome-ignore lint/suspicious/noControlCharactersInRegex: none of them may be there
const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

test('names of columns and classes are shown escaped by every command, and in the data they stay', async () => {
  writeFileSync(at('evil.csv'), data([evil.column, evil.line, evil.label], rows));
  const args = ['train', 'evil.csv', '--target', 'last', ...quick, '--out', 'evil.myelin', '--report', 'evil.html'];
  const odd = data(
    [evil.column, evil.line, evil.label],
    [
      [1, 2, 'small'],
      ['\u001b[31m', 2, 'small'],
    ],
  );
  writeFileSync(at('odd.csv'), odd);
  writeFileSync(at('other.csv'), data(['a\u001b[1m', evil.line, evil.label], rows));
  const outputs = [
    await myelin([...args, '--test-share', '0.2']),
    await myelin([...args, '--json']),
    await myelin(['inspect', 'evil.myelin']),
    await myelin(['inspect', 'evil.myelin', '--json']),
    await myelin(['evaluate', 'evil.myelin', 'evil.csv']),
    await myelin(['evaluate', 'evil.myelin', 'odd.csv']),
    await myelin(['evaluate', 'evil.myelin', 'other.csv']),
    await myelin(['predict', 'evil.myelin', 'odd.csv', '--out', 'p.csv']),
    await myelin(['train', 'evil.csv', '--target', 'no\u001b[31m such']),
    await myelin(['train', 'evil.csv', '--target', 'last', '--drop', 'no\u009b']),
    await myelin(['inspect', 'no\u001b[31m.myelin']),
    await myelin(['train', '--no\u001b[31m']),
  ];
  for (const { stdout, stderr } of outputs) {
    expect(stdout).not.toMatch(raw);
    expect(stderr).not.toMatch(raw);
  }
  expect(outputs.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 2]);
  expect(outputs[0]!.stdout).toContain('b\\x1b]52;c;aGk=\\x07ig');
  expect(outputs[2]!.stdout).toContain("'ki\\u202end'");
  expect(readFileSync(at('evil.html'), 'utf8').replace(/<script[\s\S]*<\/script>/g, '')).not.toMatch(raw);
  const { record } = JSON.parse(outputs[3]!.stdout);
  expect(record.target).toBe(evil.label);
  expect(record.classes).toContain(evil.class);
  // What a program reads is the data.
  const predicted = await myelin(['predict', 'evil.myelin', 'evil.csv', '--quiet']);
  expect(predicted.stdout.split('\n')[0]).toContain(evil.label);
}, 120_000);

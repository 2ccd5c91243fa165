import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');

// Code that is longer than the plain way stands apart, has an entry in bench/NOTES.md that says what it gains, and a test
// that fails when it gains nothing any more.
const notes = readFileSync(join(root, 'bench/NOTES.md'), 'utf8');
const TITLE = 'Cleverness that pays';
const section = notes.split(/^# /m).find((text) => text.startsWith(TITLE)) ?? '';
const entries = section
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => line.split('|').map((cell) => cell.trim().replace(/^`|`$/g, '')))
  .map(([, file, , , check]) => ({ file: file!, check: check! }));

test.each(entries)('$file names its entry, and $check tests it', ({ file, check }) => {
  const header = readFileSync(join(root, file), 'utf8').split('\n', 8).join(' ').replaceAll(' // ', ' ');
  expect(header).toContain('bench/NOTES.md');
  expect(header).toContain(TITLE);
  expect(existsSync(join(root, check))).toBe(true);
});

test('the entries are there', () => expect(entries.length).toBeGreaterThanOrEqual(7));

test.each(['kernels.core', 'kernels.extras', 'kernels.fast.core', 'kernels.fast.extras'])(
  '%s is smaller as packed text than as it is, and a third smaller than in base64',
  async (name) => {
    const module = readFileSync(join(root, `build/${name}.wasm`));
    const { default: text } = (await import(`../../build/${name}.wasm.js`)) as { default: string };
    const bytes = (data: string | Uint8Array) => gzipSync(data, { level: 9 }).length;
    expect(bytes(text)).toBeLessThan(0.92 * bytes(module));
    expect(bytes(text)).toBeLessThan((2 / 3) * bytes(module.toString('base64')));
  },
);

import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

// Where this fails, code has moved or changed: mend the entry in test/mutants/, then `npm run mutate -- ID` must say killed.
test('every mutant of test/mutants/ can be put into the sources as they are', async () => {
  const script = resolve(import.meta.dirname, '../../scripts/mutants.js');
  const { stdout } = await promisify(execFile)(process.execPath, [script, '--stale']).catch((error) => error);
  const [, mutants, stale] = /^(\d+) mutants, (\d+) stale$/m.exec(stdout) ?? [];
  expect(stale, stdout).toBe('0');
  expect(Number(mutants)).toBeGreaterThanOrEqual(200);
});

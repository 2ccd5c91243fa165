import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import { effort } from '../support/effort.js';

interface Growth {
  readonly models: number;
  readonly heap: number;
  readonly stream: number;
}

// Thousands of models and steps take half a minute.
describe.skipIf(effort === 'quick')('memory in MB', () => {
  let growth: Growth;

  beforeAll(async () => {
    const script = join(import.meta.dirname, '../programs/memory-runs.js');
    const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', script]);
    growth = JSON.parse(stdout);
  }, 120_000);

  test('1,000 models made, trained and dropped: resident memory', () => {
    expect(growth.models).toBeLessThan(5);
  });

  test('10,000 steps: the heap', () => {
    expect(growth.heap).toBeLessThan(0.5);
  });

  test('a stream of 42 MB: the batches that the collector has not come to yet', () => {
    expect(growth.stream).toBeLessThan(4);
  });
});

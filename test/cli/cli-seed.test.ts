import { rmSync } from 'node:fs';
import { afterAll, expect } from 'vitest';
import { quick, workspace } from '../support/cli.js';
import { thorough } from '../support/effort.js';

const { folder, myelin } = workspace();
afterAll(() => rmSync(folder, { recursive: true }));

/** The mean of a column over the rows that were trained on, which says which rows these are. */
async function meanOf(...flags: readonly string[]): Promise<number> {
  const train = ['train', 'train.csv', '--target', 'kind', '--drop', 'id', '--json', '--out', 'm.myelin', ...quick];
  const { stdout, stderr, code } = await myelin([...train, '--test-share', '0.3', ...flags]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const { inputs } = JSON.parse(stdout).record as { inputs: { name: string; mean: number }[] };
  return inputs.find(({ name }) => name === 'weight')!.mean;
}

thorough(
  '--test-share draws the rows by --seed',
  async () => {
    const [none, zero, one, two, again] = [
      await meanOf(),
      await meanOf('--seed', '0'),
      await meanOf('--seed', '1'),
      await meanOf('--seed', '2'),
      await meanOf('--seed', '1'),
    ];
    expect(none).toBe(zero);
    expect(again).toBe(one);
    expect(new Set([zero, one, two]).size).toBe(3);
  },
  120_000,
);

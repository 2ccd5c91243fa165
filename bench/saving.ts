import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adam, dense, load, type Model, save, sequential, serialize, wasm } from '../src/index.js';
import { median, type Named } from './measure.js';

/** A file of a model, written and read, next to the same bytes by themselves. One MB is 1,000,000 bytes. */
export interface SavingRow {
  readonly model: string;
  readonly megabytes: number;
  /** With the file before kept, as by default. */
  readonly saveMs: number;
  /** Writing the same bytes and waiting until they are on the disk. */
  readonly writeMs: number;
  /** Of the disk's plain speed. */
  readonly shareOfWrite: number;
  readonly loadMs: number;
  /** Reading the same bytes, which the system has in memory. */
  readonly readMs: number;
}

export interface SavingCase extends Named {
  readonly training: boolean;
}

export const savingCases: readonly SavingCase[] = [
  { name: 'save 3.2M weights', quick: true, training: false },
  { name: 'save 3.2M weights, with the state of adam', quick: false, training: true },
];

function makeModel(backend: Awaited<ReturnType<typeof wasm>>): Model {
  const hidden = () => dense({ units: 1024, inputShape: 1024, activation: 'relu' });
  const model = sequential({ layers: [hidden(), hidden(), hidden(), dense({ units: 10 })], backend });
  model.compile({ optimizer: adam(), loss: 'meanSquaredError' });
  model.trainOnBatch([new Float32Array(1024).fill(0.1)], [new Float32Array(10)]);
  return model;
}

function writePlain(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'w');
  for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
  fsyncSync(file);
  closeSync(file);
}

async function time(work: () => unknown): Promise<number> {
  const begin = performance.now();
  await work();
  return performance.now() - begin;
}

/** Median milliseconds of two things, in turns; the first round only warms up. */
async function inTurns(rounds: number, works: readonly [() => unknown, () => unknown]): Promise<[number, number]> {
  const spent: [number[], number[]] = [[], []];
  for (let round = 0; round <= rounds; round++) {
    for (const [i, work] of works.entries()) {
      const ms = await time(work);
      if (round > 0) spent[i]!.push(ms);
    }
  }
  return [median(spent[0]), median(spent[1])];
}

/** On the disk of the repository. */
export async function measureSaving(cases: readonly SavingCase[], rounds: number): Promise<SavingRow[]> {
  const folder = mkdtempSync(join(fileURLToPath(new URL('..', import.meta.url)), 'build/saving-'));
  const backend = await wasm();
  const model = makeModel(backend);
  const rows: SavingRow[] = [];
  try {
    for (const { name, training } of cases) {
      const [path, plain] = [join(folder, 'model.safetensors'), join(folder, 'plain')];
      const bytes = serialize(model, { training });
      const [saveMs, writeMs] = await inTurns(rounds, [
        () => save(model, path, { training }),
        () => writePlain(plain, bytes),
      ]);
      // By themselves: what is loaded is dropped again, and whoever comes next has to wait for the collector.
      const [loadMs, readMs] = await inTurns(rounds, [() => load(path, { backend }), () => readFileSync(plain)]);
      const shareOfWrite = writeMs / saveMs;
      rows.push({ model: name, megabytes: bytes.length / 1e6, saveMs, writeMs, shareOfWrite, loadMs, readMs });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

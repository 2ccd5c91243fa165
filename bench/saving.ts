import { closeSync, fsyncSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adam, dense, load, type Model, save, sequential, serialize, wasm } from '../src/index.js';
import type { Before } from './before.js';
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
  /** `saveMs` and `loadMs` over those of the build before. */
  readonly ratio?: number;
  readonly loadRatio?: number;
}

/** A model of one build, saved to and loaded from a path. */
interface SavingWork {
  bytes(training: boolean): Uint8Array;
  save(path: string, training: boolean): Promise<unknown>;
  load(path: string): Promise<unknown>;
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

export async function savingWork(): Promise<SavingWork> {
  const backend = await wasm();
  const model = makeModel(backend);
  return {
    bytes: (training) => serialize(model, { training }),
    save: (path, training) => save(model, path, { training }),
    load: (path) => load(path, { backend }),
  };
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

/** Median milliseconds of some things, in turns; the first round only warms up. */
async function inTurns(rounds: number, works: readonly (() => unknown)[]): Promise<readonly number[]> {
  const spent: number[][] = works.map(() => []);
  for (let round = 0; round <= rounds; round++) {
    for (const [i, work] of works.entries()) {
      const ms = await time(work);
      if (round > 0) spent[i]!.push(ms);
    }
  }
  return spent.map(median);
}

/** On the disk of the repository. */
export async function measureSaving(
  cases: readonly SavingCase[],
  rounds: number,
  before?: Before,
): Promise<SavingRow[]> {
  const folder = mkdtempSync(join(fileURLToPath(new URL('..', import.meta.url)), 'build/saving-'));
  const work = await savingWork();
  const rival = before && (await before.attempt('save', (library) => library.savingWork()));
  const rows: SavingRow[] = [];
  try {
    for (const { name, training } of cases) {
      const [path, old, plain] = ['model.safetensors', 'before.safetensors', 'plain'].map((name) => join(folder, name));
      const bytes = work.bytes(training);
      const [saveMs, writeMs, oldSaveMs] = await inTurns(rounds, [
        () => work.save(path!, training),
        () => writePlain(plain!, bytes),
        ...(rival ? [() => rival.save(old!, training)] : []),
      ]);
      // By themselves: what is loaded is dropped again, and whoever comes next has to wait for the collector.
      const [loadMs, readMs, oldLoadMs] = await inTurns(rounds, [
        () => work.load(path!),
        () => readFileSync(plain!),
        ...(rival ? [() => rival.load(old!)] : []),
      ]);
      rows.push({
        model: name,
        megabytes: bytes.length / 1e6,
        saveMs: saveMs!,
        writeMs: writeMs!,
        shareOfWrite: writeMs! / saveMs!,
        loadMs: loadMs!,
        readMs: readMs!,
        ...(rival ? { ratio: saveMs! / oldSaveMs!, loadRatio: loadMs! / oldLoadMs! } : {}),
      });
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
  return rows;
}

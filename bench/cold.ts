import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { BuildOptions, Metafile } from 'esbuild';
import { median } from './measure.js';

export const COLD_START = 'cold start W4';

/** A program that trains one step of W4, bundled and minified. One KB is 1,000 bytes. */
export interface ColdStart {
  readonly workload: string;
  /** A process from its start to its end, which comes with the end of the first step. */
  readonly ms: number;
  /** The same of `node -e 0`. */
  readonly bareMs: number;
  readonly overBareMs: number;
  /** What such a program loads, the exact kernels within. */
  readonly bundleKb: number;
  readonly bundleGzipKb: number;
  /** The same with what a plain `fit` loads on demand. */
  readonly fitGzipKb: number;
  /** All that is loaded on demand: the extra kernels, for `fit`, streams, profiles, errors explained, threads, fast arithmetic. */
  readonly onDemandGzipKb: number;
  /** Milliseconds over `bareMs`, and sizes, over those of the build before. */
  readonly ratios?: Readonly<Record<'overBareMs' | Size, number>>;
}

type Size = 'bundleKb' | 'bundleGzipKb' | 'fitGzipKb' | 'onDemandGzipKb';

/** The repository; this file runs as build/bench.js. */
const root = fileURLToPath(new URL('..', import.meta.url));
const KB = 1000;

/** How the program is bundled. */
export const BUNDLING = {
  absWorkingDir: root,
  entryPoints: ['bench/first-step.js'],
  bundle: true,
  minify: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: ['es2022', 'node20'],
  metafile: true,
  logLevel: 'error',
} satisfies BuildOptions;

interface Bundle {
  readonly entry: string;
  /** What is loaded at once, what `fit` loads beside it, and what is not loaded at once. */
  readonly loaded: readonly Buffer[];
  readonly ofFit: readonly Buffer[];
  readonly onDemand: readonly Buffer[];
}

/** Bundles the program from the built package, or that of `before`; splits what is imported on demand from what is loaded. */
async function bundle(before?: string): Promise<Bundle> {
  const { build } = await import('esbuild');
  const outdir = before === undefined ? 'build/first-step' : 'build/first-step-before';
  const alias = before === undefined ? {} : { alias: { myelin: join(before, 'esm/index.js') } };
  const { metafile } = await build({ ...BUNDLING, ...alias, outdir });
  const entry = `${outdir}/first-step.js`;
  const loaded = reachable(metafile, entry);
  const read = (names: readonly string[]) => names.map((name) => readFileSync(join(root, name)));
  const others = Object.keys(metafile.outputs).filter((name) => !loaded.has(name));
  const fit = Object.entries(metafile.outputs).find(([, { entryPoint }]) =>
    entryPoint?.endsWith('esm/on-demand/fit.js'),
  );
  if (!fit) throw new Error('The bundle has no file for fit.');
  const ofFit = [...reachable(metafile, fit[0])].filter((name) => !loaded.has(name));
  return { entry: join(root, entry), loaded: read([...loaded]), ofFit: read(ofFit), onDemand: read(others) };
}

/** The chunks that a chunk imports at once, itself first. */
export function reachable({ outputs }: Metafile, entry: string): ReadonlySet<string> {
  const found = new Set([entry]);
  for (const name of found) {
    for (const { path, kind } of outputs[name]!.imports) if (kind === 'import-statement') found.add(path);
  }
  return found;
}

/** Milliseconds of a process. */
function start(engine: string, args: readonly string[]): number {
  const begin = performance.now();
  const { status, error } = spawnSync(engine, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  const taken = performance.now() - begin;
  if (error) throw error;
  if (status !== 0) throw new Error(`${engine} ${args.join(' ')} ended with status ${status}.`);
  return taken;
}

/** Starts processes in turns; the first pair only warms the system's caches. */
export async function measureColdStart(rounds: number, engine: string, before?: string): Promise<ColdStart> {
  const now = await bundle();
  const old = before === undefined ? [] : [await bundle(before)];
  const spent: [number[], number[], number[]] = [[], [], []];
  for (let round = 0; round <= rounds; round++) {
    for (const [i, args] of [['-e', '0'], [now.entry], ...old.map(({ entry }) => [entry])].entries()) {
      const ms = start(engine, args);
      if (round > 0) spent[i]!.push(ms);
    }
  }
  const [bareMs, ms] = [median(spent[0]), median(spent[1])];
  const sizes = sizesOf(now);
  const over = (of: Bundle): NonNullable<ColdStart['ratios']> => {
    const theirs = sizesOf(of);
    const names = Object.keys(sizes) as Size[];
    const ratios = Object.fromEntries(names.map((name) => [name, sizes[name] / theirs[name]]));
    return { ...(ratios as Record<Size, number>), overBareMs: (ms - bareMs) / (median(spent[2]) - bareMs) };
  };
  return {
    workload: 'W4',
    ms,
    bareMs,
    overBareMs: ms - bareMs,
    ...sizes,
    ...(old[0] ? { ratios: over(old[0]) } : {}),
  };
}

function sizesOf({ loaded, ofFit, onDemand }: Bundle): Record<Size, number> {
  const kilobytes = (files: readonly Buffer[]) => files.reduce((sum, { length }) => sum + length, 0) / KB;
  const zipped = (files: readonly Buffer[]) => kilobytes(files.map((file) => gzipSync(file, { level: 9 })));
  return {
    bundleKb: kilobytes(loaded),
    bundleGzipKb: zipped(loaded),
    fitGzipKb: zipped([...loaded, ...ofFit]),
    onDemandGzipKb: zipped(onDemand),
  };
}

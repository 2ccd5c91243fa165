import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { formatGoals, measureGoals } from '../../bench/goals/measure.js';
import { groups } from '../../bench/goals/rows.js';
import type { Report } from '../../bench/report.js';
import { setups } from '../../bench/setups.js';
import { shapes } from '../../bench/shapes.js';
import { workloads } from '../../bench/workloads.js';
import { hasRelaxedSimd } from '../../src/backends/detect.js';
import { effort, thorough } from '../support/effort.js';

test('every kernel has a benchmark row', () => {
  expect([...new Set(shapes.map(({ kernel }) => kernel))].sort()).toEqual(Object.keys(setups).sort());
});

const script = fileURLToPath(new URL('../../bench/run.js', import.meta.url));

const root = fileURLToPath(new URL('../..', import.meta.url));

function bench(...args: string[]): string {
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], { encoding: 'utf8' });
  expect([stderr, status]).toEqual(['', 0]);
  return stdout;
}

describe('npm run bench', () => {
  const builds = hasRelaxedSimd() ? ['exact', 'fast'] : ['exact'];

  test('has rows for every workload, for staging, threads, saving and the cold start', () => {
    const names = bench('--list').split('\n');
    for (const build of builds) {
      for (const { name } of workloads) expect(names).toContain(`step ${name} ${build}`);
      for (const { name } of workloads) expect(names).toContain(`staging ${name} ${build}`);
      expect(names).toContain(`step I1, 1 row ${build}`);
      expect(names).toContain(`step I1, 256 rows ${build}`);
    }
    for (const name of ['reluForward 65536', 'geluForward 65536', 'adam 1000000']) {
      expect(names).toContain(`bandwidth ${name}`);
    }
    for (const name of ['fit W1 exact', 'fit W3 exact']) expect(names).toContain(name);
    for (const name of ['threads W4', 'threads W5', 'threads W6', 'save 3.2M weights', 'cold start W4'])
      expect(names).toContain(name);
  });

  thorough('reports them, quickly', () => {
    const folder = mkdtempSync(join(tmpdir(), 'myelin-bench-'));
    const file = join(folder, 'bench.json');
    try {
      const text = bench('--quick', '--only', '^(bandwidth|step|staging|fit|threads|save|cold)', '--json', file);
      for (const head of [
        'like a copy',
        'exponentials',
        'optimizer',
        'workload',
        'staging',
        'a step of fit',
        'threads',
        'saving',
        'cold start',
      ]) {
        expect(text).toMatch(new RegExp(`^${head}`, 'm'));
      }
      const { peak, bandwidth, steps, staging, fit, saving, coldStart } = JSON.parse(
        readFileSync(file, 'utf8'),
      ) as Report;
      expect(peak.gflops).toBeGreaterThan(0);
      expect(peak.cores).toBeGreaterThan(0);
      expect(bandwidth.map(({ kernel }) => kernel)).toEqual(['reluForward', 'exponentialForward', 'sgd']);
      for (const { ofYardstick } of bandwidth) expect(ofYardstick).toBeGreaterThan(0);
      for (const row of steps) {
        expect(row.usPerStep).toBeGreaterThan(0);
        expect(row.shareOfPeak).toBeGreaterThan(0);
      }
      for (const build of builds) {
        for (const workload of ['W1', 'W2', 'I1, 1 row']) {
          expect(steps).toContainEqual(expect.objectContaining({ workload, build, threads: 1 }));
        }
        expect(staging.filter((row) => row.build === build).map(({ workload }) => workload)).toEqual(['W1', 'W2']);
      }
      for (const { shareOfStep } of staging) {
        expect(shareOfStep).toBeGreaterThan(0);
        expect(shareOfStep).toBeLessThan(1);
      }
      expect(fit.map(({ workload }) => workload)).toEqual(['W1', 'W2']);
      for (const { usPerStep } of fit) expect(usPerStep).toBeGreaterThan(0);
      const [row, ...others] = steps.filter(({ threads }) => threads > 1);
      expect(row).toMatchObject({ workload: 'W4', build: 'exact', threads: 2, speedup: expect.any(Number) });
      expect(row).toMatchObject({ roundTripNs: [expect.any(Number), expect.any(Number)] });
      for (const { build } of others) expect(build).toBe('exact');
      expect(saving).toHaveLength(1);
      expect(saving![0]!.megabytes).toBeCloseTo(12.6, 0);
      expect(saving![0]!.shareOfWrite).toBeGreaterThan(0);
      expect(coldStart!.overBareMs).toBeCloseTo(coldStart!.ms - coldStart!.bareMs, 9);
      const exactKernels = readFileSync(fileURLToPath(new URL('../../build/kernels.wasm', import.meta.url)));
      expect(coldStart!.bundleKb).toBeGreaterThan(exactKernels.length / 1000);
      expect(coldStart!.bundleGzipKb).toBeLessThan(coldStart!.bundleKb);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test.skipIf(effort === 'quick')(
    'compares with another build in the same process, and repeats under other engines',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'myelin-bench-'));
      const file = join(folder, 'bench.json');
      try {
        const only =
          '^(kernel denseForward|bandwidth|step W1|staging W1|fit W1|convergence (fresh|fitted)|threads|worker|save|cold)';
        const other = ['--before', join(root, 'build'), '--node', process.execPath];
        const text = bench('--quick', '--only', only, '--json', file, ...other);
        const { engines, ...report } = JSON.parse(readFileSync(file, 'utf8')) as Report & { engines: Report[] };
        expect(engines).toHaveLength(1);
        expect(text).toMatch(/^us, by engine +Node v\S+ +Node v\S+ +to the first$/m);
        expect(text).toMatch(/^step W1 exact .*x$/m);
        for (const { kernels, bandwidth, steps, staging, fit, workers, saving, convergence, coldStart } of [
          report as Report,
          ...engines,
        ]) {
          const rows = [kernels, bandwidth, steps, staging, fit, workers!, saving!].flat();
          expect(rows.length).toBeGreaterThan(12);
          for (const row of rows) {
            // Plain loops are the benchmark's own.
            if ('build' in row && row.build === 'loops') expect(row).not.toHaveProperty('ratio');
            else expect(row).toMatchObject({ ratio: expect.any(Number) });
          }
          expect(convergence!.ratios!.fresh).toBeGreaterThan(0);
          expect(coldStart!.ratios).toMatchObject({ bundleKb: 1, onDemandGzipKb: 1 });
        }
        expect(text.match(/ ratio/g)!.length).toBeGreaterThanOrEqual(2 * 10);
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  );

  test('says what is no built package', () => {
    const { stderr, status } = spawnSync(process.execPath, [script, '--before', `${root}test`], { encoding: 'utf8' });
    expect(stderr).toMatch(/--before .*test: .*index\.js is missing\. Expected the folder of a built package\./);
    expect(status).toBe(1);
  });
});

interface GoalRow {
  readonly row: string;
  readonly goal: number | ((report: object) => number);
}

describe('goals', () => {
  test('have a row each, and a bound that what is seen is held against', () => {
    const rows = (groups as readonly { readonly rows: readonly GoalRow[] }[]).flatMap((group) => group.rows);
    const names = rows.map(({ row }) => row);
    expect(new Set(names).size).toBe(names.length);
    for (const name of ['adult-before', 'sparse-step', 'lockstep-W1', 'threads-W6', 'members-2', 'fit-W1', 'bun-W4'])
      expect(names).toContain(name);
    for (const { row, goal } of rows) expect(['number', 'function'], row).toContain(typeof goal);
    const slow = { steps: [{ roundTripNs: [90, 400] }] };
    const near = { steps: [{ roundTripNs: [90, 120] }] };
    const threads = rows.find(({ row }) => row === 'threads-W4')!.goal as (report: object) => number;
    expect([threads(near), threads(slow)]).toEqual([1.7, 1.35]);
  });

  test('that cannot be measured have a reason in place of a number', () => {
    const lines = measureGoals({ only: /^(deno-W4|adult-before|W1-exact)$/ });
    expect(lines.map(({ row, seen, met }) => [row, seen, met])).toEqual([
      ['adult-before', null, false],
      ['W1-exact', null, false],
      ['deno-W4', null, false],
    ]);
    for (const { reason } of lines) expect(reason).toMatch(/--before FOLDER|--node names no program of deno/);
    expect(formatGoals([...lines, { row: 'a', seen: 2, goal: 1.5, met: true }])).toMatch(/^a +2\.000 +1\.5 +met$/m);
  });
});

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { testSome } from '../support/effort.js';

const built = (name: string) => JSON.stringify(new URL(`../../build/${name}`, import.meta.url).href);

function node(script: string): { stdout: string; stderr: string; status: number | null; error: Error | undefined } {
  const head = `
    import { dense, matrix } from ${built('index.js')};
    import { sequential, TrainingWorker, typescript, wasm } from ${built('worker.js')};
    const layers = [dense({ units: 3, inputShape: 4 })];
    const compile = { optimizer: 'adam', loss: 'meanSquaredError' };
    const x = matrix(Float32Array.from({ length: 400 }, (_, i) => Math.sin(i * i)), 100, 4);
    const y = matrix(Float32Array.from({ length: 300 }, (_, i) => Math.cos(i * i)), 100, 3);
  `;
  return spawnSync(process.execPath, ['--expose-gc', '--input-type=module', '-e', head + script], {
    encoding: 'utf8',
    timeout: 90_000,
  }) as ReturnType<typeof node>;
}

describe('a process with a worker', () => {
  test('ends when nothing is left to do', () => {
    const { stdout, stderr, status, error } = node(`
      const model = await sequential({ layers });
      await model.compile(compile);
      await model.fit(x, y);
      console.log('trained');
    `);
    expect(error).toBeUndefined();
    expect([stdout.trim(), stderr, status]).toEqual(['trained', '', 0]);
  });

  test('does not end while a call is under way', () => {
    const { stdout, stderr } = node(`
      const model = await sequential({ layers });
      await model.compile(compile);
      model.fit(x, y, { epochs: 300 }).then(({ epoch }) => console.log(epoch.length));
    `);
    expect([stdout.trim(), stderr]).toEqual(['300', '']);
  });

  test('ends although a worker never began', () => {
    const { stdout, status } = node(`
      await sequential({ layers, workerUrl: 'file:///nowhere.js' }).catch((error) => console.log(error.name));
    `);
    expect([stdout.trim(), status]).toEqual(['BackendError', 0]);
  });

  test('loses the workers of models that it drops', () => {
    const { stdout } = node(`
      import { readdirSync } from 'node:fs';
      const threads = () => readdirSync('/proc/self/task').length;
      const before = threads();
      for (let i = 0; i < 8; i++) await sequential({ layers, backend: typescript() });
      const most = threads() - before;
      for (let i = 0; i < 100 && threads() > before + 1; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      console.log(most >= 8, threads() - before <= 1);
    `);
    expect(stdout.trim()).toBe('true true');
  });
});

// Copied in one go the data would hold it up for a second.
const LIMIT = 20;

describe('the event loop of the calling side goes on', () => {
  const script = fileURLToPath(new URL('../programs/worker-ticks.js', import.meta.url));

  // Of what this thread itself computes: neighbours on the machine keep it waiting as long as they like. The engine may
  // collect garbage once in a while, so it has three tries.
  testSome(['a matrix', 'rows', 'transferred', 'shared'])('with data as %s', (form) => {
    let least = Number.POSITIVE_INFINITY;
    for (let attempt = 0; attempt < 3 && least >= LIMIT; attempt++) {
      const { stdout, stderr, status } = spawnSync(process.execPath, [script, form], { encoding: 'utf8' });
      expect([stderr, status]).toEqual(['', 0]);
      const { computing, batches, ticks } = JSON.parse(stdout) as Record<'computing' | 'batches' | 'ticks', number>;
      expect(batches).toBe(Math.ceil((0.9 * (form === 'rows' ? 10_000 : 40_000)) / 64));
      expect(ticks).toBeGreaterThan(50);
      least = Math.min(least, computing);
    }
    expect(least).toBeLessThan(LIMIT);
  });
});

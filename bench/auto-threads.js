// With how many threads `threads: 'auto'` ends up, and whether that is ever slower than one: each process opens its own threads and
// trains W4 on both in turns. node bench/auto-threads.js [PROCESSES]; build first, on a machine with nothing else to do.
import { spawnSync } from 'node:child_process';

const STEPS = 100;
const TURNS = 11;
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];

async function one() {
  const { dense, sequential, wasm } = await import('../build/index.js');
  const layers = [
    dense({ units: 256, activation: 'relu', inputShape: 784 }),
    dense({ units: 128, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ];
  const x = Array.from({ length: 64 }, (_, r) => Array.from({ length: 784 }, (_, c) => Math.sin(784 * r + c)));
  const y = x.map((_, i) => i % 10);
  const backends = [await wasm(), await wasm({ threads: 'auto' })];
  const models = backends.map((backend) => {
    const model = sequential({ layers, backend, seed: 1 });
    return model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  });
  const times = [[], []];
  for (let turn = 0; turn <= TURNS; turn++) {
    models.forEach((model, i) => {
      const start = performance.now();
      for (let step = 0; step < STEPS; step++) model.trainOnBatch(x, y);
      // The first turn compiles, and is where the number of threads is chosen.
      if (turn > 0) times[i].push(performance.now() - start);
    });
  }
  const speedup = median(times[0]) / median(times[1]);
  console.log(JSON.stringify({ speedup, reason: backends[1].reason ?? null }));
  process.exit(0);
}

if (process.argv[2] === '--one') await one();
else {
  const count = Number(process.argv[2] ?? 50);
  const runs = Array.from({ length: count }, () => {
    const { stdout } = spawnSync(process.execPath, [import.meta.filename, '--one'], { encoding: 'utf8' });
    return JSON.parse(stdout);
  });
  const speedups = runs.map(({ speedup }) => speedup);
  const fewer = runs.filter(({ reason }) => reason !== null).length;
  console.log(`threads: 'auto' over one thread, W4, ${count} processes`);
  console.log(
    `  least ${Math.min(...speedups).toFixed(2)}, median ${median(speedups).toFixed(2)}, most ${Math.max(...speedups).toFixed(2)}`,
  );
  console.log(`  fewer threads than all in ${fewer} of them`);
}

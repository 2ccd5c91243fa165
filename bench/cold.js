// Cold start: from the start of a process to the end of its first training step of W4, over `node -e 0`. Interleaved
// child processes; `npm run bench:cold -- 21` says how many of each, `taskset -c 0 npm run bench:cold` pins them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const STEP = '--step';

async function step() {
  const { adam, dense, matrix, sequential, wasm } = await import('../build/index.js');
  const model = sequential({
    layers: [
      dense({ units: 256, activation: 'relu', inputShape: 784 }),
      dense({ units: 128, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    backend: await wasm(),
  });
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
  const x = new Float32Array(64 * 784).fill(0.5);
  model.trainOnBatch(matrix(x, 64, 784), new Float32Array(64).fill(3));
  process.exit();
}

/** Milliseconds of wall clock for one child process. */
function time(args) {
  const started = performance.now();
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(stderr);
  return performance.now() - started;
}

const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];

function compare(times) {
  const [bare, full] = [[], []];
  for (let i = 0; i < times; i++) {
    bare.push(time(['-e', '0']));
    full.push(time([fileURLToPath(import.meta.url), STEP]));
  }
  const [a, b] = [median(bare), median(full)];
  console.log(`node -e 0: ${a.toFixed(1)} ms; first step of W4: ${b.toFixed(1)} ms, ${(b - a).toFixed(1)} ms more`);
}

if (process.argv.includes(STEP)) await step();
else compare(Number(process.argv[2] ?? 21));

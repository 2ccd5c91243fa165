// What rows by their non-zeros save: the kernels of 10,000-128 with 100 non-zeros a row and 64 rows, and a whole step of
// 10,000-128-2 with adam, next to the same rows dense, in turns in one process. Build first, and pin it:
//   taskset -c 0 node bench/sparse.js [rounds]

import { readFileSync } from 'node:fs';
import { dense, matrix, sequential, sparse, wasm } from '../build/index.js';

const [ROWS, INPUTS, UNITS, EACH] = [64, 10_000, 128, 100];
const rounds = Number(process.argv[2] ?? 41);

let state = 1;
/** Draws from 0 to 1, the same numbers in each run. */
function random() {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  return state / 2 ** 32;
}

const rows = Array.from({ length: ROWS }, () => {
  const row = {};
  while (Object.keys(row).length < EACH) row[Math.floor(random() * INPUTS)] = random() + 0.1;
  return row;
});
const x = sparse(rows, { columns: INPUTS });
const full = matrix(x.data, ROWS, INPUTS);

/** Runs both in turns, and prints medians and their ratio. */
function compare(name, few, all) {
  const times = [[], []];
  for (let i = 0; i < rounds + 3; i++) {
    [few, all].forEach((run, side) => {
      const start = performance.now();
      run();
      if (i >= 3) times[side].push(performance.now() - start);
    });
  }
  const [sparseTime, denseTime] = times.map((list) => list.sort((a, b) => a - b)[list.length >> 1]);
  console.log(
    `${name}: ${sparseTime.toFixed(3)} ms of ${denseTime.toFixed(3)}, 1/${(denseTime / sparseTime).toFixed(1)}`,
  );
}

const memory = new WebAssembly.Memory({ initial: 700 });
const kernels = new WebAssembly.Instance(
  new WebAssembly.Module(readFileSync(new URL('../build/kernels.wasm', import.meta.url))),
  { env: { memory }, engine: { TALL: 1 } },
).exports;
const heap = new Float32Array(memory.buffer);
let end = 512;
/** Places numbers on the heap, where they are not given random ones. */
function take(size, numbers) {
  const offset = end;
  end += Math.ceil(size / 16) * 16;
  if (numbers) heap.set(numbers, offset);
  else for (let i = 0; i < size; i++) heap[offset + i] = random() - 0.5;
  return offset;
}
const at = {
  x: take(ROWS * INPUTS, full.data),
  w: take(INPUTS * UNITS),
  b: take(UNITS),
  y: take(ROWS * UNITS),
  dy: take(ROWS * UNITS),
  dw: take(INPUTS * UNITS),
  scratch: take(ROWS * (INPUTS + 8)),
  starts: take(ROWS + 1, x.indptr),
  indices: take(x.indices.length, x.indices),
  values: take(x.values.length, x.values),
};
const nonZeros = [at.starts, at.indices, at.values];
const { w, b, y, dy, dw, scratch } = at;
const sizes = [ROWS, INPUTS, UNITS];

compare(
  'forward',
  () => kernels.sparseForwardRelu(...nonZeros, w, b, y, ...sizes, UNITS),
  () => kernels.denseForwardRelu(at.x, w, b, y, scratch, ...sizes, INPUTS, UNITS),
);
compare(
  'gradient of the kernel, with its zeros',
  () => kernels.sparseKernelGradient(...nonZeros, dy, dw, ...sizes, UNITS),
  () => kernels.denseKernelGradient(at.x, dy, dw, scratch, ...sizes, INPUTS, UNITS),
);

const backend = await wasm();
const labels = Array.from({ length: ROWS }, (_, r) => r % 2);
const [few, all] = [0, 1].map(() => {
  const layers = [
    dense({ units: UNITS, activation: 'relu', inputShape: INPUTS }),
    dense({ units: 2, activation: 'softmax' }),
  ];
  const model = sequential({ layers, seed: 1, backend });
  return model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
});
compare(
  'step with adam',
  () => few.trainOnBatch(x, labels),
  () => all.trainOnBatch(full, labels),
);

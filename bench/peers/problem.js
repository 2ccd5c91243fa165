import { readFileSync, writeFileSync } from 'node:fs';

/** @typedef {import('./workloads.js').Workload} Workload */
/** @typedef {{ x: Float32Array, y: Float32Array }} Batch rows one after the other; one class index per row */
/** @typedef {{ workload: Workload, batches: Batch[], kernels: Float32Array[] }} Problem kernels are inputs x units */

/** Batches that steps take in turns. */
const BATCHES = 8;

/** Repeatable uniforms in [0, 1), those of ../random.ts (mulberry32). */
export function makeRandom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The batches of ../problem.ts: each class has a centre, each row is a centre and noise; two classes lie opposite. */
function makeBatches({ kind, widths, batch }) {
  const random = makeRandom(7);
  const signed = () => 2 * random() - 1;
  const inputs = widths[0];
  const classes = Math.max(2, widths.at(-1));
  const centres = Array.from({ length: classes }, () => Float32Array.from({ length: inputs }, signed));
  if (classes === 2) centres[1] = centres[0].map((value) => -value);
  return Array.from({ length: kind === 'train' ? BATCHES : 1 }, () => {
    const y = Float32Array.from({ length: batch }, () => Math.floor(random() * classes));
    const x = Float32Array.from(
      { length: batch * inputs },
      (_, i) => centres[y[Math.floor(i / inputs)]][i % inputs] + signed(),
    );
    return { x, y };
  });
}

/** Initial kernels, the same for all libraries: He's uniform ones before relu, Glorot's elsewhere. Biases are zero. */
function makeKernels({ widths, hidden }) {
  const random = makeRandom(3);
  return widths.slice(1).map((units, i) => {
    const inputs = widths[i];
    const he = hidden === 'relu' && i < widths.length - 2;
    const limit = Math.sqrt(6 / (he ? inputs : inputs + units));
    return Float32Array.from({ length: inputs * units }, () => (2 * random() - 1) * limit);
  });
}

/**
 * Writes a problem to `FILE.json` (the workload) and `FILE.f32` (x and y of each batch, then the kernels), which any
 * language reads with ease.
 */
export function writeProblem(file, workload) {
  const arrays = [...makeBatches(workload).flatMap(({ x, y }) => [x, y]), ...makeKernels(workload)];
  writeFileSync(`${file}.json`, JSON.stringify({ ...workload, batches: workload.kind === 'train' ? BATCHES : 1 }));
  writeFileSync(`${file}.f32`, Buffer.concat(arrays.map((array) => Buffer.from(array.buffer))));
}

/** @returns {Problem} */
export function readProblem(file) {
  const { batches, ...workload } = JSON.parse(readFileSync(`${file}.json`, 'utf8'));
  const bytes = readFileSync(`${file}.f32`);
  const all = new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
  let next = 0;
  const take = (length) => {
    next += length;
    return all.slice(next - length, next);
  };
  const { widths, batch } = workload;
  return {
    workload,
    batches: Array.from({ length: batches }, () => ({ x: take(batch * widths[0]), y: take(batch) })),
    kernels: widths.slice(1).map((units, i) => take(widths[i] * units)),
  };
}

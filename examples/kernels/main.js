// Times kernels on both backends, after a check that they compute the same bits. Options: --rows, --seconds.
import { parseArgs } from 'node:util';
import {
  activationBackward,
  activationForward,
  batchNormalizationForward,
  batchNormalizationMoments,
  denseBiasGradient,
  denseForward,
  denseInputGradient,
  denseKernelGradient,
  gradientNorm,
  kernelOptimizer,
  lossAndGradient,
  openKernels,
} from 'myelin/kernels';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '64' }, seconds: { type: 'string', default: '0.2' } },
});
const [ROWS, SECONDS] = [Number(values.rows), Number(values.seconds)];
const [INPUTS, UNITS] = [256, 128];
const BACKENDS = /** @type {const} */ (['wasm', 'typescript']);

/** The same numbers from -1 to 1 each time. */
const numbers = (n, seed) => Float32Array.from({ length: n }, (_, i) => (((i + seed) * 7919) % 2003) / 1001.5 - 1);

/** Operations on the same operands: by name what runs it, what it writes, and its floating point operations, if it is a product. */
function operationsOf({ heap }) {
  const filled = (tensor, seed) => tensor.set(numbers(tensor.rows * tensor.columns, seed));
  const x = filled(heap.matrix(ROWS, INPUTS), 1);
  const dx = heap.matrix(ROWS, INPUTS);
  const [kernel, dkernel] = [filled(heap.kernel(INPUTS, UNITS), 2), heap.kernel(INPUTS, UNITS)];
  const [bias, dbias] = [filled(heap.vector(UNITS), 3), heap.vector(UNITS)];
  const [y, a, dy, dz] = [0, 1, 2, 3].map(() => heap.matrix(ROWS, UNITS));
  const targets = heap.vector(ROWS).set(Array.from({ length: ROWS }, (_, r) => r % UNITS));
  const [mean, variance, gamma, beta] = [0, 1, 2, 3].map(() => filled(heap.vector(UNITS), 4));
  const [loss, norm] = [heap.scalar(), heap.scalar()];
  const updated = filled(heap.kernel(INPUTS, UNITS), 5);
  const adam = kernelOptimizer({ optimizer: 'adam', parameters: [updated], gradients: [dkernel] });
  const flops = 2 * ROWS * INPUTS * UNITS;
  const activations = /** @type {const} */ (['relu', 'tanh', 'gelu', 'softmax']).flatMap((activation) => [
    [`${activation}, forward`, activationForward.prepare({ activation, x: y, y: a }), a],
    [`${activation}, backward`, activationBackward.prepare({ activation, x: y, y: a, dy, dx: dz }), dz],
  ]);
  return [
    ['dense, forward', denseForward.prepare({ x, kernel, bias, y }), y, flops],
    [
      'softmax crossentropy',
      lossAndGradient.prepare({ loss: 'sparseCategoricalCrossentropy', y, targets, dy, result: loss }),
      dy,
    ],
    ['dense, gradient by input', denseInputGradient.prepare({ dy, kernel, dx }), dx, flops],
    ['dense, gradient by kernel', denseKernelGradient.prepare({ x, dy, dkernel }), dkernel, flops],
    ['dense, gradient by bias', denseBiasGradient.prepare({ dy, dbias }), dbias],
    ...activations,
    ['batch norm, moments', batchNormalizationMoments.prepare({ x: y, mean, variance }), variance],
    ['batch norm, forward', batchNormalizationForward.prepare({ x: y, mean, variance, gamma, beta, y: a }), a],
    ['gradient norm', gradientNorm.prepare({ gradients: dkernel, result: norm }), norm],
    ['adam', adam.step, updated],
  ];
}

/** Microseconds of one run, the mean of as many as take a millisecond or more. */
function time(run, count) {
  const start = performance.now();
  for (let i = 0; i < count; i++) run();
  return ((performance.now() - start) * 1000) / count;
}

function median(times) {
  const sorted = times.toSorted?.((a, b) => a - b) ?? [...times].sort((a, b) => a - b);
  return sorted[sorted.length >> 1];
}

/** The median of many measurements of each run, which take turns. */
function timeInTurns(runs) {
  const counts = runs.map((run) => {
    let count = 1;
    while (time(run, count) * count < 1000) count *= 2;
    return count;
  });
  const times = runs.map(() => []);
  const end = performance.now() + SECONDS * 1000 * runs.length;
  do {
    runs.forEach((run, i) => {
      times[i].push(time(run, counts[i]));
    });
  } while (performance.now() < end);
  return times.map(median);
}

const sameBits = (a, b) => Buffer.compare(Buffer.from(a.get().buffer), Buffer.from(b.get().buffer)) === 0;
const format = (microseconds) => microseconds.toFixed(microseconds < 10 ? 2 : microseconds < 100 ? 1 : 0);

const sets = await Promise.all(BACKENDS.map((backend) => openKernels({ backend })));
const [fast, plain] = sets.map(operationsOf);

// All before anything is timed: some read what others have written.
for (const [i, [name, run, output]] of fast.entries()) {
  const [, other, expected] = plain[i];
  run();
  other();
  if (!sameBits(output, expected)) throw new Error(`${name}: the backends differ.`);
}
console.log(
  `${ROWS} rows, ${INPUTS} inputs, ${UNITS} units; both backends have the same bits. Microseconds, medians:\n`,
);
console.log(
  `${'kernel'.padEnd(28)}${BACKENDS.map((name) => name.padStart(12)).join('')}${'ratio'.padStart(9)}${'GFLOP/s'.padStart(10)}`,
);
for (const [i, [name, run, , flops]] of fast.entries()) {
  const [wasm, typescript] = timeInTurns([run, plain[i][1]]);
  const rate = flops ? (flops / wasm / 1000).toFixed(1) : '';
  const times = [wasm, typescript].map((t) => format(t).padStart(12)).join('');
  console.log(`${name.padEnd(28)}${times}${`${(typescript / wasm).toFixed(1)}x`.padStart(9)}${rate.padStart(10)}`);
}

/**
 * @typedef {object} Trainee what an adapter makes of a problem
 * @property {readonly string[]} differs what it computes other than Myelin does
 * @property {(count: number) => number | Promise<number>} steps trains, or predicts, on batches in turns from the first
 *   on; returns milliseconds
 * @property {() => number} loss of the last step, before its update
 * @property {() => void} [freeze] sets the learning rate to 0, so that the thousandth step computes with the same
 *   numbers as the first
 *
 * @callback Prepare an adapter's only export
 * @param {import('./problem.js').Problem} problem
 * @param {Record<string, unknown>} options of the library in `libraries.js`
 * @returns {Trainee | Promise<Trainee>}
 * @throws Unsupported
 */

/** A workload that a library cannot express. */
export class Unsupported extends Error {}

/** Milliseconds of `count` steps. */
export function timeSteps(count, step) {
  const start = performance.now();
  for (let i = 0; i < count; i++) step(i);
  return performance.now() - start;
}

/** Milliseconds of `count` steps, each of which returns a promise. */
export async function timeAsyncSteps(count, step) {
  const start = performance.now();
  for (let i = 0; i < count; i++) await step(i);
  return performance.now() - start;
}

/** Crossentropy of predicted probabilities with the classes of the first batch. */
export function batchLoss({ workload: { widths }, batches: [{ y }] }, probabilities) {
  const classes = widths.at(-1);
  return -y.reduce((sum, label, row) => sum + Math.log(probabilities[row * classes + label]), 0) / y.length;
}

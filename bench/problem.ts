import { type Matrix, matrix } from '../src/index.js';
import { makeRandom } from './random.js';

export interface Batch {
  readonly x: Matrix;
  /** One class index per row. */
  readonly y: Matrix;
}

/**
 * Batches of a problem that any classifier can learn: each class has a centre, each row is a centre and uniform
 * `noise`. Two classes lie opposite each other.
 */
export function makeProblem(
  inputs: number,
  classes: number,
  rows: number,
  batches: number,
  noise: number,
): readonly Batch[] {
  const random = makeRandom(7);
  const signed = () => 2 * random() - 1;
  const centres = Array.from({ length: classes }, () => Float32Array.from({ length: inputs }, signed));
  if (classes === 2)
    centres[1]!.forEach((_, i, centre) => {
      centre[i] = -centres[0]![i]!;
    });
  return Array.from({ length: batches }, () => {
    const labels = Float32Array.from({ length: rows }, () => Math.floor(random() * classes));
    const x = new Float32Array(rows * inputs);
    for (let i = 0; i < x.length; i++) {
      const centre = centres[labels[Math.floor(i / inputs)]!]!;
      x[i] = centre[i % inputs]! + noise * signed();
    }
    return { x: matrix(x, rows, inputs), y: matrix(labels, rows, 1) };
  });
}

import type { Heap } from '../contract.js';
import type { Arithmetic } from './arithmetic.js';
import type { LossKernel } from './loss.js';

/** Sets the derivative by the output y and returns the value. */
type Term = (y: number, t: number, out: { slope: number }, a: number, b: number, c: number, d: number) => number;

/** Returns the loops of losses of single outputs; a row's loss is the mean over its columns, or their sum. */
export function elementwiseLoss(f: (x: number) => number) {
  const lanes = [0, 0, 0, 0];
  const out = { slope: 0 };
  return (term: Term, mean = true): LossKernel =>
    (
      h,
      y,
      targets,
      weights,
      dy,
      loss,
      rows,
      columns,
      stride,
      targetStride,
      scale,
      slope,
      a0 = 0,
      b0 = 0,
      c0 = 0,
      d0 = 0,
    ) => {
      const [a, b, c, d] = [f(a0), f(b0), f(c0), f(d0)];
      const terms = mean ? columns : 1;
      const factor = f(f(slope) / terms);
      const fours = columns === 1 ? rows & ~3 : 0;
      lanes.fill(0);
      for (let r = 0; r < rows; r++) {
        const weight = rowWeight(h, weights, r);
        const scaled = f(factor * weight);
        for (let k = 0; k < columns; k++) {
          const value = term(h[y + r * stride + k]!, h[targets + r * targetStride + k]!, out, a, b, c, d);
          lanes[r < fours ? r & 3 : k & 3]! += f(value * weight);
          h[dy + r * stride + k] = f(out.slope * scaled);
        }
      }
      h[loss] = ((lanes[0]! + lanes[2]! + (lanes[1]! + lanes[3]!)) * f(scale)) / terms;
    };
}

/** x^exponent for x > 0; the square is a product. */
export function raise({ round: f, exp, log }: Arithmetic, x: number, exponent: number): number {
  return exponent === 2 ? f(x * x) : exp(f(exponent * log(x)));
}

export function rowWeight(h: Heap, weights: number, row: number): number {
  return weights < 0 ? 1 : h[weights + row]!;
}

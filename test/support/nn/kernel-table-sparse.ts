import { type Buffer, makers, type Random } from '../buffers.js';
import type { Args } from './kernel-table.js';
import { expressionCalls, sizes } from './kernel-table-expressions.js';

export { sizes };

/** Rows by their non-zeros, some of them empty and some full: starts, indices and values, after a few of other rows. */
function nonZeros(random: Random, rows: number, inputs: number): readonly [Buffer, Buffer, Buffer] {
  const m = makers(random);
  const before = random.integer(4);
  const starts = [before];
  const indices: number[] = Array.from({ length: before }, () => random.integer(inputs));
  for (let r = 0; r < rows; r++) {
    const share = [0, 1, random.uniform()][random.integer(3)] as number;
    for (let k = 0; k < inputs; k++) if (random.uniform() < share) indices.push(k);
    starts.push(indices.length);
  }
  const list = (numbers: readonly number[]) => m.vector(numbers.length, false, () => 0);
  const [first, second] = [list(starts), list(indices)];
  first.data.set(starts);
  second.data.set(indices);
  return [first, second, m.vector(indices.length)];
}

function sparseForward(random: Random): Args {
  const m = makers(random);
  const [rows, inputs, units] = sizes(random);
  const y = m.matrix(rows, units, true);
  const [w, b] = [m.panels(inputs, units), m.perColumn(units)];
  return [...nonZeros(random, rows, inputs), w, b, y, rows, inputs, units, y.stride];
}

/** Random calls of the kernels over non-zeros, and those of expressions. */
export const otherCalls = {
  ...expressionCalls,
  sparseForward,
  sparseForwardRelu: sparseForward,

  sparseKernelGradient(random: Random): Args {
    const m = makers(random);
    const [rows, inputs, units] = sizes(random);
    const dy = m.matrix(rows, units);
    return [...nonZeros(random, rows, inputs), dy, m.panels(inputs, units, true), rows, inputs, units, dy.stride];
  },
};

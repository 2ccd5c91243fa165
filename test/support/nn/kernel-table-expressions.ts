import { makers, type Random } from '../buffers.js';
import type { Args } from './kernel-table.js';

/** Rows, inputs and units around the sizes of tiles, panels and vectors. */
export function sizes(random: Random): [number, number, number] {
  return [random.between(1, 13), random.between(1, random.integer(3) ? 37 : 150), random.between(1, 37)];
}

/** Random calls of the kernels of expressions that work on rows and columns. */
export const expressionCalls = {
  broadcastAdd: broadcast,
  broadcastSubtract: broadcast,
  broadcastMultiply: broadcast,
  broadcastDivide: broadcast,
  broadcastMaximum: broadcast,
  broadcastMinimum: broadcast,
  broadcastGreaterEqual: broadcast,
  broadcastGreater: broadcast,
  broadcastEqual: broadcast,
  broadcastKeep: broadcast,
  broadcastDrop: broadcast,

  expand(random: Random): Args {
    const [rows, , columns] = sizes(random);
    const y = makers(random).matrix(rows, columns, true);
    return [...operand(random, rows, columns), y, y.stride, rows, columns, random.between(1, 99)];
  },

  sumRows(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.vector(rows, true), rows, columns, x.stride, random.between(1, 99)];
  },

  sumAll(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.scalar(), rows, columns, x.stride, random.between(1, 99)];
  },

  sumColumns(random: Random): Args {
    const m = makers(random);
    const [rows, , columns] = sizes(random);
    const x = m.matrix(rows, columns);
    return [x, m.vector(columns, true), rows, columns, x.stride, random.between(1, 99)];
  },
};

/** A matrix, a column, a row or a number, with the steps from row to row and column to column. */
function operand(random: Random, rows: number, columns: number): Args {
  const m = makers(random);
  const kind = random.integer(4);
  if (kind === 0) return [m.vector(rows), 1, 0];
  if (kind === 1) return [m.vector(columns), 0, 1];
  if (kind === 2) return [m.vector(1), 0, 0];
  const x = m.matrix(rows, columns);
  return [x, x.stride, 1];
}

/** Operands that share numbers now and then. A single row has no padding, as columns of an expression have none. */
function broadcast(random: Random): Args {
  const m = makers(random);
  const [some, , columns] = sizes(random);
  const rows = random.integer(3) ? some : 1;
  const a = operand(random, rows, columns);
  const b = random.integer(8) ? operand(random, rows, columns) : a;
  const y = rows === 1 ? m.vector(columns, true) : m.matrix(rows, columns, true);
  return [...a, ...b, y, y.stride, rows, columns];
}

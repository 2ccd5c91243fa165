import type { Engine } from '../engine/engine.js';
import type { BoundTarget } from '../engine/training-plan.js';
import { ValueError } from '../errors.js';
import { isSparse, type Matrix } from '../matrix.js';
import type { NetworkInput } from '../program/network.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import { rare } from '../rare.js';
import type { SparseMatrix } from '../sparse-matrix.js';
import type { Pair } from './arrays.js';

/** Says what errors call data that `fit` has read, and which row of it a row is. */
export interface Origin {
  readonly x: string;
  readonly y: string;
  rowOf(row: number): number;
}

const HINT = 'Something has written to the data since: give fit a copy, or change it between two calls.';

const named = (whole: string, name: string, count: number) => (count > 1 ? `${whole}.${name}` : whole);

/**
 * Ids and class indices name places on the heap, where kernels trust them: what was written to the data since it was read
 * must not reach them. @throws ValueError
 */
export function checkIndices({ network, training, heap }: Engine, program: LinkedProgram, origin: Origin): void {
  const { inputs, targets } = program;
  const check = ({ offset, stride, rows, columns }: Tensor, below: number, argument: string) => {
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const value = heap[offset + r * stride + c] as number;
        if (value >= 0 && value < below && value === Math.floor(value)) continue;
        throw new ValueError({
          argument: `${argument}, row ${origin.rowOf(r)}, column ${c}`,
          given: String(value),
          expected: `a whole number from 0 to ${below - 1}, as it was when fit read it`,
          hint: HINT,
        });
      }
    }
  };
  for (let i = 0; i < inputs.length; i++) {
    const { name, ids } = network.inputs[i] as NetworkInput;
    if (ids) check(inputs[i] as Tensor, ids.below, named(origin.x, name, inputs.length));
  }
  for (let i = 0; i < training.targets.length; i++) {
    const { name, objective } = training.targets[i] as BoundTarget;
    if (objective.targets !== 'labels') continue;
    check(targets[i] as Tensor, objective.units, named(origin.y, name, training.targets.length));
  }
}

/** Does the same for batches of data, each from its `start` on. */
export function indexCheck(engine: Engine, origin: Origin): (program: LinkedProgram, start: number) => void {
  return (program, start) => {
    checkIndices(engine, program, { ...origin, rowOf: (row) => origin.rowOf(start + row) });
  };
}

/** Names the first number that was written to the data and is none, where a loss is none. @throws ValueError */
export function checkNumbers({ network, training }: Engine, { x, y }: Pair, origin: Origin): void {
  const check = (matrix: Matrix, argument: string) => {
    if (isSparse(matrix)) {
      rare().readSparse(matrix as SparseMatrix, argument);
      return;
    }
    const { data, columns } = matrix;
    const at = data.findIndex((value) => !Number.isFinite(value));
    if (at < 0) return;
    throw new ValueError({
      argument: `${argument}, row ${origin.rowOf(Math.floor(at / columns))}, column ${at % columns}`,
      given: String(data[at]),
      expected: 'a finite number, as it was when fit read it',
      hint: HINT,
    });
  };
  network.inputs.forEach(({ name }, i) => {
    check(x[i] as Matrix, named(origin.x, name, x.length));
  });
  training.targets.forEach(({ name }, i) => {
    check(y[i] as Matrix, named(origin.y, name, training.targets.length));
  });
}

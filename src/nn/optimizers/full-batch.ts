import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { Solvable, Solver } from './solver.js';

/**
 * Returns a step of a model by a solver: yields wherever the program is to run. A program may write over its inputs, so they
 * are put back; the step reports what it found at first.
 */
export function* solveFullBatch(
  solver: Solver,
  model: Solvable,
  program: LinkedProgram,
  learningRate: number,
): Generator<void, void> {
  const { flatParameters, gradients } = model.training;
  const restage = model.copy([...program.inputs, ...program.targets]);
  const copy = ({ offset, size }: Tensor) => Float64Array.from(model.heap.subarray(offset, offset + size));
  const solution = solver.step(
    {
      weights: () => copy(flatParameters),
      setWeights: (x) => model.heap.set(x, flatParameters.offset),
      gradient: () => copy(gradients),
    },
    learningRate,
  );
  let report: (() => void) | undefined;
  for (let wanted = solution.next(); !wanted.done; wanted = solution.next(model.outcome().loss)) {
    if (report) restage();
    yield;
    if (report) continue;
    report = model.copy(model.reports);
    if (model.findsNonFinite(program)) return;
  }
  report?.();
}

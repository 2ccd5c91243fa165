import type { Heap } from '../../kernels/contract.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { Solver } from './lbfgs.js';

/** A model, as far as solvers know it. */
export interface Solvable {
  readonly heap: Heap;
  readonly training: { readonly flatParameters: Tensor; readonly gradients: Tensor };
  readonly steps: {
    /** What a step reports on the heap. */
    readonly reports: readonly Tensor[];
    /** Copies tensors; what it returns puts them back. */
    copy(tensors: readonly Tensor[]): () => void;
    outcome(): { readonly loss: number };
    /** Looks for NaN and infinity in what the program computed; returns whether it found any. */
    findsNonFinite(program: LinkedProgram): boolean;
  };
}

/**
 * A step of a model by a solver: yields wherever the program is to run. A program may write over its inputs, so they are
 * put back; the step reports what it found at first.
 */
export function* solveFullBatch(
  solver: Solver,
  engine: Solvable,
  program: LinkedProgram,
  learningRate: number,
): Generator<void, void> {
  const { training, steps } = engine;
  const { flatParameters, gradients } = training;
  const restage = steps.copy([...program.inputs, ...program.targets]);
  const copy = ({ offset, size }: Tensor) => Float64Array.from(engine.heap.subarray(offset, offset + size));
  const solution = solver.step(
    {
      weights: () => copy(flatParameters),
      setWeights: (x) => engine.heap.set(x, flatParameters.offset),
      gradient: () => copy(gradients),
    },
    learningRate,
  );
  let report: (() => void) | undefined;
  for (let wanted = solution.next(); !wanted.done; wanted = solution.next(steps.outcome().loss)) {
    if (report) restage();
    yield;
    if (report) continue;
    report = steps.copy(steps.reports);
    if (steps.findsNonFinite(program)) return;
  }
  report?.();
}

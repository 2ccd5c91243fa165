import { show, ValueError } from '../../errors.js';
import type { Parameter } from '../../program/parameter.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { Solvable, SolvableReport, Solver } from './solver.js';

/** Copies tensors; what it returns puts them back. */
function keep(model: Solvable, tensors: readonly Tensor[]): () => void {
  const kept = tensors.map(({ offset, size }) => [offset, model.heap.slice(offset, offset + size)] as const);
  return () => {
    for (const [offset, values] of kept) model.heap.set(values, offset);
  };
}

/**
 * Returns a step of a model by a solver: yields wherever the program is to run. A program may write over its inputs, so they
 * are put back; the step reports what it found at first.
 */
export function* solveFullBatch(
  solver: Solver,
  model: Solvable,
  program: LinkedProgram,
  learningRate: number,
  { slots, loss, findsNonFinite }: SolvableReport,
): Generator<void, void> {
  const { flatParameters, gradients } = model.training;
  const restage = keep(model, [...program.inputs, ...program.targets]);
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
  for (let wanted = solution.next(); !wanted.done; wanted = solution.next(loss())) {
    if (report) restage();
    yield;
    if (report) continue;
    report = keep(model, slots);
    if (findsNonFinite()) return;
  }
  report?.();
}

/** Gradients that these change are not those of the loss. */
const UNFIT = ['clipValue', 'clipNorm', 'globalClipNorm', 'averaging', 'gradientAccumulationSteps'] as const;

type Unfit = { readonly [N in (typeof UNFIT)[number]]?: unknown };

/**
 * Refuses options of `compile` that a line search cannot do with, and parameters that learn at a rate of their own: it
 * knows one for all.
 * @throws ValueError
 */
export function checkFullBatch(optimizer: string, given: Unfit, parameters: readonly Parameter[]): void {
  const isOff = (name: keyof Unfit) =>
    given[name] === undefined || (name === 'gradientAccumulationSteps' && given[name] === 1);
  const argument = UNFIT.find((name) => !isOff(name));
  if (argument) {
    throw new ValueError({
      argument,
      given: `${show(given[argument])} with ${optimizer}`,
      expected: 'none',
      hint: 'A line search goes astray on gradients that are not those of the loss.',
    });
  }
  const own = parameters.find(({ trainable, learningRateMultiplier }) => trainable && learningRateMultiplier !== 1);
  if (!own) return;
  throw new ValueError({
    argument: `${own.name.replace(/\.[^.]*$/, '')}.learningRateMultiplier`,
    given: `${own.learningRateMultiplier} with ${optimizer}`,
    expected: '1',
  });
}

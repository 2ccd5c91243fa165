import { resolve } from '../kernels/definition.js';
import type { ConstraintName, ConstraintSpec } from '../kernels/tables.js';
import type { ConstraintDefinition } from '../kernels/twins/constraints.js';
import type { Constraint, Penalty } from '../program/parameter.js';
import { constraintNames, regularizerNames } from './names.js';
import type { Regularizer, RegularizerDefinition } from './regularizers.js';

/**
 * Returns the strengths of a regularizer, 0 for none.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makePenalty(given: unknown, argument: string): Penalty {
  if (given === undefined || given === null) return { l1: 0, l2: 0 };
  const { spec, definition } = resolve<Regularizer, RegularizerDefinition>(given, regularizerNames, argument, 'l1');
  return definition.penalty(spec);
}

/**
 * Returns the loop of a constraint and its number.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makeConstraint(given: unknown, argument: string): Constraint | undefined {
  if (given === undefined || given === null) return undefined;
  const { spec, definition } = resolve<ConstraintSpec, ConstraintDefinition>(
    given,
    constraintNames,
    argument,
    'maxNorm',
  );
  return { kernel: spec.name as ConstraintName, value: definition.value(spec) };
}

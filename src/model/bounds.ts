import { lookUp, prefixed, show, ValueError } from '../errors.js';
import { type ConstraintDefinition, constraintTable } from '../kernels/constraints.js';
import { fillOptions, type OptionRanges } from '../kernels/definition.js';
import type { Constraint, Penalty } from '../program/layer.js';
import { type RegularizerDefinition, regularizerTable } from './regularizers.js';

interface Entry<D> {
  readonly definition: D;
}

/** The entry that a name or a spec names, and its options, checked; nothing for nothing. */
function resolve<D extends { readonly options: OptionRanges<object> }>(
  table: Readonly<Record<string, Entry<D>>>,
  given: unknown,
  argument: string,
): { name: string; definition: D; options: object } | undefined {
  if (given === undefined || given === null) return undefined;
  const example = Object.keys(table)[0] as string;
  if (typeof given === 'function') {
    throw new ValueError({ argument, given: 'a function', expected: `what it returns, such as ${example}()` });
  }
  if (typeof given !== 'string' && (typeof given !== 'object' || Array.isArray(given))) {
    throw new ValueError({ argument, given: show(given), expected: `a name or a spec, such as '${example}'` });
  }
  const { name, ...rest } = (typeof given === 'string' ? { name: given } : given) as { name?: string };
  const { definition } = lookUp(table, name, typeof given === 'string' ? argument : `${argument}.name`);
  try {
    return { name: name as string, definition, options: fillOptions(definition.options, rest, name as string) };
  } catch (error) {
    throw prefixed(error, argument);
  }
}

/**
 * The strengths of a regularizer, 0 for none.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makePenalty(given: unknown, argument: string): Penalty {
  const table = regularizerTable as unknown as Readonly<Record<string, Entry<RegularizerDefinition>>>;
  const { definition, options } = resolve(table, given, argument) ?? {};
  const { l1, l2 } = definition?.penalty(options as object) ?? { l1: 0, l2: 0 };
  return { l1, l2 };
}

/**
 * The loop of a constraint and its number.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makeConstraint(given: unknown, argument: string): Constraint | undefined {
  const table = constraintTable as unknown as Readonly<Record<string, Entry<ConstraintDefinition>>>;
  const found = resolve(table, given, argument);
  if (!found) return undefined;
  const { name, definition, options } = found;
  return { kernel: name as Constraint['kernel'], value: definition.value(options) };
}

import { lookUp, show, ValueError } from '../errors.js';
import type { Heap, KernelName } from '../kernels/contract.js';
import {
  type CommonOptions,
  type OptimizerDefinition,
  type OptimizerName,
  type OptimizerSpec,
  optimizerTable,
} from '../kernels/optimizers.js';
import type { Emitter } from '../program/emitter.js';
import type { Parameter, RowGradients } from '../program/layer.js';
import type { Tensor } from '../program/plan.js';

/** Parameters that are updated alike: neighbours in the slab, and what lies parallel to them. */
export interface UpdateGroup {
  readonly parameters: Tensor;
  readonly gradients: Tensor;
  readonly states: readonly Tensor[];
  /** The numbers of the step to come, written by `fill`. */
  readonly block: Tensor;
}

/** An optimizer with its options filled in. */
export interface Optimizer {
  readonly spec: OptimizerSpec;
  /** Names of the state slabs it needs. */
  readonly states: readonly string[];
  emit(emit: Emitter, group: UpdateGroup): void;
  /** Writes what step number `t` (from 1) needs to the block of its numbers. */
  fill(heap: Heap, block: number, learningRate: number, t: number): void;
}

/** A table with the optimizer's states for it, parallel to it. */
export interface TableStates {
  readonly table: Parameter;
  readonly states: readonly Tensor[];
}

/**
 * Updates those rows of a table that have gradients, and no others: gathers them and their state, lets the optimizer work
 * on what was gathered, and puts it back.
 */
export function emitRowUpdate(
  emit: Emitter,
  optimizer: Optimizer,
  { table, states }: TableStates,
  { distinct, gradients }: RowGradients,
  block: Tensor,
): void {
  const { columns } = table;
  const pairs = [table.value, ...states].map((whole) => ({
    whole,
    rows: emit.vector(`${whole.name}.rows`, gradients.size),
  }));
  for (const { whole, rows } of pairs) {
    emit.call('gatherRows', whole, distinct, rows, distinct.size, columns, rows.size);
  }
  const [parameters, ...gathered] = pairs.map(({ rows }) => rows) as [Tensor, ...Tensor[]];
  optimizer.emit(emit, { parameters, gradients, states: gathered, block });
  for (const { whole, rows } of pairs) emit.call('scatterRows', rows, distinct, whole, distinct.size, columns);
}

interface Entry {
  (options: object): OptimizerSpec;
  readonly definition: OptimizerDefinition;
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeOptimizer(given: OptimizerName | OptimizerSpec): Optimizer {
  if (typeof given === 'function') {
    throw new ValueError({ argument: 'optimizer', given: 'a function', expected: 'what it returns, such as adam()' });
  }
  if (typeof given !== 'string' && (typeof given !== 'object' || given === null)) {
    throw new ValueError({ argument: 'optimizer', given: show(given), expected: "a name or a spec, such as 'adam'" });
  }
  const { name, ...options } = typeof given === 'string' ? { name: given } : given;
  const entry = lookUp(optimizerTable as unknown as Readonly<Record<string, Entry>>, name, 'optimizer');
  const spec = entry(options);
  const { plan, fill } = entry.definition;
  const { kernel, states } = plan(spec as CommonOptions);
  return {
    spec,
    states,
    emit(emit, { parameters, gradients, states, block }) {
      emit.callOf(kernel as KernelName, [parameters, gradients, ...states, parameters.size, block, emit.slots.factor]);
    },
    fill: (heap, block, learningRate, t) => fill(heap, block, spec, learningRate, t),
  };
}

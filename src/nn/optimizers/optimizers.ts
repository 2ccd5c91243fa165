import type { Heap, KernelName } from '../../kernels/contract.js';
import { resolve } from '../../kernels/definition.js';
import type { CommonOptions, OptimizerDefinition } from '../../kernels/lib/update.js';
import * as k from '../../kernels/signatures/index.js';
import type { UpdateSpec } from '../../kernels/tables.js';
import type { Emitter } from '../../program/emitter.js';
import type { Pace, UpdateGroup } from '../../program/parameter.js';
import { type OptimizerName, optimizerNames } from '../names.js';
import type { lbfgs } from './lbfgs.js';
import { makeRate, type Rate } from './rate.js';
import type { Solver } from './solver.js';

/** An optimizer as plain data: its name and all options. */
export type OptimizerSpec = UpdateSpec | ReturnType<typeof lbfgs>;

/** An optimizer with its options filled in. */
export interface Optimizer {
  readonly spec: OptimizerSpec;
  /** Names of the states it needs, each as long as the parameters, and what they hold at first. */
  readonly states: readonly { readonly name: string; readonly initial: number }[];
  /** The learning rate of step t, from 0 on. */
  readonly rate: Rate;
  /** Makes the solver of optimizers that see all rows at once and evaluate more than once a step, instead of a loop. */
  readonly solver?: Solver;
  emit(emit: Emitter, group: UpdateGroup): void;
  /** Writes what step number `t` (from 1) needs. */
  fill(heap: Heap, pace: Pace, learningRate: number, t: number): void;
}

type Definition = OptimizerDefinition | { solver(options: OptimizerSpec): Solver };

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeOptimizer(given: OptimizerName | OptimizerSpec): Optimizer {
  const { spec, definition } = resolve<OptimizerSpec, Definition>(given, optimizerNames, 'optimizer', 'adam', {
    functions: 'optimizerFunctions',
  });
  const rate = makeRate(spec.learningRate, `${spec.name}.learningRate`);
  if ('solver' in definition) {
    return { spec, rate, states: [], solver: definition.solver(spec), emit() {}, fill() {} };
  }
  return { spec, rate, ...makeUpdate(definition, spec as CommonOptions) };
}

/** Updates by a loop over the flat parameters. */
function makeUpdate(
  definition: OptimizerDefinition,
  options: CommonOptions,
): Pick<Optimizer, 'states' | 'emit' | 'fill'> {
  const kernel = definition.loop?.(options) ?? (Object.keys(definition.loops)[0] as KernelName);
  const { weightDecay } = options;
  const states = (definition.loops[kernel] ?? []).map((state) => ({
    name: state,
    initial: definition.initial?.(options, state) ?? 0,
  }));
  return {
    states,
    emit(emit, { parameters, kernels, gradients, states, block, decay }) {
      const { factor } = emit.slots;
      if (weightDecay > 0 && kernels.size > 0) emit.call(k.decayWeights, { w: kernels, slot: decay, factor });
      emit.updates.add(kernel);
      emit.call(k.update, { w: parameters, g: gradients, states, block, factor }, kernel);
    },
    fill(heap, { block, decay }, learningRate, t) {
      if (weightDecay > 0) heap[decay.offset] = -learningRate * weightDecay;
      definition.fill(heap, block.offset, options, learningRate, t);
    },
  };
}

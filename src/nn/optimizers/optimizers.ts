import type { Heap, KernelName } from '../../kernels/contract.js';
import { resolve } from '../../kernels/definition.js';
import type { CommonOptions, OptimizerDefinition } from '../../kernels/lib/update.js';
import * as k from '../../kernels/signatures/index.js';
import type { UpdateSpec } from '../../kernels/tables.js';
import type { Emitter } from '../../program/emitter.js';
import type { Pace, UpdateGroup } from '../../program/parameter.js';
import { type OptimizerName, optimizerNames } from '../names.js';
import type { lbfgs } from './lbfgs.js';
import type { CustomOptimizer } from './own/optimizer.js';
import { makeRate, type Rate } from './rate.js';
import type { Solver } from './solver.js';

/** An optimizer as plain data: its name and all options. */
export type OptimizerSpec = UpdateSpec | ReturnType<typeof lbfgs> | CustomOptimizer;

/** The way in which an optimizer updates. */
export interface Updating {
  /** Names of the states it needs, each as long as the parameters, and what they hold at first. */
  readonly states: readonly { readonly name: string; readonly initial: number }[];
  /** Makes the solver of optimizers that see all rows at once and evaluate more than once a step, instead of a loop. */
  readonly solver?: Solver;
  /** Numbers of a step, that of weight decay the last; default BLOCK_SIZE. */
  readonly blockSize?: number;
  /** Emits a look at what `emit` would make of finite numbers: one at what is not finite stops the step. */
  readonly check?: Updating['emit'];
  emit(emit: Emitter, group: UpdateGroup): void;
  /** Writes what step number `t` (from 1) needs. */
  fill(heap: Heap, pace: Pace, learningRate: number, t: number): void;
}

/** An optimizer with its options filled in. */
export interface Optimizer extends Updating {
  readonly spec: OptimizerSpec;
  /** The learning rate of step t, from 0 on. */
  readonly rate: Rate;
}

type Definition = OptimizerDefinition | { build(options: OptimizerSpec): Updating };

/** @throws UnknownNameError, ValueError for options out of range. */
export function makeOptimizer(given: OptimizerName | OptimizerSpec): Optimizer {
  const { spec, definition } = resolve<OptimizerSpec, Definition>(given, optimizerNames, 'optimizer', 'adam', {
    functions: 'optimizerFunctions',
  });
  const rate = makeRate(spec.learningRate, `${spec.name}.learningRate`);
  const updating = 'build' in definition ? definition.build(spec) : makeUpdate(definition, spec as CommonOptions);
  return { spec, rate, ...updating };
}

/** Updates by a loop over the flat parameters. */
function makeUpdate(definition: OptimizerDefinition, options: CommonOptions): Updating {
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
      emit.updates.set(kernel, undefined);
      emit.call(k.update, { w: parameters, g: gradients, states, block, factor }, kernel);
    },
    fill(heap, { block, decay }, learningRate, t) {
      if (weightDecay > 0) heap[decay.offset] = -learningRate * weightDecay;
      definition.fill(heap, block.offset, options, learningRate, t);
    },
  };
}

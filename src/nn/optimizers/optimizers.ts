import type { KernelName } from '../../kernels/contract.js';
import { resolve } from '../../kernels/definition.js';
import type { CommonOptions, OptimizerDefinition } from '../../kernels/lib/update.js';
import * as k from '../../kernels/signatures/index.js';
import type { UpdateSpec } from '../../kernels/tables.js';
import { type OptimizerName, optimizerNames } from '../names.js';
import type { lbfgs } from './lbfgs.js';
import { makeRate, type Rate } from './rate.js';
import type { CustomOptimizer, Updating } from './updating.js';

/** An optimizer as plain data: its name and all options. */
export type OptimizerSpec = UpdateSpec | ReturnType<typeof lbfgs> | CustomOptimizer;

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

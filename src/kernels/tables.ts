import type { KernelName } from './contract.js';
import * as activations from './families/activations.js';
import * as constraints from './families/constraints.js';
import * as losses from './families/losses.js';
import * as optimizers from './families/optimizers.js';
import type { ActivationDefinition, ActivationPlan } from './lib/curve.js';
import { makers } from './makers.js';
import type adamLoops from './twins/adam.js';
import type loops from './twins/optimizers.js';

// These tables hold everything by name, as the files of each family export it, for code that must know every name: models
// that come as plain data, and threads. A program that trains a model imports none of it.

export const activationTable = /* @__PURE__ */ makers<typeof activations>(activations);

export const lossTable = /* @__PURE__ */ makers<typeof losses>(losses);

/** Those that work batch by batch. */
export const optimizerTable = /* @__PURE__ */ makers<typeof optimizers>(optimizers);

export const constraintTable = /* @__PURE__ */ makers<typeof constraints>(constraints);

/** An activation as plain data: its name and all options. */
export type ActivationSpec = ReturnType<(typeof activationTable)[keyof typeof activationTable]>;
export type LossName = keyof typeof lossTable;
/** A loss as plain data: its name and all options. */
export type LossSpec = ReturnType<(typeof lossTable)[LossName]>;
export type UpdateName = keyof typeof optimizerTable;
/** An optimizer that works batch by batch as plain data: its name and all options. */
export type UpdateSpec = ReturnType<(typeof optimizerTable)[UpdateName]>;
/** A constraint that needs no options, as `kernelConstraint` and `biasConstraint` take it. */
export type ConstraintName = keyof typeof constraintTable;
/** A constraint as plain data: its name and options, which may be left out. */
export type ConstraintSpec = {
  readonly [N in ConstraintName]: {
    /** The name of the constraint. */
    readonly name: N;
  } & NonNullable<Parameters<(typeof constraintTable)[N]>[0]>;
}[ConstraintName];

/** An entry of the table of activations, as the library sees it. */
export interface ActivationEntry {
  (options?: object): ActivationSpec;
  readonly definition: ActivationDefinition;
}

/** Returns the plan of every activation, with its defaults and with each of its variants. */
export function activationPlans(): readonly {
  readonly spec: ActivationSpec;
  readonly options: object;
  readonly plan: ActivationPlan;
}[] {
  return Object.values(activationTable as unknown as Record<string, ActivationEntry>).flatMap((entry) =>
    [{}, ...(entry.definition.variants ?? [])].map((options) => {
      const spec = entry(options);
      return { spec, options, plan: entry.definition.plan(spec) };
    }),
  );
}

/** A kernel of an activation, and a plan that calls it. */
export interface ActivationKernel {
  readonly kernel: KernelName;
  readonly backward: boolean;
  readonly plan: Exclude<ActivationPlan, { shape: 'identity' }>;
}

/** Returns all kernels of activations, each once. */
export function activationKernels(): readonly ActivationKernel[] {
  const found = new Map<string, ActivationKernel>();
  for (const { plan } of activationPlans()) {
    if (plan.shape === 'identity') continue;
    const add = (name: string, backward: boolean) => {
      if (!found.has(name)) found.set(name, { kernel: name as KernelName, backward, plan });
    };
    add(`${plan.kernel}Forward`, false);
    const differentiates = plan.shape === 'elementwise' ? plan.saves !== 'nothing' : plan.shape !== 'random';
    if (differentiates) add(`${plan.kernel}Backward`, true);
  }
  return [...found.values()];
}

/** The kernels of optimizers' loops: (weights, gradients, states ..., n, block, factor). */
export type UpdateKernel = Exclude<keyof ReturnType<typeof loops> | keyof ReturnType<typeof adamLoops>, 'decayWeights'>;

function loopsOf(table: object) {
  const loops = Object.values(table as Readonly<Record<string, { definition: { loops: object } }>>);
  return Object.assign({}, ...loops.map(({ definition }) => definition.loops)) as Readonly<
    Record<UpdateKernel, readonly string[]>
  >;
}

/** The names of the states that each optimizer's loop takes, by its kernel. */
export const updateLoops = /* @__PURE__ */ loopsOf(optimizerTable);

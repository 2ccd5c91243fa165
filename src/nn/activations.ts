import { ValueError } from '../errors.js';
import type { KernelName } from '../kernels/contract.js';
import { resolve } from '../kernels/definition.js';
import type { ActivationDefinition, ActivationPlan } from '../kernels/lib/curve.js';
import { stream } from '../kernels/lib/philox.js';
import * as k from '../kernels/signatures/index.js';
import type { ActivationSpec } from '../kernels/tables.js';
import type { Emitter } from '../program/emitter.js';
import type { Layer, Step } from '../program/layer.js';
import type { Parameter } from '../program/parameter.js';
import type { Tensor } from '../program/plan.js';
import { BUILD, type BuildsActivation, isCustom } from './expressions/builds.js';
import { parameter } from './layers/kind.js';
import { activationNames } from './names.js';

/** An activation with its options filled in. */
export interface Activation {
  readonly spec: ActivationSpec;
  /** The default kernel initializer of a dense layer in front of it. */
  readonly initializer: string;
  readonly plan: ActivationPlan;
  /** Builds a custom activation, in place of the plan. */
  readonly build?: (name: string, units: number) => Layer;
}

/** @throws UnknownNameError, ValueError for options out of range. */
export function findActivation(given: unknown, argument: string): Activation {
  if (isCustom(given)) return customActivation(given as object, argument);
  const { spec, definition } = resolve<ActivationSpec, ActivationDefinition>(given, activationNames, argument, 'relu', {
    own: 'customActivation',
  });
  if (isCustom(spec)) return customActivation(spec, argument);
  return { spec, initializer: definition.initializer, plan: definition.plan(spec) };
}

/** A custom one builds a layer by itself, in the shape of its input; before it, a kernel is drawn as before none. */
function customActivation(spec: BuildsActivation & object, argument: string): Activation {
  const build = spec[BUILD];
  if (!build) {
    throw new ValueError({
      argument,
      given: 'plain data of a custom activation',
      expected: 'what customActivation returns',
      hint: 'customActivation(spec) and modelFromSpec take plain data.',
    });
  }
  return {
    spec: spec as ActivationSpec,
    initializer: 'glorotUniform',
    plan: { shape: 'identity' },
    build: (name, units) => build(spec, name, units),
  };
}

type WithKernel<S extends ActivationPlan['shape']> = Extract<ActivationPlan, { shape: S }>;

const named = (plan: { readonly kernel: string }, pass: 'Forward' | 'Backward') =>
  `${plan.kernel}${pass}` as KernelName;

/** Turns dy into the gradient by x, in place. */
function differentiate(emit: Emitter, plan: WithKernel<'elementwise' | 'rows'>, saved: Tensor, dy: Tensor): Tensor {
  const kernel = named(plan, 'Backward');
  if (plan.shape === 'rows') emit.call(k.activationRowsBackward, { saved, dy, dx: dy }, kernel);
  else if (plan.saves !== 'nothing') {
    emit.call(k.activationBackward, { saved, dy, dx: dy, numbers: plan.numbers }, kernel);
  }
  return dy;
}

/** Turns dy into the gradient by the sums of a product that has applied the activation itself. */
export function differentiateFused(emit: Emitter, { plan }: Activation, y: Tensor, dy: Tensor): void {
  if (plan.shape === 'elementwise') differentiate(emit, plan, y, dy);
}

/** Returns the product that applies the activation while storing, where there is one. */
export function fusedProduct({ plan }: Activation) {
  return plan.shape === 'elementwise' ? plan.fused : undefined;
}

type Forward = (emit: Emitter, x: Tensor) => Step;

/** Writes over x where `inPlace` says that no one else needs it, unless the gradient will. */
function pointwise(name: string, plan: WithKernel<'elementwise' | 'rows'>, inPlace: boolean): Forward {
  const savesX = plan.shape === 'elementwise' && plan.saves === 'x';
  return (emit, x) => {
    const overwrites = inPlace && !(savesX && emit.training);
    const y = overwrites ? x : emit.matrix(`${name}.y`, x.columns);
    const kernel = named(plan, 'Forward');
    if (plan.shape === 'rows') emit.call(k.activationRowsForward, { x, y }, kernel);
    else emit.call(k.activationForward, { x, y, numbers: plan.numbers }, kernel);
    return { y, backward: (dy) => [differentiate(emit, plan, savesX ? x : y, dy)] };
  };
}

function withSlopePerUnit(name: string, plan: WithKernel<'units'>, inPlace: boolean, alpha: Parameter): Forward {
  return (emit, x) => {
    const y = inPlace && !emit.training ? x : emit.matrix(`${name}.y`, x.columns);
    emit.call(k.activationUnitsForward, { x, alpha: alpha.value, y }, named(plan, 'Forward'));
    return {
      y,
      backward(dy) {
        const dalpha = alpha.trainable ? alpha.gradient : emit.vector(`${alpha.name}.unused`, alpha.value.size);
        emit.call(k.activationUnitsBackward, { x, alpha: alpha.value, dy, dx: dy, dalpha }, named(plan, 'Backward'));
        return [dy];
      },
    };
  };
}

function withRandomSlopes(name: string, plan: WithKernel<'random'>, inPlace: boolean, index: number): Forward {
  const inference = pointwise(name, plan.inference, inPlace);
  return (emit, x) => {
    if (!emit.training || emit.inference) return inference(emit, x);
    const y = inPlace ? x : emit.matrix(`${name}.y`, x.columns);
    const slopes = emit.matrix(`${name}.slopes`, x.columns);
    emit.call(k.randomUniform, { y: slopes, state: emit.slots.random, stream: stream('slopes', index) });
    emit.call(k.activationRandomForward, { x, y, slopes, numbers: plan.numbers }, named(plan, 'Forward'));
    return {
      y,
      backward(dy) {
        emit.call(k.multiply, { a: slopes, b: dy, y: dy });
        return [dy];
      },
    };
  };
}

/**
 * Returns an activation as layer number `index`. `inPlace` allows it to overwrite its input, which must then be of no more
 * use to the layer before.
 */
export function activationLayer(
  name: string,
  { spec, plan, build }: Activation,
  units: number,
  index: number,
  inPlace: boolean,
): Layer {
  if (build) return build(name, units);
  const layer = (forward: Forward, parameters: readonly Parameter[] = []): Layer => ({
    name,
    units,
    parameters,
    activation: spec.name,
    forward,
  });
  switch (plan.shape) {
    case 'identity':
      return layer((_, x) => ({ y: x, backward: (dy) => [dy] }));
    case 'units': {
      // Alpha is a vector, so that weight decay leaves it alone.
      const alpha = parameter(`${name}.alpha`, 'vector', 1, units, { name: 'constant', value: plan.initial });
      return layer(withSlopePerUnit(name, plan, inPlace, alpha), [alpha]);
    }
    case 'random':
      return layer(withRandomSlopes(name, plan, inPlace, index));
    default:
      return layer(pointwise(name, plan, inPlace));
  }
}

import { ValueError } from '../errors.js';
import type { KernelName } from '../kernels/contract.js';
import { resolve } from '../kernels/definition.js';
import type { ActivationDefinition, ActivationPlan } from '../kernels/lib/curve.js';
import { type ActivationSpec, activationTable } from '../kernels/tables.js';
import { bind, Operands, type Operation, operation, type SymbolicCall } from './operation.js';
import type { Tensor } from './tensor.js';

/** An activation by its name, as plain data with its options, or as functions of 'myelin' such as `elu()` return it. */
export type KernelActivation = ActivationSpec['name'] | ActivationSpec;

/** Operands of `activationForward`. */
export interface ActivationForwardOperands {
  /** One of the 21 activations of docs/activations.md. 'rrelu' takes its mean slope. */
  readonly activation: KernelActivation;
  /** The input, a matrix or a vector; a vector counts as one row. */
  readonly x: Tensor;
  /** Receives the output, of the same sizes. May be x where the gradient is taken from y. */
  readonly y: Tensor;
  /** The learned slopes of 'prelu', a vector with a number per column. */
  readonly slopes?: Tensor;
}

/** Operands of `activationBackward`. */
export interface ActivationBackwardOperands {
  /** The same as in the forward pass. */
  readonly activation: KernelActivation;
  /** The input of the forward pass; most activations want one of x and y, and an error says which. */
  readonly x?: Tensor;
  /** The output of the forward pass. */
  readonly y?: Tensor;
  /** The gradient of the loss by the output. */
  readonly dy: Tensor;
  /** Receives the gradient by the input; may be dy. */
  readonly dx: Tensor;
  /** The learned slopes of 'prelu'. */
  readonly slopes?: Tensor;
  /** Receives the gradient by the slopes of 'prelu'. */
  readonly dslopes?: Tensor;
}

type Simple = Exclude<ActivationPlan, { shape: 'random' }>;

function planOf(activation: KernelActivation, name: string): Simple {
  const argument = `${name}.activation`;
  const { spec, definition } = resolve<ActivationSpec, ActivationDefinition>(
    activation,
    activationTable,
    argument,
    'relu',
  );
  const plan = definition.plan(spec);
  return plan.shape === 'random' ? plan.inference : plan;
}

const copy = (x: Tensor, y: Tensor): SymbolicCall => ['copyColumns', x, y, x.rows, x.columns, x.stride, y.stride, 0, 0];

const shapeOf = ({ rows, columns, stride }: Tensor) => [rows, columns, stride];

/** y = activation(x). @throws ShapeError, ValueError, UnknownNameError, StateError */
export const activationForward: Operation<ActivationForwardOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('activationForward');
  const x = operands.take(given.x, 'x', { layout: ['matrix', 'vector'] });
  const y = operands.like(given.y, 'y', x);
  const plan = planOf(given.activation, 'activationForward');
  const { room } = operands;
  if (plan.shape === 'identity') return bind(room, x === y ? [] : [copy(x, y)]);
  const kernel = `${plan.kernel}Forward` as KernelName;
  if (plan.shape === 'elementwise') return bind(room, [[kernel, x, y, x.size, ...plan.numbers]]);
  if (plan.shape === 'rows') return bind(room, [[kernel, x, y, ...shapeOf(x)]]);
  const slopes = operands.take(given.slopes, 'slopes', { layout: 'vector', columns: x.columns });
  return bind(room, [[kernel, x, slopes, y, ...shapeOf(x)]]);
});

/** dx = dy times the derivative of the activation. @throws ShapeError, ValueError, UnknownNameError, StateError */
export const activationBackward: Operation<ActivationBackwardOperands> = /* @__PURE__ */ operation((given) => {
  const operands = new Operands('activationBackward');
  const dy = operands.take(given.dy, 'dy', { layout: ['matrix', 'vector'] });
  const dx = operands.like(given.dx, 'dx', dy);
  const plan = planOf(given.activation, 'activationBackward');
  const { room } = operands;
  if (plan.shape === 'identity') return bind(room, dx === dy ? [] : [copy(dy, dx)]);
  const saves = plan.shape === 'elementwise' ? plan.saves : plan.shape === 'units' ? 'x' : 'y';
  if (saves === 'nothing') return bind(room, dx === dy ? [] : [copy(dy, dx)]);
  if (given[saves] === undefined) {
    throw new ValueError({
      argument: `activationBackward.${saves}`,
      given: 'undefined',
      expected: `the ${saves === 'x' ? 'input' : 'output'} of the forward pass, from which this derivative is computed`,
    });
  }
  const saved = operands.like(given[saves], saves, dy);
  const kernel = `${plan.kernel}Backward` as KernelName;
  if (plan.shape === 'elementwise') return bind(room, [[kernel, saved, dy, dx, dy.size, ...plan.numbers]]);
  if (plan.shape === 'rows') return bind(room, [[kernel, saved, dy, dx, ...shapeOf(dy)]]);
  const perColumn = { layout: 'vector', columns: dy.columns } as const;
  const slopes = operands.take(given.slopes, 'slopes', perColumn);
  const dslopes = operands.take(given.dslopes, 'dslopes', perColumn);
  return bind(room, [[kernel, saved, slopes, dy, dx, dslopes, ...shapeOf(dy)]]);
});

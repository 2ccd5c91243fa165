import { checkOptions } from '../../errors.js';
import { carry } from '../../kernels/definition.js';
import * as k from '../../kernels/signatures/index.js';
import type { Emitter } from '../../program/emitter.js';
import type { Layer, OwnPenalty } from '../../program/layer.js';
import type { Constant, Parameter } from '../../program/parameter.js';
import { type Tensor, vectorTensor } from '../../program/plan.js';
import { regularizerNames } from '../names.js';
import { FAMILY, type Family } from '../registrations.js';
import type { CustomRegularizer, RegularizerDefinition } from '../regularizers.js';
import { type BoundExpression, bindExpression } from './bind.js';
import { isCustom } from './builds.js';
import { type Expression, type Operations, type Step, trace } from './expression.js';
import { Lowering, SCALAR, type Shape, sameShape, type Value } from './lowering.js';

/** Describes a penalty on weights, rows x columns, or on an output; the elements of what it returns are added up. */
export type RegularizerFunction = (w: Expression, operations: Operations) => Expression;

const REGULARIZERS: Family = { family: 'regularizer', names: regularizerNames };

/** Programs without a loss have no penalties either. */
const PENALIZES = (emit: Emitter) => emit.mode !== 'predict' && emit.mode !== 'moments';

/** An emitter of as many rows as a kernel has, where expressions know rows of a batch. */
function ofRows(emit: Emitter, rows: number): Emitter {
  const sized = {
    rows,
    zeros: emit.zeros,
    training: emit.training,
    call: emit.call.bind(emit),
    vector: emit.vector.bind(emit),
    scratch: emit.scratch.bind(emit),
    matrix: (name: string, columns: number) => emit.matrix(name, columns, rows),
    column: (name: string) => emit.column(name, rows),
  };
  return sized as unknown as Emitter;
}

/** Returns the columns that panels hold, and where each begins. */
function panelsOf({
  rows,
  columns,
}: Parameter): readonly { readonly at: number; readonly first: number; readonly width: number }[] {
  return Array.from({ length: Math.ceil(columns / 8) }, (_, i) => {
    return { at: 8 * i * rows, first: 8 * i, width: Math.min(8, columns - 8 * i) };
  });
}

/** Returns weights as an expression takes them: kernels row by row, vectors where they are. */
function read(lower: Lowering, parameter: Parameter, shape: Shape): Value {
  const { value, rows, layout } = parameter;
  if (layout !== 'panels') return { tensor: value, shape };
  const w = lower.make(shape, 'weights');
  for (const { at, first, width } of panelsOf(parameter)) {
    const strides = { xStride: 8, yStride: w.tensor.stride };
    lower.emit.call(k.copyColumns, { x: value, y: w.tensor, rows, columns: width, ...strides, from: at, to: first });
  }
  return w;
}

/** Adds the gradient of a penalty to that of the weights, whose padding stays 0. */
function addTo({ gradient, rows, columns, ...parameter }: Parameter, dw: Value, emit: Emitter): void {
  const part = emit.vector(`${parameter.name}.penaltyGradient`, gradient.size);
  if (parameter.layout !== 'panels') {
    emit.call(k.denseBiasGradient, { dy: dw.tensor, db: part, rows: 1, units: rows * columns, dyStride: 0 });
  } else {
    const strides = { xRow: 0, xColumn: 0, yRow: gradient.size };
    emit.call(k.expand, { x: emit.zeros, y: part, ...strides, rows: 1, columns: gradient.size, divisor: 1 });
    for (const { at, first, width } of panelsOf({ rows, columns } as Parameter)) {
      const both = { xStride: dw.tensor.stride, yStride: 8 };
      emit.call(k.copyColumns, { x: dw.tensor, y: part, rows, columns: width, ...both, from: first, to: at });
    }
  }
  emit.call(k.add, { a: gradient, b: part, y: gradient });
}

/** A penalty of one parameter, or of the output of a layer. */
interface Term {
  readonly label: string;
  readonly shape: Shape;
  readonly bound: BoundExpression;
  /** Undefined for an output. */
  readonly parameter: Parameter | undefined;
  /** The place where steps report it. */
  readonly slot: Tensor;
}

/** Emits a penalty, divided by `divisor`; returns what emits its gradient. */
function penalize(lower: Lowering, { bound, slot }: Term, w: Value, one: Tensor, divisor: number): () => Value {
  const { result, backward } = bound.compute(lower, [w]);
  lower.sumAll(result, divisor, slot);
  return () => {
    const seed: Value = { tensor: one, shape: SCALAR };
    const whole = divisor === 1 && sameShape(result.shape, SCALAR);
    return backward(whole ? seed : lower.expand(seed, result.shape, divisor));
  };
}

/** Holds a penalty until layers with such penalties are built. */
class ExpressionPenalty implements OwnPenalty {
  constructor(private readonly steps: readonly Step[]) {}

  #term(label: string, shape: Shape, parameter: Parameter | undefined): Term {
    const bound = bindExpression(this.steps, { w: shape }, label);
    return { label, shape, bound, parameter, slot: vectorTensor(`${label}.penalty`, 1) };
  }

  /** @throws ShapeError, ValueError, UnknownNameError for steps that do not fit what they penalize. */
  apply(layer: Layer): Layer {
    const terms = layer.parameters.flatMap((parameter): Term[] => {
      const { name, rows, columns, layout, penalty } = parameter;
      const shape: Shape = {
        rows: layout === 'panels' ? 'batch' : 1,
        columns: layout === 'panels' ? columns : rows * columns,
      };
      return penalty.own instanceof ExpressionPenalty
        ? [penalty.own.#term(`${name}.regularizer`, shape, parameter)]
        : [];
    });
    const own = layer.activityPenalty?.own;
    const onOutput =
      own instanceof ExpressionPenalty
        ? own.#term(`${layer.name}.activityRegularizer`, { rows: 'batch', columns: layer.units }, undefined)
        : undefined;
    const one = vectorTensor(`${layer.name}.one`, 1);
    const all = onOutput ? [...terms, onOutput] : terms;
    const constants: Constant[] = [
      ...(layer.constants ?? []),
      { value: one, data: [1] },
      ...all.flatMap(({ slot, bound }) => [...bound.constants, { value: slot, data: [0] }]),
    ];
    const learned = () => terms.filter(({ parameter }) => parameter?.trainable);
    return {
      ...layer,
      constants,
      get penaltySlots() {
        return [...learned(), ...(onOutput ? [onOutput] : [])].map(({ slot }) => slot);
      },
      forward(emit, ...inputs) {
        const step = layer.forward(emit, ...inputs);
        if (!PENALIZES(emit)) return step;
        const gradients = learned().map((term) => {
          const parameter = term.parameter as Parameter;
          const lower = new Lowering(ofRows(emit, parameter.rows), term.label);
          const gradient = penalize(lower, term, read(lower, parameter, term.shape), one, 1);
          return () => addTo(parameter, gradient(), emit);
        });
        const { y } = step;
        const lower = new Lowering(emit, `${layer.name}.activityRegularizer`);
        const ofOutput = onOutput && penalize(lower, onOutput, lower.pack(y, onOutput.shape), one, emit.rows);
        return {
          y,
          backward(dy, wanted) {
            if (ofOutput) emit.call(k.add, { a: dy, b: lower.unpack(ofOutput()), y: dy });
            const found = step.backward(dy, wanted);
            for (const gradient of gradients) gradient();
            return found;
          },
        };
      },
    };
  }
}

/**
 * A penalty from an expression of w: the weights, a kernel as inputs x units and a bias as 1 x units, or, as
 * `activityRegularizer`, the output of a layer, rows x units:
 *
 *     customRegularizer((w, { abs, mul, sum }) => mul(0.01, sum(abs(w))))
 *     customRegularizer((w, { mul, sqrt, square, sum }) => mul(0.01, sqrt(sum(square(w), { axis: 1 }))))
 *
 * The elements of the result are added up, those of a penalty on an output over the rows of the batch and divided by their number,
 * and what comes out is added to the loss. The function runs once, here, on symbols. The penalty is plain data, and takes it from
 * JSON in place of a function.
 * @throws ValueError, ShapeError for what is no expression; shapes are checked where the layer's model is made.
 */
export function customRegularizer(define: RegularizerFunction | CustomRegularizer): CustomRegularizer {
  const given = isCustom(define) ? (define as CustomRegularizer) : undefined;
  if (given) checkOptions(given, ['name', 'registered', 'steps'], 'customRegularizer');
  const steps = given?.steps ?? trace(define as RegularizerFunction, ['w'], 'customRegularizer');
  const item: CustomRegularizer = { name: 'custom', ...given, steps, [FAMILY]: REGULARIZERS };
  const own = new ExpressionPenalty(steps);
  const definition: RegularizerDefinition = { options: {}, penalty: () => ({ l1: 0, l2: 0, own }) };
  const made = Object.assign((options: object) => carry({ ...item, ...options }, made), { definition });
  return carry(item, made);
}

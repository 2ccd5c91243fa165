import type { Tensor } from '../../program/plan.js';
import type { Lowering, Shape, Value } from './lowering.js';

/** Holds what a step of an expression knows when it is emitted. */
export interface Context {
  readonly lower: Lowering;
  readonly args: readonly Value[];
  readonly shape: Shape;
  readonly axis: 0 | 1 | undefined;
  /** The plain numbers that follow the operands. */
  readonly numbers: readonly number[];
  /** Zeros, as many as `matmul` by a constant has columns. */
  readonly bias: Tensor | undefined;
  /** Keeps what the forward pass saves for the gradient beyond operands and result. */
  readonly saved: { mask?: Value };
}

/** Tells the compiler what it must know of an operation. */
export interface Operation {
  /** The number of expressions that it takes. */
  readonly operands: 1 | 2 | 3;
  /** Takes more operands than that, any number of them. */
  readonly variadic?: boolean;
  /** Plain numbers that follow the operands, by name; those in brackets may be left out. */
  readonly numbers?: readonly string[];
  /** Takes `axis`. */
  readonly reduces?: boolean;
  /** Differs between training and inference, and so is for layers alone. */
  readonly phases?: boolean;
  /** Its value or its gradient is not finite where an operand, of a quotient the second, is 0. */
  readonly needsPositive?: boolean;
  /** Returns whether operand `i` gets a gradient; default all do. */
  passes?(i: number, training: boolean): boolean;
  /** Returns whether operand `i` is used; default all are. */
  reads?(i: number, training: boolean): boolean;
  /** Returns the shape of the result, or what is expected of shapes and numbers. */
  shape(args: readonly Shape[], axis: 0 | 1 | undefined, numbers: readonly number[]): Shape | string;
  forward(context: Context): Value;
  /** Returns the gradient by operand `i`, in the operand's shape, from the gradient of the result. */
  gradient(context: Context, dy: Value, y: Value, i: number): Value;
}

export const first = ({ args }: Context): Value => args[0] as Value;
export const second = ({ args }: Context): Value => args[1] as Value;

/** Returns the shape of what operands of these shapes spread over together, or what is expected of them. */
export function broadcastShape(shapes: readonly Shape[]): Shape | string {
  const columns = Math.max(...shapes.map((shape) => shape.columns));
  if (shapes.every((shape) => shape.columns === columns || shape.columns === 1)) {
    return { rows: shapes.some(({ rows }) => rows === 'batch') ? 'batch' : 1, columns };
  }
  return shapes.length === 2
    ? 'as many columns on both sides, or one on either'
    : 'as many columns in all operands, or one in some';
}

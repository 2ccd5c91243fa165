import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import { type InputShape, SymbolicTensor } from './kind.js';

/** Options of `input`. */
export interface InputOptions {
  /** Columns of the input, an integer of at least 1. */
  readonly shape: InputShape;
  /** By which data may be given as an object; default `input0`, `input1` and so on. */
  readonly name?: string;
}

/** Returns the number of columns of an input shape. */
export function inputWidth(shape: unknown, argument: string): number {
  const width = Array.isArray(shape) && shape.length === 1 ? shape[0] : shape;
  return checkNumber(width, argument, { min: 1, integer: true });
}

/**
 * Returns an input of a `model`.
 * @throws ValueError for a shape that is not a positive whole number, and for a name that is not a text.
 */
export function input(options: InputOptions): SymbolicTensor {
  checkOptions(options, ['shape', 'name'], 'input');
  const { shape, name } = options;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new ValueError({ argument: 'input.name', given: show(name), expected: 'a name' });
  }
  return new SymbolicTensor(undefined, [], name, inputWidth(shape, 'input.shape'));
}

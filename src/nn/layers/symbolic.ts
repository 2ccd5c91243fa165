import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import { type InputShape, kindOf, type LayerSpec } from './kind.js';

/** What an input of a model, or a layer applied to others, will compute: a place in the graph, without numbers. */
export class SymbolicTensor {
  /** `spec` is undefined for an input of the model, which has a `name` and a `width` instead. */
  constructor(
    readonly spec: LayerSpec | undefined,
    readonly inputs: readonly SymbolicTensor[],
    readonly name?: string,
    readonly width?: number,
  ) {}

  /** The tensor of a layer that these feed, this one first; undefined where they are not all tensors. @internal */
  feed(layer: LayerSpec, given: readonly unknown[]): SymbolicTensor | undefined {
    if (!given.every((item) => item instanceof SymbolicTensor)) return undefined;
    const merges = kindOf(layer)?.merges === true;
    if (merges ? given.length > 1 : given.length === 1) return new SymbolicTensor(layer, given);
    throw new ValueError({
      argument: `${layer.type}.apply(inputs)`,
      given: `${given.length} ${given.length === 1 ? 'input' : 'inputs'}`,
      expected: merges ? 'an array of two or more inputs' : 'one input',
      ...(merges ? {} : { hint: 'Join several by concatenate(), add() or multiply() first.' }),
    });
  }
}

/** Options of `input`. */
export interface InputOptions {
  /** Columns. */
  readonly shape: InputShape;
  /** By which data may be given as an object; default `input0`, `input1` and so on. */
  readonly name?: string;
}

/** Columns of an input shape. */
export function inputWidth(shape: unknown, argument: string): number {
  const width = Array.isArray(shape) && shape.length === 1 ? shape[0] : shape;
  return checkNumber(width, argument, { min: 1, integer: true });
}

/** An input of a `model`. */
export function input(options: InputOptions): SymbolicTensor {
  checkOptions(options, ['shape', 'name'], 'input');
  const { shape, name } = options;
  if (name !== undefined && (typeof name !== 'string' || name === '')) {
    throw new ValueError({ argument: 'input.name', given: show(name), expected: 'a name' });
  }
  return new SymbolicTensor(undefined, [], name, inputWidth(shape, 'input.shape'));
}

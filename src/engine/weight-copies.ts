import type { Heap } from '../kernels/contract.js';
import type { MatrixLike } from '../matrix.js';
import type { Weights } from '../nn/parameters.js';
import { readParameter, readWeights, writeParameter } from '../nn/parameters.js';
import type { Parameter } from '../program/parameter.js';
import type { Engine } from './engine.js';

/** Returns all parameters, of those that are trained what lies `shift` elements beyond. */
export function copy(heap: Heap, parameters: readonly Parameter[], shift: number): Weights {
  const read = (parameter: Parameter) => {
    const { value, trainable } = parameter;
    return readParameter(heap, parameter, trainable ? { ...value, offset: value.offset + shift } : value);
  };
  return Object.fromEntries(parameters.map((parameter) => [parameter.name, read(parameter)]));
}

export function copyWeights({ heap, network }: Engine): Weights {
  return copy(heap, network.parameters, 0);
}

/** Writes nothing before all are checked. */
export function takeWeights(engine: Engine, weights: Readonly<Record<string, MatrixLike>>): void {
  const checked = readWeights(weights, engine.network.parameters);
  for (const { parameter, data } of checked) writeParameter(engine.heap, parameter, data);
}

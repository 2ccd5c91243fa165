import { ShapeError, show, suggest, UnknownNameError, ValueError } from '../errors.js';
import type { Backend, Heap } from '../kernels/contract.js';
import { stream } from '../kernels/lib/philox.js';
import { checkFinite, type Matrix, type MatrixLike, matrix, toMatrix } from '../matrix.js';
import type { Parameter } from '../program/parameter.js';
import type { Tensor } from '../program/plan.js';
import { isA } from '../realms.js';
import { initialize, uniformLimit } from './initializers/initialization.js';

/** Weights by name; kernels are inputs x units, vectors 1 x units. */
export type Weights = Record<string, Matrix>;

/** Names that an error lists. */
const LISTED = 12;

/** Returns the index of a row-major element within the heap layout of its parameter. */
export function place({ layout, rows, columns }: Parameter, row: number, column: number): number {
  return layout === 'panels' ? ((column >> 3) * rows + row) * 8 + (column & 7) : row * columns + column;
}

/** Copies a parameter, or anything that lies like it, out of the heap as a row-major matrix. */
export function readParameter(heap: Heap, parameter: Parameter, from: Tensor = parameter.value): Matrix {
  const { rows, columns } = parameter;
  const data = new Float32Array(rows * columns);
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c++) data[r * columns + c] = heap[from.offset + place(parameter, r, c)] as number;
  }
  return matrix(data, rows, columns);
}

/** Puts a row-major matrix where a parameter, or anything that lies like it, has its place. */
export function writeParameter(
  heap: Heap,
  parameter: Parameter,
  data: ArrayLike<number>,
  { offset }: Pick<Tensor, 'offset'> = parameter.value,
): void {
  const { rows, columns, layout } = parameter;
  const width = layout === 'panels' ? 8 : columns;
  for (let c = 0; c < columns; c += width) {
    const live = Math.min(width, columns - c);
    for (let r = 0; r < rows; r++) {
      const to = offset + c * rows + r * width;
      const from = r * columns + c;
      for (let k = 0; k < live; k++) heap[to + k] = data[from + k] as number;
    }
  }
}

/** Supplies initial weights. */
export interface Source {
  readonly seed: number;
  /** Heap elements that hold the seed, and step 0, for the generator in the kernels. */
  readonly state: Tensor;
  /** First of 32 heap elements that no code uses. */
  readonly scratch: number;
}

/** Draws initial values; each parameter has a stream of its own, so a layer added at the end changes no other's weights. */
export function initializeParameters(
  { heap, kernels, base = 0 }: Backend,
  parameters: readonly Parameter[],
  { seed, state, scratch }: Source,
): void {
  const log = (x: number) => {
    heap[scratch] = x;
    kernels.logForward(base + scratch, base + scratch, 8);
    return heap[scratch] as number;
  };
  parameters.forEach((parameter, i) => {
    const { value, initializer, rows, columns } = parameter;
    const from = stream('initialization', i);
    const limit = uniformLimit(initializer, rows, columns);
    if (limit === undefined) {
      writeParameter(heap, parameter, initialize(initializer, rows, columns, seed, from, log));
      return;
    }
    // Panels of eight columns are contiguous row by row, so they can be treated as a table of any width.
    const [height, width] = parameter.layout === 'panels' || rows === 1 ? [rows, columns] : [value.size / 8, 8];
    kernels.uniformWeights(base + value.offset, base + scratch, height, width, base + state.offset, from, limit);
    if (height !== rows) heap.fill(0, value.offset + rows * columns, value.offset + value.size);
  });
}

/** Bytes that a parameter takes in the heap, padding included. */
export function parameterBytes({ value }: Parameter): number {
  return value.size * 4;
}

/** Names with their shapes, the first of many. */
function list(parameters: readonly Parameter[]): string {
  const named = parameters.slice(0, LISTED).map(({ name, rows, columns }) => `${name} (${rows} x ${columns})`);
  const more = parameters.length - named.length;
  return `${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** Refuses what is no object of matrices with the names of all parameters, and says which are not there. */
function checkNames(weights: unknown, parameters: readonly Parameter[]): void {
  const isMap = isA(weights, 'Map');
  const listed = Array.isArray(weights) || isMap;
  if (typeof weights !== 'object' || weights === null || listed) {
    const hint = isMap ? 'Object.fromEntries(map) makes one.' : 'getWeights returns such an object.';
    throw new ValueError({
      argument: 'weights',
      given: isMap ? 'a Map' : show(weights),
      expected: `an object with a matrix by the name of each parameter: ${list(parameters)}`,
      hint,
    });
  }
  const names = parameters.map(({ name }) => name);
  const known = new Set(names);
  for (const key of Object.keys(weights)) {
    if (known.has(key)) continue;
    throw new UnknownNameError({
      argument: `weights['${key}']`,
      given: 'a name that no parameter has',
      expected: `one of ${names.slice(0, LISTED).join(', ')}${names.length > LISTED ? ', ...' : ''}`,
      hint: suggest(key, names),
    });
  }
  const there = (name: string) =>
    Object.hasOwn(weights, name) && (weights as Record<string, unknown>)[name] !== undefined;
  const missing = parameters.filter(({ name }) => !there(name));
  if (missing.length === 0) return;
  throw new ValueError({
    argument: missing.length === 1 ? `weights['${missing[0]?.name}']` : 'weights',
    given: `nothing for ${list(missing)}`,
    expected: `a matrix for each of the model's ${parameters.length} parameters`,
    hint: 'To change some, spread the others: setWeights({ ...model.getWeights(), ...some }).',
  });
}

/**
 * Returns one matrix for each parameter, in its shape.
 * @throws UnknownNameError, ValueError, ShapeError for weights that are not those of the parameters, or not finite.
 */
export function readWeights(
  weights: Readonly<Record<string, MatrixLike>>,
  parameters: readonly Parameter[],
): readonly { readonly parameter: Parameter; readonly data: Float32Array }[] {
  checkNames(weights, parameters);
  return parameters.map((parameter) => {
    const { name, rows, columns } = parameter;
    const argument = `weights['${name}']`;
    const given = toMatrix(weights[name], argument);
    const fits =
      (given.rows === rows && given.columns === columns) || (rows === 1 && given.rows * given.columns === columns);
    if (!fits) {
      throw new ShapeError({ argument, given: `${given.rows} x ${given.columns}`, expected: `${rows} x ${columns}` });
    }
    checkFinite(given, argument);
    return { parameter, data: given.data };
  });
}

import { lookUp, prefixed, show, ValueError } from '../errors.js';
import { Generator } from '../kernels/philox.js';
import type { Initializer } from '../program/layer.js';
import { type InitializerDefinition, initializerTable } from './initializers.js';

interface Entry {
  (options: object): Initializer & { readonly seed?: number };
  readonly definition: InitializerDefinition;
}

const table = initializerTable as unknown as Readonly<Record<string, Entry>>;

/**
 * The spec with all options for a name or a spec.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makeInitializer(given: unknown, argument: string): Initializer {
  if (typeof given === 'function') {
    throw new ValueError({ argument, given: 'a function', expected: 'what it returns, such as heNormal()' });
  }
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) {
    const { name, ...options } = given as { name?: unknown };
    const entry = lookUp(table, name, `${argument}.name`);
    try {
      return entry(options);
    } catch (error) {
      throw prefixed(error, argument);
    }
  }
  if (typeof given !== 'string') {
    throw new ValueError({ argument, given: show(given), expected: "a name or a spec, such as 'heNormal'" });
  }
  return lookUp(table, given, argument)({});
}

/** Row-major fanIn x fanOut weights from a stream of the seed, or of the initializer's own seed. */
export function initialize(
  spec: Initializer,
  fanIn: number,
  fanOut: number,
  seed: number,
  stream: number,
): Float32Array {
  const weights = new Float32Array(fanIn * fanOut);
  const { fill } = table[spec.name]!.definition;
  const { seed: own = seed } = spec as { readonly seed?: number };
  fill(weights, new Generator(own, stream), fanIn, fanOut, spec);
  return weights;
}

/**
 * The limit of an initializer that draws evenly from -limit to limit by the model's seed, which a kernel does faster;
 * undefined for others.
 */
export function uniformLimit(spec: Initializer, fanIn: number, fanOut: number): number | undefined {
  if ((spec as { readonly seed?: number }).seed !== undefined) return undefined;
  return table[spec.name]?.definition.limit?.(fanIn, fanOut);
}

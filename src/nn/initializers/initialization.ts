import { resolve } from '../../kernels/definition.js';
import { Generator } from '../../kernels/lib/philox.js';
import type { Initializer } from '../../program/parameter.js';
import { initializerNames } from '../names.js';
import type { Draws, InitializerDefinition } from './initializers.js';

function find(given: unknown, argument: string) {
  return resolve<Initializer, InitializerDefinition>(given, initializerNames, argument, 'heNormal', {
    functions: 'initializerFunctions',
  });
}

/**
 * Returns the spec with all options for a name or a spec.
 * @throws UnknownNameError, ValueError for options out of range.
 */
export function makeInitializer(given: unknown, argument: string): Initializer {
  return find(given, argument).spec;
}

/**
 * Draws row-major fanIn x fanOut weights from a stream of the seed, or of the initializer's own seed, with the logarithm of
 * the kernels.
 */
export function initialize(
  given: Initializer,
  fanIn: number,
  fanOut: number,
  seed: number,
  stream: number,
  log: Draws['log'],
): Float32Array {
  const { spec, definition } = find(given, 'initializer');
  const weights = new Float32Array(fanIn * fanOut);
  const { seed: own = seed } = spec as { readonly seed?: number };
  definition.fill(weights, Object.assign(new Generator(own, stream), { log }), fanIn, fanOut, spec);
  return weights;
}

/**
 * Returns the limit of an initializer that draws evenly from -limit to limit by the model's seed, which a kernel does
 * faster; undefined for others.
 */
export function uniformLimit(given: Initializer, fanIn: number, fanOut: number): number | undefined {
  const { spec, definition } = find(given, 'initializer');
  return (spec as { readonly seed?: number }).seed === undefined ? definition.limit?.(fanIn, fanOut) : undefined;
}

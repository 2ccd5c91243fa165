import type { Program } from '../../program/emitter.js';
import type { LinkedProgram } from '../../program/run.js';
import type { Engine, OwnProgram } from '../engine.js';

const known = new WeakMap<Engine, Map<string, OwnProgram>>();

/**
 * Returns the program of a name and a number of rows, which the engine links once and keeps as it keeps those of modes. `compile`
 * is what came first under this name, as long as the same layers are frozen.
 */
export function ownProgram<P extends Program>(
  engine: Engine,
  name: string,
  rows: number,
  compile: (...given: Parameters<OwnProgram>) => P,
  weighted = false,
): P & LinkedProgram {
  const makers = known.get(engine) ?? new Map<string, OwnProgram>();
  known.set(engine, makers);
  const key = `${name} ${engine.network.parameters.map(({ trainable }) => Number(trainable)).join('')}`;
  const maker = makers.get(key) ?? compile;
  makers.set(key, maker);
  return engine.program(maker, rows, weighted) as P & LinkedProgram;
}

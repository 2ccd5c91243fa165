import type { Engine } from '../../engine/engine.js';

/** Programs of an engine, and what they hold true for. */
interface Kept {
  readonly training: unknown;
  readonly heap: unknown;
  readonly trainable: string;
  readonly programs: Map<string, unknown>;
}

const known = new WeakMap<Engine, Kept>();

/** As many programs as these are kept, so that batches of ever new sizes do not fill the memory. */
const MOST = 64;

/**
 * Returns what `make` returned before under this name: a program that was linked. Programs hold for one plan of `compile`, one heap
 * and one choice of frozen layers.
 */
export function kept<T extends object>(engine: Engine, name: string, make: () => T): T {
  const training = engine.compiled && engine.training;
  const trainable = engine.network.parameters.map((parameter) => Number(parameter.trainable)).join('');
  const before = known.get(engine);
  const same = before?.training === training && before.heap === engine.heap && before.trainable === trainable;
  const found = same ? before.programs.get(name) : undefined;
  if (found) return found as T;
  const made = make();
  // Linking may have moved the heap.
  const holds = same && before.heap === engine.heap && before.programs.size < MOST;
  const programs = holds ? before.programs : new Map<string, unknown>();
  programs.set(name, made);
  known.set(engine, { training, heap: engine.heap, trainable, programs });
  return made;
}

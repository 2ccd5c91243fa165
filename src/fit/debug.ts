import type { Engine } from '../engine/engine.js';
import { checkIndices } from '../rows/changed.js';
import type { Feed } from '../rows/feed.js';

/**
 * Returns whether the environment variable DEBUG is '1' or a list that names 'myelin'; false where there is no
 * environment.
 */
export function debugging(globals: object = globalThis): boolean {
  const { process } = globals as { process?: { env?: Record<string, string | undefined> } };
  let wanted: string | undefined;
  try {
    wanted = process?.env?.DEBUG;
  } catch {
    // Deno throws where the program may not read the environment.
  }
  return wanted === '1' || (wanted ?? '').split(/[\s,]+/).includes('myelin');
}

/** Prints, where DEBUG asks for it, the profile of a training step of this batch size, on the error stream. */
export async function debugProfile(engine: Engine, { sample, state }: Feed): Promise<void> {
  if (!sample || !debugging()) return;
  const { profileStep } = await import('../passes/profiling.js');
  const { x, y, rows } = sample;
  const program = engine.program('train', Math.min(state.batchSize ?? rows, rows));
  engine.stageBatch(program, x, y, 0);
  checkIndices(engine, program, { x: 'x', y: 'y', rowOf: (row) => row });
  console.error(`myelin: ${profileStep(engine, program)}`);
}

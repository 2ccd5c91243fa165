import type { Engine } from '../engine/engine.js';
import { nextMode } from '../engine/steps.js';
import type { LinkedProgram } from '../program/run.js';
import { type Data, type Pair, stageBatch, type Targets } from '../rows/arrays.js';
import type { WeightOptions } from '../rows/sample-weights.js';

/** A batch that was refused. */
export interface RefusedBatch {
  readonly epoch?: number;
  readonly batch?: number;
  /** All data, where it is at hand. */
  readonly sample?: Pick<Pair, 'x' | 'y'> | undefined;
  /** Puts the batch into its program once more, which may have written over it; without mixup where it is not to be mixed. */
  stage(mixed?: boolean): LinkedProgram;
  /** Returns where a row of the batch stands in the data, if it does. */
  rowOf?(row: number): number;
}

/** Returns the batch that `trainOnBatch` was given. */
export function refusedBatch(engine: Engine, x: Data, y: Targets, options: WeightOptions = {}): RefusedBatch {
  return { stage: () => stageBatch(engine, nextMode(engine), x, y, options.sampleWeight) };
}

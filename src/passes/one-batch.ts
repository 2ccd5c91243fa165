import type { Engine } from '../engine/engine.js';
import type { Outcome } from '../engine/outcome.js';
import { nextMode, takeStep } from '../engine/steps.js';
import type { LinkedProgram } from '../program/run.js';
import { rare } from '../rare.js';
import { type Data, stageBatch, type Targets } from '../rows/arrays.js';
import { sampleWeightOf, type WeightOptions } from '../rows/sample-weights.js';
import { measureBatch } from './gather.js';
import type { Logs } from './logs.js';
import { makeLogs } from './logs.js';
import { refusedBatch } from './refused-batch.js';

export const logsOf = (engine: Engine, program: LinkedProgram, outcome: Outcome): Logs =>
  makeLogs(engine, outcome, program.rows, measureBatch(engine, program));

/** Takes one step of the optimizer, or its share of one where gradients accumulate. */
export function trainOnBatch(engine: Engine, x: Data, y: Targets, options: WeightOptions | undefined): Logs {
  const program = stageBatch(engine, nextMode(engine), x, y, sampleWeightOf(options, 'trainOnBatch'));
  const outcome = takeStep(engine, program);
  const skips = engine.training.onNonFinite === 'skip';
  if (outcome.trouble && !skips) throw rare().refusal(engine, outcome, refusedBatch(engine, x, y, options));
  const logs = logsOf(engine, program, outcome);
  return skips ? { ...logs, skippedBatches: outcome.trouble ? 1 : 0 } : logs;
}

import type { Engine } from '../engine/engine.js';
import type { NodeValue } from '../engine/fused-outputs.js';
import { readFused } from '../engine/fused-outputs.js';
import { type Outcome, readOutcome } from '../engine/outcome.js';
import { nextMode, runGradients, takeStep } from '../engine/steps.js';
import { checkOptions } from '../errors.js';
import type { Weights } from '../nn/parameters.js';
import type { LinkedProgram } from '../program/run.js';
import { type Data, stageBatch, type Targets } from '../rows/arrays.js';
import { sampleWeightOf, type WeightOptions } from '../rows/sample-weights.js';
import { measureBatch } from './gather.js';
import type { Logs } from './logs.js';
import { makeLogs } from './logs.js';
import { refusal } from './refusal.js';
import { refusedBatch } from './refused-batch.js';

/** The result of `gradients`. */
export interface Gradients {
  /** Loss and metrics of the batch. */
  readonly logs: Logs;
  /** By parameter, in the shapes of `getWeights`. */
  readonly gradients: Weights;
  /** By layer or input; empty unless asked for. */
  readonly nodes: Readonly<Record<string, NodeValue>>;
}

const logsOf = (engine: Engine, program: LinkedProgram, outcome: Outcome): Logs =>
  makeLogs(engine, outcome, program.rows, measureBatch(engine, program));

/** Takes one step of the optimizer, or its share of one where gradients accumulate. */
export function trainOnBatch(engine: Engine, x: Data, y: Targets, options: WeightOptions | undefined): Logs {
  const program = stageBatch(engine, nextMode(engine), x, y, sampleWeightOf(options, 'trainOnBatch'));
  const outcome = takeStep(engine, program);
  const skips = engine.training.onNonFinite === 'skip';
  if (outcome.trouble && !skips) throw refusal(engine, outcome, refusedBatch(engine, x, y, options));
  const logs = logsOf(engine, program, outcome);
  return skips ? { ...logs, skippedBatches: outcome.trouble ? 1 : 0 } : logs;
}

/** Computes what a step would, without taking it. */
export function gradientsOf(
  engine: Engine,
  x: Data,
  y: Targets,
  options: WeightOptions & { readonly nodes?: boolean },
): Gradients {
  checkOptions(options, ['nodes', 'sampleWeight'], 'gradients');
  const program = stageBatch(engine, options.nodes === true ? 'inspect' : 'gradients', x, y, options.sampleWeight);
  runGradients(engine, program);
  const logs = logsOf(engine, program, readOutcome(engine));
  const gradients = engine.network.parameters
    .filter(({ trainable }) => trainable)
    .map((parameter) => [parameter.name, engine.readGradient(program, parameter)] as const);
  const nodes = program.kept.map(({ name, value, gradient, fusion }) => {
    if (fusion) return [name, readFused(engine, program, fusion)] as const;
    const kept: NodeValue = { value: engine.read(value) };
    return [name, gradient ? { ...kept, gradient: engine.read(gradient) } : kept] as const;
  });
  return { logs, gradients: Object.fromEntries(gradients), nodes: Object.fromEntries(nodes.reverse()) };
}

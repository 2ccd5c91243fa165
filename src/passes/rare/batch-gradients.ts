import type { Engine } from '../../engine/engine.js';
import { readOutcome } from '../../engine/outcome.js';
import { type NodeValue, readFused } from '../../engine/rare/fused-outputs.js';
import { runGradients } from '../../engine/steps.js';
import { checkOptions } from '../../errors.js';
import type { Weights } from '../../nn/parameters.js';
import { type Data, stageBatch } from '../../rows/arrays.js';
import type { WeightOptions } from '../../rows/sample-weights.js';
import type { Logs } from '../logs.js';
import { logsOf } from '../one-batch.js';

/** The result of `gradients`. */
export interface Gradients {
  /** Loss and metrics of the batch. */
  readonly logs: Logs;
  /** By parameter, in the shapes of `getWeights`. */
  readonly gradients: Weights;
  /** By layer or input; empty unless asked for. */
  readonly nodes: Readonly<Record<string, NodeValue>>;
}

/** Computes what a step would, without taking it. */
export function gradientsOf(
  engine: Engine,
  x: Data,
  y: Data,
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

declare module '../../rare.js' {
  interface RareParts {
    readonly gradientsOf: typeof gradientsOf;
  }
}

import type { Engine } from '../../engine/engine.js';
import { ownProgram } from '../../engine/rare/own-programs.js';
import { nextBatch } from '../../engine/steps.js';
import { checkNumber } from '../../errors.js';
import type { Matrix } from '../../matrix.js';
import { compileMoments } from '../../program/rare/moments-program.js';
import { type Data, readInputs } from '../../rows/arrays.js';

/** Puts means over batches in place of the moving moments, each row of equal weight. */
export function updateMovingMoments(engine: Engine, x: Data, batchSize = 32): void {
  engine.checkCompiled();
  const { minimumBatch, network } = engine;
  const layers = network.nodes.map(({ layer }) => layer.parameters);
  const moments = layers
    .filter((parameters) => parameters.some(({ trainable }) => trainable))
    .flatMap((parameters) => parameters.filter(({ learnable }) => !learnable))
    .map(({ value }) => ({ value, sum: new Float64Array(value.size) }));
  const inputs = readInputs(engine, x, 'x');
  const { rows: total } = inputs[0] as Matrix;
  checkNumber(batchSize, 'batchSize', { min: minimumBatch, integer: true });
  checkNumber(total, 'rows of x', { min: minimumBatch });
  if (moments.length === 0) return;
  const compile = (rows: number, base: number) => compileMoments(network, rows, base);
  let seen = 0;
  for (let start = 0; start < total; start += batchSize) {
    const rows = Math.min(batchSize, total - start);
    if (rows < minimumBatch) break;
    const program = ownProgram(engine, 'moments', rows, compile);
    engine.stageBatch(program, inputs, [], start);
    if (program.stochastic) engine.writeRandomState(nextBatch(engine) + start / batchSize);
    const { heap, slots } = engine;
    heap[slots.factor.offset] = 1;
    engine.runProgram(program);
    for (const { value, sum } of moments) {
      for (let i = 0; i < value.size; i++) sum[i] = (sum[i] as number) + (heap[value.offset + i] as number) * rows;
    }
    seen += rows;
  }
  for (const { value, sum } of moments) {
    for (let i = 0; i < value.size; i++) engine.heap[value.offset + i] = (sum[i] as number) / seen;
  }
}

declare module '../../rare.js' {
  interface RareParts {
    readonly updateMovingMoments: typeof updateMovingMoments;
  }
}

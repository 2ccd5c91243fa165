import type { Engine } from '../engine/engine.js';
import type { Gathering, Measured } from '../nn/metrics/metric.js';
import type { LinkedProgram } from '../program/run.js';

/** Gathers what metrics need of all rows of an epoch or an evaluation; undefined where none needs any. */
export function gather({ training: { targets } }: Engine, rows: number): Gathering | undefined {
  let gathering: Gathering | undefined;
  for (const { metrics } of targets) {
    for (const { gather } of metrics) gathering = gather?.(targets, rows, gathering) ?? gathering;
  }
  return gathering;
}

/** Returns the metrics of a program that has just run. */
export function measureBatch(engine: Engine, program: LinkedProgram): Measured | undefined {
  const gathered = gather(engine, program.rows);
  if (!gathered) return undefined;
  gathered.add(engine.heap, program);
  return toEnd(gathered.measure());
}

export function toEnd<T>(steps: Generator<unknown, T>): T {
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

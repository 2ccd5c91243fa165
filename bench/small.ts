// Rows fit-W1, fit-W2 and predict-1 of the goals: medians of turns in one process.
import type { Engine } from '../src/engine/engine.js';
import { internalsOf } from '../src/engine/internals.js';
import { matrix, sequential, wasm } from '../src/index.js';
import { makeModel, problemFor } from './models.js';
import { inferences, type Workload, workloads } from './workloads.js';

const ROUNDS = 31;
const WARM_UPS = 8;
const BATCHES = 64;

const median = (values: readonly number[]) => [...values].sort((a, b) => a - b)[values.length >> 1]!;
const backend = await wasm();

/** Runs both in turns; returns the medians of their milliseconds. */
async function inTurns(one: () => unknown, other: () => unknown): Promise<[number, number]> {
  const times: [number[], number[]] = [[], []];
  for (let round = 0; round < ROUNDS + WARM_UPS; round++) {
    for (const [i, run] of [one, other].entries()) {
      const start = performance.now();
      await run();
      if (round >= WARM_UPS) times[i]!.push(performance.now() - start);
    }
  }
  return [median(times[0]), median(times[1])];
}

/** A step of `fit` with loss and accuracy, over `trainOnBatch` of one of its batches. */
async function fitOver({ name, layers, batch, training }: Workload, epochs: number): Promise<void> {
  const make = () => sequential({ layers, backend, seed: 1 }).compile({ ...training, metrics: ['accuracy'] } as never);
  const all = problemFor({ layers, batch: batch * BATCHES, training } as Workload, 1)[0]!;
  const one = problemFor({ layers, batch, training } as Workload, 1)[0]!;
  const [single, whole] = [make(), make()];
  const [step, fit] = await inTurns(
    () => {
      for (let i = 0; i < BATCHES * epochs; i++) single.trainOnBatch(one.x, one.y);
    },
    () => whole.fit(all.x, all.y, { epochs, batchSize: batch, verbose: 0, lint: false }),
  );
  const us = (milliseconds: number) => ((milliseconds * 1000) / BATCHES / epochs).toFixed(2);
  console.log(`fit-${name} ${(fit / step).toFixed(3)}: ${us(fit)} us a step of fit, ${us(step)} of trainOnBatch`);
}

/** One row into a given output, over the kernels of its program. */
async function predictOver(): Promise<void> {
  const { net } = inferences.find(({ rows }) => rows === 1)!;
  const model = makeModel(net, backend);
  const { x } = problemFor({ ...net, batch: 1 }, 1)[0]!;
  const row = matrix(x.data, 1, x.columns);
  const output = new Float32Array(model.predict(row).data.length);
  const engine: Engine = internalsOf(model).engine;
  const program = engine.program('predict', 1);
  const calls = 3000;
  const [kernels, predict] = await inTurns(
    () => {
      for (let i = 0; i < calls; i++) engine.runProgram(program);
    },
    () => {
      for (let i = 0; i < calls; i++) model.predict(row, { output });
    },
  );
  const us = (milliseconds: number) => ((milliseconds * 1000) / calls).toFixed(2);
  console.log(`predict-1 ${(predict / kernels).toFixed(3)}: ${us(predict)} us, its kernels ${us(kernels)}`);
}

for (const [name, epochs] of [
  ['W1', 20],
  ['W2', 4],
] as const) {
  await fitOver(workloads.find((item) => item.name === name)!, epochs);
}
await predictOver();

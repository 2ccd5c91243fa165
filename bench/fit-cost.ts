import { Engine } from '../src/engine/engine.js';
import { planUpdate } from '../src/engine/rare/update-plan.js';
import { takeStep } from '../src/engine/steps.js';
import { type BackendFactory, type Callback, earlyStopping, type Model, matrix, sequential } from '../src/index.js';
import { buildGraph, sequence } from '../src/nn/graph.js';
import { bindLoss, type LossName } from '../src/nn/losses.js';
import { makeOptimizer } from '../src/nn/optimizers/optimizers.js';
import { outputLayer } from '../src/program/network.js';
import { shuffled } from '../src/rows/shuffle.js';
import { type Effort, median, type Named } from './measure.js';
import { denseWidths, problemFor } from './models.js';
import { type Workload, workloads } from './workloads.js';

/** What `fit` costs beside shuffled batches and their steps: the loop, then callbacks, history and metrics. */
export interface FitCostCase extends Named {
  readonly workload: Workload;
  readonly build: string;
  readonly factory: BackendFactory;
}

export interface FitCostRow {
  readonly workload: string;
  readonly build: string;
  /** Of the same batches without `fit`: shuffled, staged, stepped. */
  readonly usBare: number;
  /** Of a step of `fit` without metrics and callbacks. */
  readonly usPlain: number;
  /** Of a step of `fit` with accuracy, early stopping and hooks of every batch and epoch. */
  readonly usPerStep: number;
  /** What callbacks, history and metrics add to the second, the median over pairs. */
  readonly share: number;
  /** Of a step of plain `fit`, this build over the one before. */
  readonly ratio?: number;
}

/** Runs so many epochs: batches without `fit`, `fit` itself, `fit` with metrics and callbacks. */
type FitWork = readonly ((epochs: number) => Promise<unknown>)[];

const BATCHES = 64;

export function fitCostCases(builds: Readonly<Record<string, BackendFactory>>): readonly FitCostCase[] {
  const measured = workloads.filter(({ name }) => ['W1', 'W2', 'W3'].includes(name));
  return measured.flatMap((workload) => {
    const { exact } = builds;
    if (!exact) return [];
    return [
      { name: `fit ${workload.name} exact`, quick: workload.quick ?? false, workload, build: 'exact', factory: exact },
    ];
  });
}

function makeEngine({ layers, training }: Workload, factory: BackendFactory): Engine {
  const engine = new Engine(buildGraph(sequence(layers)), 3, factory);
  const { units, activation = 'linear' } = outputLayer(engine.network, 0);
  const optimizer = makeOptimizer(training.optimizer);
  const losses = [bindLoss(training.loss as LossName, units, activation)];
  engine.configure({ losses, optimizer, ...planUpdate(training) });
  return engine;
}

export function fitWork({ workload, factory }: FitCostCase): FitWork {
  const { layers, batch, training } = workload;
  const problem = problemFor(workload, BATCHES);
  const columns = denseWidths(layers)[0]!;
  const rows = batch * BATCHES;
  const x = matrix(
    problem.flatMap((part) => [...part.x.data]),
    rows,
    columns,
  );
  const y = matrix(
    problem.flatMap((part) => [...part.y.data]),
    rows,
    1,
  );
  const { metrics: _, ...bare } = training;
  const engine = makeEngine({ ...workload, training: bare }, factory);
  const models = [bare, { ...bare, metrics: ['accuracy'] as const }].map((options): Model => {
    const model = sequential({ layers, seed: 3, backend: factory });
    model.compile(options);
    return model;
  });
  let seen = 0;
  const counter: Callback = {
    onBatchBegin: () => void seen++,
    onBatchEnd(_, logs) {
      if (logs.loss! > 0) seen++;
    },
    onEpochEnd: () => void seen++,
  };
  const callbacks = [counter, earlyStopping({ monitor: 'loss', patience: 1e9 })];
  let epoch = 0;
  return [
    async (epochs) => {
      for (let i = 0; i < epochs; i++) {
        const order = await shuffled(rows, 5, epoch++);
        for (let b = 0; b < BATCHES; b++) {
          const program = engine.program('train', batch);
          engine.stageBatch(program, [x], [y], b * batch, order);
          takeStep(engine, program);
        }
      }
    },
    (epochs) => models[0]!.fit(x, y, { epochs, batchSize: batch }),
    (epochs) => models[1]!.fit(x, y, { epochs, batchSize: batch, callbacks }),
  ];
}

/**
 * Times the three in turns, some epochs each, so that a slow spell falls on all alike; in time of the processor, since others
 * that wait for the same one would be taken for a part of what is asked for. `before` takes turns with them.
 */
export async function fitCostRow(item: FitCostCase, effort: Effort, before: FitWork = []): Promise<FitCostRow> {
  const work = [...fitWork(item), ...before];
  const time = async (run: (epochs: number) => Promise<unknown>, epochs: number) => {
    const begin = process.cpuUsage();
    await run(epochs);
    const { user, system } = process.cpuUsage(begin);
    return (user + system) / 1e3;
  };
  let epochs = 4;
  for (const begin = performance.now(); performance.now() - begin < effort.warmUpMs; ) {
    for (const run of work) if ((await time(run, epochs)) < effort.sampleMs * 20) epochs++;
  }
  const samples: number[][] = work.map(() => []);
  for (let round = 0; round < effort.rounds; round++) {
    for (let i = 0; i < work.length; i++) {
      const turn = (i + round) % work.length;
      samples[turn]!.push((await time(work[turn]!, epochs)) / (epochs * BATCHES));
    }
  }
  const us = samples.map((list) => median(list) * 1e3);
  const [usBare, usPlain, usPerStep] = us as [number, number, number];
  const share = median(samples[2]!.map((ms, i) => ms / samples[1]![i]! - 1));
  const ratio = before.length > 0 ? { ratio: usPlain / us[4]! } : {};
  return { workload: item.workload.name, build: item.build, usBare, usPlain, usPerStep, share, ...ratio };
}

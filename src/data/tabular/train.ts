import { adam } from '../../kernels/adam.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { activation, average, dense, dropout, input } from '../../model/layers/index.js';
import { oneCycle } from '../../model/schedules.js';
import { earlyStopping } from '../../train/callbacks/early-stopping.js';
import type { Callback } from '../../train/callbacks.js';
import { type Model, model, sequential } from '../../train/model.js';
import type { Weights } from '../../train/model-types.js';
import { gather } from '../augment/batches.js';
import { kFold, split } from '../splits.js';
import type { Design, Task } from './design.js';

/** How one network trained. */
export interface MemberRecord {
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly bestEpoch: number;
}

export interface Trained {
  readonly model: Model;
  readonly members: readonly MemberRecord[];
  /** Outputs for rows that the network did not train on, and which rows these are. */
  readonly held: { readonly rows: Uint32Array; readonly outputs: Matrix };
}

/** Hidden layers, and outputs without an activation. */
function tower({ layers, activation: name, dropout: rate }: Design, inputs: number, outputs: number) {
  const hidden = layers.flatMap((units, i) => [
    dense({ units, activation: name, ...(i === 0 ? { inputShape: inputs } : {}) }),
    ...(rate > 0 ? [dropout({ rate })] : []),
  ]);
  return { hidden, last: (options: object) => dense({ units: outputs, ...options }) };
}

const softmax = (task: Task) => (task === 'classification' ? ({ activation: 'softmax' } as const) : {});
export const lossOf = (task: Task) =>
  task === 'classification' ? ('sparseCategoricalCrossentropy' as const) : ('meanSquaredError' as const);

interface Watch {
  readonly callbacks?: ((member: number, design: Design) => readonly Callback[]) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Ends training like any other end, so that the best weights come back. */
function stopAt(signal: AbortSignal): Callback {
  return {
    onBatchEnd(_batch, _logs, network) {
      if (signal.aborted) network.stopTraining = true;
    },
  };
}

/** Trains the members of a design, each on its own part of the rows, and makes one model of them. */
export async function train(
  x: Matrix,
  y: Matrix,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
  { callbacks = () => [], signal }: Watch = {},
): Promise<Trained> {
  const { members, seed } = design;
  const stratify = task === 'classification' ? { stratify: y.data } : {};
  const parts =
    members === 1
      ? [holdOut(x.rows, seed, stratify)]
      : kFold(x.rows, { folds: members, seed, ...stratify }).map(({ train, test }) => ({ train, held: test }));
  const models: Model[] = [];
  const records: MemberRecord[] = [];
  const heldRows: number[] = [];
  const heldOutputs: Float32Array[] = [];
  for (const [i, { train, held }] of parts.entries()) {
    const one = await trainMember(
      gather(x, train),
      gather(y, train),
      outputs,
      task,
      { ...design, seed: seed * 1000 + i },
      backend,
      {
        validation: [gather(x, held), gather(y, held)],
        callbacks: [...(signal ? [stopAt(signal)] : []), ...callbacks(i, design)],
      },
    );
    models.push(one.model);
    records.push(one.record);
    heldRows.push(...held);
    heldOutputs.push(one.model.predict(gather(x, held)).data);
    if (signal?.aborted) break;
  }
  const data = new Float32Array(heldRows.length * outputs);
  let at = 0;
  for (const values of heldOutputs) {
    data.set(values, at);
    at += values.length;
  }
  return {
    model: models.length === 1 ? models[0]! : combine(models, x.columns, outputs, task, design, backend),
    members: records,
    held: { rows: Uint32Array.from(heldRows), outputs: makeMatrix(data, heldRows.length, outputs) },
  };
}

function holdOut(rows: number, seed: number, stratify: object) {
  if (rows < 10)
    return {
      train: Uint32Array.from({ length: rows }, (_, i) => i),
      held: Uint32Array.from({ length: rows }, (_, i) => i),
    };
  const { train, test } = split(rows, { test: 0.1, seed, ...stratify });
  return { train, held: test };
}

async function trainMember(
  x: Matrix,
  y: Matrix,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
  { validation, callbacks }: { validation: readonly [Matrix, Matrix]; callbacks: readonly Callback[] },
): Promise<{ model: Model; record: MemberRecord }> {
  const { epochs, batchSize, learningRate, weightDecay, patience, seed } = design;
  const { hidden, last } = tower(design, x.columns, outputs);
  const first = hidden.length === 0 ? { inputShape: x.columns } : {};
  const network = sequential({ layers: [...hidden, last({ ...softmax(task), ...first })], seed, backend });
  const totalSteps = Math.max(2, epochs * Math.ceil(x.rows / batchSize));
  network.compile({
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate: learningRate, totalSteps }), weightDecay }),
    loss: lossOf(task),
    metrics: task === 'classification' ? ['accuracy'] : [],
  });
  const stopping = earlyStopping({ monitor: 'valLoss', patience, restoreBestWeights: true });
  const { history } = await network.fit(x, y, {
    epochs,
    batchSize: Math.min(batchSize, x.rows),
    validationData: validation,
    lint: false,
    callbacks: [stopping, ...callbacks],
  });
  return { model: network, record: { history, bestEpoch: stopping.bestEpoch } };
}

/** One model of several: their outputs, before softmax, averaged. */
function combine(
  models: readonly Model[],
  inputs: number,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
): Model {
  const x = input({ shape: inputs });
  const towers = models.map(() => {
    const { hidden, last } = tower({ ...design, dropout: 0 }, inputs, outputs);
    return last({}).apply(hidden.reduce((node, layer) => layer.apply(node), x));
  });
  const mean = average().apply(towers);
  const joined = model({
    inputs: x,
    outputs: task === 'classification' ? activation({ activation: 'softmax' }).apply(mean) : mean,
    seed: design.seed,
    backend,
  });
  const kernels = (weights: Weights) => Object.values(weights);
  const all = models.flatMap((member) => kernels(member.getWeights()));
  joined.setWeights(Object.fromEntries(Object.keys(joined.getWeights()).map((name, i) => [name, all[i]!])));
  joined.compile({ optimizer: adam(), loss: lossOf(task), metrics: task === 'classification' ? ['accuracy'] : [] });
  return joined;
}

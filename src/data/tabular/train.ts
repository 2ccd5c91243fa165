import { ValueError } from '../../errors.js';
import type { LoadSource, SaveTarget } from '../../io/save.js';
import { adam } from '../../kernels/adam.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { activation, average, dense, dropout, input } from '../../model/layers/index.js';
import { oneCycle } from '../../model/schedules.js';
import { earlyStopping } from '../../train/callbacks/early-stopping.js';
import type { Callback } from '../../train/callbacks.js';
import type { FitOptions } from '../../train/fit-plan.js';
import { type Model, model, sequential } from '../../train/model.js';
import type { Weights } from '../../train/model-types.js';
import { unpack } from '../../train/resume.js';
import { gather } from '../augment/batches.js';
import { kFold, split } from '../splits.js';
import { jobOf, keepingEvery, loadCheckpoint, type MemberRecord, saveCheckpoint } from './checkpoint.js';
import type { CheckpointEvery, Design, Task } from './design.js';

export interface Trained {
  readonly model: Model;
  readonly members: readonly MemberRecord[];
  /** A signal came before the last member was trained. */
  readonly interrupted: boolean;
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
  readonly checkpoint?: SaveTarget | undefined;
  readonly checkpointEvery?: CheckpointEvery | undefined;
  readonly resume?: LoadSource | undefined;
}

/** Trains the members of a design, each on its own part of the rows, and makes one model of them. */
export async function train(
  x: Matrix,
  y: Matrix,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
  { callbacks = () => [], signal, checkpoint, checkpointEvery, resume }: Watch = {},
): Promise<Trained> {
  const { members, seed } = design;
  const stratify = task === 'classification' ? { stratify: y.data } : {};
  const parts =
    members === 1
      ? [holdOut(x.rows, seed, stratify)]
      : kFold(x.rows, { folds: members, seed, ...stratify }).map(({ train, test }) => ({ train, held: test }));
  const before = resume === undefined ? undefined : await loadCheckpoint(resume, jobOf(design, x, y), backend);
  const finished = [...(before?.finished ?? [])];
  const keep = async (network: Model) => {
    if (checkpoint !== undefined) await saveCheckpoint(checkpoint, network, finished, jobOf(design, x, y));
  };
  if (checkpointEvery !== undefined && checkpoint === undefined) {
    throw new ValueError({
      argument: 'checkpoint',
      given: 'none',
      expected: 'where to save, as checkpointEvery is given',
    });
  }
  const periodic = checkpointEvery === undefined ? [] : [keepingEvery(checkpointEvery, keep)];
  const models: Model[] = [];
  const records: MemberRecord[] = [];
  const heldRows: Uint32Array[] = [];
  const heldOutputs: Float32Array[] = [];
  for (const [i, { train, held }] of parts.entries()) {
    const own = { ...design, seed: seed * 1000 + i };
    const done = finished[i];
    let network: Model;
    if (done) {
      network = makeNetwork(x.columns, outputs, task, own, backend);
      network.setWeights(done.weights);
      records.push(done.record);
    } else {
      const begun = i === before?.finished.length ? before.network : undefined;
      network = begun ?? makeNetwork(x.columns, outputs, task, own, backend);
      if (!begun) compileNetwork(network, train.length, task, own);
      const record: MemberRecord = await trainNetwork(network, gather(x, train), gather(y, train), own, {
        validationData: [gather(x, held), gather(y, held)],
        callbacks: [...callbacks(i, design), ...periodic],
        ...(signal && { signal }),
        resume: begun !== undefined,
        keep,
      });
      // Of no use yet, next to those that have learned or a checkpoint to go on from.
      const untrained = signal?.aborted && Object.keys(record.history).length === 0;
      if (untrained && models.length > 0) break;
      if (untrained && checkpoint === undefined) throw signal.reason;
      records.push(record);
      if (network.run === undefined) finished.push({ weights: network.getWeights(), record });
    }
    models.push(network);
    heldRows.push(held);
    heldOutputs.push(network.predict(gather(x, held)).data);
    if (!signal?.aborted || models.length === parts.length) continue;
    if (network.run === undefined) await keep(network);
    break;
  }
  const rows = new Uint32Array(heldRows.reduce((sum, { length }) => sum + length, 0));
  const data = new Float32Array(rows.length * outputs);
  let at = 0;
  heldRows.forEach((part, i) => {
    rows.set(part, at);
    data.set(heldOutputs[i]!, at * outputs);
    at += part.length;
  });
  return {
    model: models.length === 1 ? models[0]! : combine(models, x.columns, outputs, task, design, backend),
    members: records,
    interrupted: finished.length < parts.length,
    held: { rows, outputs: makeMatrix(data, rows.length, outputs) },
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

function makeNetwork(inputs: number, outputs: number, task: Task, design: Design, backend: BackendFactory): Model {
  const { hidden, last } = tower(design, inputs, outputs);
  const first = hidden.length === 0 ? { inputShape: inputs } : {};
  return sequential({ layers: [...hidden, last({ ...softmax(task), ...first })], seed: design.seed, backend });
}

function compileNetwork(network: Model, rows: number, task: Task, design: Design): void {
  const { epochs, batchSize, learningRate, weightDecay } = design;
  const totalSteps = Math.max(2, epochs * Math.ceil(rows / batchSize));
  network.compile({
    optimizer: adam({ learningRate: oneCycle({ maxLearningRate: learningRate, totalSteps }), weightDecay }),
    loss: lossOf(task),
    metrics: task === 'classification' ? ['accuracy'] : [],
  });
}

/** Trains to the end or until the signal comes, which `keep` is called for; the network has its best weights then. */
async function trainNetwork(
  network: Model,
  x: Matrix,
  y: Matrix,
  { epochs, batchSize, patience }: Design,
  { keep, callbacks, ...options }: FitOptions & { readonly keep: (network: Model) => Promise<void> },
): Promise<MemberRecord> {
  const stopping = earlyStopping({ monitor: 'valLoss', patience, restoreBestWeights: true });
  const fitting = network.fit(x, y, {
    ...options,
    epochs,
    batchSize: Math.min(batchSize, x.rows),
    lint: false,
    callbacks: [stopping, ...(callbacks ?? [])],
  });
  try {
    const { history } = await fitting;
    return { history, bestEpoch: stopping.bestEpoch };
  } catch (error) {
    const { signal } = options;
    if (!signal?.aborted || error !== signal.reason) throw error;
    await keep(network);
    const history = unpack(network.run!.history.history) as MemberRecord['history'];
    const best = stopping.getState?.() as { readonly weights?: Weights } | undefined;
    if (best?.weights) network.setWeights(best.weights);
    return { history, bestEpoch: stopping.bestEpoch };
  }
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

import type { Callback, Model } from '../../callbacks/interfaces.js';
import { ValueError } from '../../errors.js';
import { Validated } from '../../fit/validated.js';
import type { LoadSource, SaveTarget } from '../../io/save.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { cos } from '../../kernels/lib/elementary.js';
import type { Matrix } from '../../matrix.js';
import type { Weights } from '../../nn/parameters.js';
import { gather } from '../augment/augmented.js';
import { jobOf, loadCheckpoint, saveCheckpoint } from './checkpoint.js';
import type { Design, Task } from './design.js';
import { HeldOut } from './estimate/held-out.js';
import { FEWEST_ROWS, partsOf } from './estimate/parts.js';
import { combine, compileNetwork, cooled, makeNetwork } from './make-network.js';
import type { History, MemberRecord } from './member.js';
import { type CheckpointEvery, Pauses } from './pauses.js';
import { Rounds } from './rounds.js';
import { crewFor, type Threads } from './side-by-side.js';

export interface Trained {
  readonly model: Model;
  readonly members: readonly MemberRecord[];
  /** A signal came before the last epoch. */
  readonly interrupted: boolean;
  /** Rows that were left out, what is said of them, and the loss to expect of all networks together for each. */
  readonly held: {
    readonly rows: Uint32Array;
    readonly outputs: Matrix;
    readonly losses: Float64Array;
    readonly squared: number;
  };
  /** The loss of all networks together on rows that were left out, by epoch. */
  readonly curve: readonly number[];
  /** The divisor of the inputs of softmax. */
  readonly temperature: number;
  readonly notes: readonly string[];
}

interface Watch {
  readonly callbacks?: ((member: number, design: Design) => readonly Callback[]) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly checkpoint?: SaveTarget | undefined;
  readonly checkpointEvery?: CheckpointEvery | undefined;
  readonly resume?: LoadSource | undefined;
  readonly onThreads?: ((threads: number, members: number) => void) | undefined;
}

/** The last epochs, in which a best one means that more of them may be better. */
const LAST = 0.1;

/**
 * Trains the members of a design by turns, each on its own part of the rows, to the epoch in which all of them together do
 * best on rows that were left out, and makes one model of them.
 * @throws ValueError for `checkpointEvery` without `checkpoint`.
 */
export async function train(
  x: Matrix,
  y: Matrix,
  outputs: number,
  task: Task,
  design: Design,
  backend: BackendFactory,
  { callbacks = () => [], signal, checkpoint, checkpointEvery, resume, onThreads }: Watch = {},
  side: Threads & { readonly backend?: BackendFactory | undefined } = {},
): Promise<Trained> {
  const { members, seed, epochs, moreEpochs, patience } = design;
  if (checkpointEvery !== undefined && checkpoint === undefined) {
    throw new ValueError({
      argument: 'checkpoint',
      given: 'none',
      expected: 'where to save, as checkpointEvery is given',
    });
  }
  const pauses = checkpointEvery && new Pauses(checkpointEvery);
  const parts = partsOf(x.rows, members, seed, task === 'classification' ? y.data : undefined);
  const makeNetworks = () =>
    parts.map(({ train }, i) => {
      const own = { ...design, seed: seed * 1000 + i };
      const network = makeNetwork(x.columns, outputs, task, own, backend);
      compileNetwork(network, train.length, task, own);
      return network;
    });
  const heldOut = new HeldOut(
    parts.map(({ held }) => held),
    y.data,
    outputs,
    task,
    seed,
  );
  const beginning = { heldOut: heldOut.state, makeNetworks };
  const before = resume === undefined ? undefined : await loadCheckpoint(resume, jobOf(design, x, y), beginning);
  const networks = before?.networks ?? makeNetworks();
  if (before) heldOut.state = before.heldOut;
  let best: readonly Weights[] | undefined = before?.best;
  const histories: (History | undefined)[] = [...(before?.ended ?? parts.map(() => undefined))];
  let last = heldOut.curve.length > epochs ? epochs + moreEpochs : epochs;

  /** Returns whether another epoch follows the latest that was settled. */
  const goesOn = (): boolean => {
    const epoch = heldOut.curve.length - 1;
    if (epoch + 1 < epochs) return heldOut.wait(epoch, patience);
    if (epoch + 1 > epochs) return heldOut.wait(epoch, Math.max(patience, moreEpochs / 2)) && epoch + 1 < last;
    if (heldOut.lowestEpoch >= epochs - Math.ceil(LAST * epochs)) last = epochs + moreEpochs;
    return last > epochs;
  };
  const settle = (epoch: number): boolean => {
    pauses?.epoch();
    if (heldOut.settle(epoch)) best = crew?.weights() ?? networks.map((network) => network.getWeights());
    return goesOn();
  };
  let rounds: Rounds;

  const rates = Array.from({ length: moreEpochs }, (_, i) => rateAgain(design, epochs + i));
  const heldOf = (i: number) => {
    const { held } = parts[i]!;
    return { heldX: gather(x, held), heldY: gather(y, held) };
  };
  const rows = (i: number) => ({ train: parts[i]!.train, ...heldOf(i) });
  const crew = await crewFor(networks, rows, { x, y, outputs, epochs, rates }, side);
  onThreads?.(crew?.size ?? 1, members);

  /** A signal may come while a worker waits for its turn to tell of an epoch, which has ended all the same. */
  const catchUp = (i: number, arrive: () => void) => {
    const { epochs } = crew!.doubles[i]!;
    if (epochs === rounds.completed[i]) return;
    arrive();
    rounds.completed[i] = epochs;
  };
  const trainMember = async (i: number) => {
    if (histories[i]) return;
    const network = networks[i]!;
    const { train, held } = parts[i]!;
    const validated = new Validated(held.length, outputs);
    const arrive = () => heldOut.take(i, crew?.outputsOf(i) ?? validated.outputs);
    const again: Callback = {
      onEpochBegin(epoch) {
        if (epoch >= epochs) network.learningRate = rates[epoch - epochs]!;
      },
    };
    const own = crew ? [crew.reports(i)] : [again, validated.callback];
    const options = {
      rows: train,
      epochs: epochs + moreEpochs,
      batchSize: Math.min(design.batchSize, train.length),
      lint: false,
      signal: rounds.signalOf(i),
      resume: network.run !== undefined,
      callbacks: [rounds.turn(i), ...own, rounds.order(i), ...callbacks(i, design), rounds.barrier(i, arrive)],
    };
    const here = () => {
      const { heldX, heldY } = heldOf(i);
      return network.fit(x, y, { ...options, validationData: [heldX, heldY] });
    };
    const { history } = await (crew ? crew.fit(i, options).finally(() => catchUp(i, arrive)) : here());
    histories[i] = history;
  };
  // This reads all rows, so it runs on demand: most runs never save a checkpoint.
  let job: ReturnType<typeof jobOf> | undefined;
  const keep = async () => {
    const progress = { networks, ended: histories, best, heldOut: heldOut.state };
    job ??= jobOf(design, x, y);
    if (checkpoint !== undefined) await saveCheckpoint(checkpoint, progress, job);
  };
  let interrupted = false;
  try {
    for (let going = true; going; ) {
      const begun = { settled: heldOut.curve.length, going: goesOn() };
      rounds = new Rounds(crew?.doubles ?? networks, settle, pauses?.begin(signal) ?? signal, begun, crew?.laneOf);
      going = false;
      try {
        await rounds.run(trainMember);
        await crew?.bring();
      } catch (error) {
        if (pauses && error === pauses) {
          await crew?.bring();
          await keep();
          going = true;
          continue;
        }
        if (!signal?.aborted || error !== signal.reason) throw error;
        interrupted = true;
        await crew?.bring();
        await keep();
        if (checkpoint === undefined && rounds.completed.every((count) => count === 0)) throw error;
      } finally {
        pauses?.end();
      }
    }
  } finally {
    crew?.close();
  }

  best?.forEach((weights, i) => {
    networks[i]!.setWeights(cooled(weights, heldOut.temperature));
  });
  const { kept, held } = best ? { kept: networks, held: heldOut } : early();
  /** Returns the networks that completed the first epoch of a run that ended in it, if there are any. */
  function early() {
    const done = networks.map((_, i) => i).filter((i) => rounds.completed[i]! > 0);
    const some = done.length > 0 ? done : [0];
    const held = new HeldOut(
      some.map((i) => parts[i]!.held),
      y.data,
      outputs,
      task,
      seed,
    );
    some.forEach((i, at) => {
      held.take(at, networks[i]!.predict(gather(x, parts[i]!.held)).data);
    });
    held.settle(0);
    return { kept: some.map((i) => networks[i]!), held };
  }
  const { unpack } = await import('../../fit/resume.js');
  const historyOf = (network: Model): History => {
    const done = histories[networks.indexOf(network)];
    return done ?? (unpack(network.run!.history.history) as History);
  };
  return {
    model: kept.length === 1 ? kept[0]! : combine(kept, x.columns, outputs, task, design, backend),
    members: kept.map((network) => ({ history: historyOf(network), bestEpoch: Math.max(0, heldOut.bestEpoch) })),
    interrupted,
    held: { rows: held.rows, outputs: held.outputs, losses: held.losses, squared: held.squared },
    curve: heldOut.curve,
    temperature: heldOut.temperature,
    notes: interrupted ? [] : notesOf(heldOut, last, x.rows, members),
  };
}

/** Continues training at half the rate, which falls along half a cosine. */
function rateAgain({ epochs, moreEpochs, learningRate }: Design, epoch: number): number {
  return (learningRate / 4) * (1 + cos((Math.PI * (epoch - epochs + 0.5)) / moreEpochs));
}

function notesOf({ lowestEpoch, curve }: HeldOut, last: number, rows: number, members: number): readonly string[] {
  const notes: string[] = [];
  const total = curve.length;
  if (lowestEpoch >= total - Math.max(1, Math.floor(total / 50))) {
    const more = total === last ? 'more epochs' : 'more epochs or a greater patience';
    notes.push(`still improving at the last epoch, ${total}: ${more} may do better`);
  }
  if (members === 1 && rows < FEWEST_ROWS) {
    notes.push(`validation is of the rows that were trained on: ${rows} are too few to leave any out`);
  }
  return notes;
}

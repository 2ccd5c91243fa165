import type { Model } from '../../callbacks/interfaces.js';
import { type Json, pack } from '../../callbacks/run-state.js';
import { FileFormatError, show, ValueError } from '../../errors.js';
import { parseJson } from '../../io/json.js';
import { label } from '../../io/layout.js';
import type { NewTensor, TensorData } from '../../io/safetensors.js';
import { type LoadSource, naming, restore, type SaveTarget, serialize } from '../../io/save.js';
import { loadTensors, saveTensors } from '../../io/tensors.js';
import { Xxh32 } from '../../io/xxhash.js';
import { oneNaN } from '../../kernels/lib/one-nan.js';
import { allFinite, type Matrix, makeMatrix } from '../../matrix.js';
import type { Weights } from '../../nn/parameters.js';
import type { Design } from './design.js';
import type { HeldOutState } from './estimate/held-out.js';
import type { History } from './member.js';
import { checkpointDesign } from './record.js';
import { type Check, count, either, flag, isObject, listOf, mapOf, objectOf } from './shape.js';

/** Holds the state of training at an epoch. */
export interface Progress {
  readonly networks: readonly Model[];
  /** The histories of networks that ended before the others; undefined for those that train. */
  readonly ended: readonly (History | undefined)[];
  /** The weights of the best epoch, if there is one. */
  readonly best: readonly Weights[] | undefined;
  readonly heldOut: Omit<HeldOutState, 'perEpoch'>;
}

/** Identifies the run that a checkpoint belongs to: other rows or options would give other bits. */
export interface Job {
  readonly design: Design;
  /** A checksum of the rows as the networks see them. */
  readonly data: number;
}

export function jobOf(design: Design, ...rows: readonly Matrix[]): Job {
  const sum = new Xxh32();
  for (const matrix of rows) {
    const data = oneNaN(matrix.data);
    sum.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return { design, data: sum.digest() };
}

const FORMAT = 'myelin.tabular.checkpoint';
/** 2 since networks train by turns. */
const VERSION = '2';

/**
 * Saves all networks, each as a model's file with its run, in one file of the safetensors format; numbers are tensors of
 * their own.
 */
export async function saveCheckpoint(target: SaveTarget, progress: Progress, job: Job): Promise<void> {
  const { networks, ended, best, heldOut } = progress;
  const tensors: Record<string, NewTensor> = {};
  networks.forEach((network, i) => {
    tensors[`network.${i}`] = { data: serialize(network) };
    tensors[`latest.${i}`] = { data: heldOut.latest[i]! };
    const kept = Object.entries(best?.[i] ?? {});
    for (const [name, { data }] of kept) tensors[`best.${i}.${name}`] = { data: data as Float32Array };
  });
  tensors.outputs = { data: heldOut.outputs };
  tensors.losses = { data: heldOut.losses };
  tensors.judged = { data: heldOut.judged };
  const { choices, curve } = heldOut;
  const state = { ...job, networks: networks.length, ended, choices, curve, best: best !== undefined };
  await saveTensors(target, tensors, { format: FORMAT, version: VERSION, state: JSON.stringify(pack(state)) });
}

interface Saved extends Job, Pick<HeldOutState, 'choices' | 'curve'> {
  readonly networks: number;
  readonly ended: readonly (History | null)[];
  readonly best: boolean;
}

const WHERE = 'metadata.state';

/** Accepts any number that `unpack` returns, NaN and infinities included. */
const anyNumber: Check = (value, where) => {
  if (typeof value !== 'number') throw new FileFormatError(where, `${show(value)} in place of a number`);
};
const none: Check = (value, where) => {
  if (value !== null) throw new FileFormatError(where, `${show(value)} in place of null`);
};
const place: Check = (value, where) => {
  if (value !== -1) count(value, where);
};
const choice = objectOf({ best: anyNumber, bestEpoch: place, temperature: anyNumber, done: flag });

const stateOf = (networks: number, choices: number) =>
  objectOf({
    networks: count,
    ended: listOf(either('null, or lists of numbers by name', none, mapOf(listOf(anyNumber))), networks),
    choices: listOf(choice, choices),
    curve: listOf(anyNumber),
    best: flag,
  });

/** Checks that a checkpoint belongs to the run that resumes it. @throws ValueError */
function checkJob(saved: Job, job: Job): void {
  for (const name of Object.keys(job.design) as (keyof Design)[]) {
    const [now, before] = [JSON.stringify(job.design[name]), JSON.stringify(saved.design[name])];
    if (now === before) continue;
    throw new ValueError({ argument: name, given: now, expected: `${before}, as in the run that is resumed` });
  }
  if (saved.data === job.data) return;
  const expected = 'the rows of the run that is resumed, in their order';
  throw new ValueError({ argument: 'rows', given: 'other data', expected });
}

/** Checks that the saved state of held-out rows is consistent. @throws FileFormatError */
function checkChoices({ choices, curve, best }: Saved, { epochs, moreEpochs }: Design): void {
  const fail = (what: string): never => {
    throw new FileFormatError(WHERE, what);
  };
  if (curve.length > epochs + moreEpochs) fail(`${curve.length} epochs of ${epochs + moreEpochs}`);
  const latest = choices.find(({ bestEpoch }) => bestEpoch >= curve.length);
  if (latest) fail(`epoch ${latest.bestEpoch} as the best of ${curve.length}`);
  if (!choices.every(({ temperature }) => temperature > 0 && temperature < Infinity))
    fail('a temperature that is not a positive number');
  if (best !== (choices[0]?.bestEpoch ?? -1) >= 0) fail('best weights that no epoch has, or an epoch without');
}

/** Checks that a network is exactly as far as the others. @throws FileFormatError */
function checkRun({ epochs, run }: Model, name: string, settled: number): void {
  const { firstEpoch, epoch, history } = run ?? { firstEpoch: 0, epoch: 0, history: undefined };
  const known = run === undefined || (isObject(history) && listed(history.epoch) === epoch);
  if (firstEpoch === 0 && epoch === epochs && known && (epochs === settled || epochs === settled + 1)) return;
  throw new FileFormatError(name, `a run that is not exactly after ${settled} epochs of all networks`);
}

const listed = (value: unknown) => (Array.isArray(value) ? value.length : undefined);

/** Holds the state in which a run begins if it does not resume another. */
export interface Beginning {
  readonly heldOut: HeldOutState;
  makeNetworks(): readonly Model[];
}

/**
 * Reads the state of training from a checkpoint. Everything in the file is checked against the state in which the run would
 * begin.
 * @throws ValueError for a file that is not a checkpoint, or one of other rows or options; otherwise the errors of `load`.
 */
export async function loadCheckpoint(source: LoadSource, job: Job, beginning: Beginning): Promise<Progress> {
  try {
    return await readProgress(source, job, beginning);
  } catch (error) {
    throw naming(error, source);
  }
}

async function readProgress(source: LoadSource, job: Job, beginning: Beginning): Promise<Progress> {
  const fits = (given: ReadonlyMap<string, string>) =>
    given.get('format') === FORMAT && given.get('version') === VERSION;
  const { metadata, tensors } = await loadTensors(source, fits);
  if (!fits(metadata)) {
    const [format, version] = [metadata.get('format'), metadata.get('version')];
    throw new ValueError({
      argument: 'resume',
      given: format === FORMAT ? `a checkpoint of version ${show(version)}` : 'a model, or what an earlier build kept',
      expected: `a checkpoint, format '${FORMAT}', version ${VERSION}`,
    });
  }
  const text = metadata.get('state');
  if (text === undefined) throw new FileFormatError(WHERE, 'missing');
  const { unpack } = await import('../../fit/resume.js');
  const saved = unpack(parseJson(text, WHERE) as Json) as Saved;
  objectOf({ design: checkpointDesign, data: count })(saved, WHERE);
  checkJob(saved, job);
  const { heldOut: initial } = beginning;
  const { members } = job.design;
  stateOf(members, initial.choices.length)(saved, WHERE);
  checkChoices(saved, job.design);
  const taken = new Set<string>();
  const get = <T extends TensorData>(name: string, dtype: string, length?: number): T => {
    const tensor = tensors.get(name);
    if (!tensor) throw new FileFormatError(`tensor ${name}`, 'missing');
    taken.add(name);
    if (tensor.dtype === dtype && (length === undefined || tensor.data.length === length)) return tensor.data as T;
    const wanted = length === undefined ? dtype : `${length} of ${dtype}`;
    throw new FileFormatError(`tensor ${name}`, `${tensor.data.length} of ${tensor.dtype} in place of ${wanted}`);
  };
  const numbers = Array.from({ length: members }, (_, i) => i);
  const heldOut = {
    choices: saved.choices,
    curve: saved.curve,
    outputs: get<Float32Array>('outputs', 'F32', initial.outputs.length),
    losses: get<Float64Array>('losses', 'F64', initial.losses.length),
    judged: get<Float64Array>('judged', 'F64', saved.curve.length * initial.perEpoch),
    latest: numbers.map((i) => get<Float32Array>(`latest.${i}`, 'F32', initial.latest[i]!.length)),
  };
  const files = numbers.map((i) => get<Uint8Array>(`network.${i}`, 'U8'));
  const networks = beginning.makeNetworks();
  const bestOf = (network: Model, i: number) =>
    Object.fromEntries(
      Object.entries(network.getWeights()).map(([name, { rows, columns }]) => {
        const own = `best.${i}.${name}`;
        const data = get<Float32Array>(own, 'F32', rows * columns);
        if (!allFinite(data)) throw new FileFormatError(`tensor ${own}`, 'holds what is no number');
        return [name, makeMatrix(data, rows, columns)];
      }),
    );
  const best = saved.best ? networks.map(bestOf) : undefined;
  const extra = [...tensors.keys()].find((name) => !taken.has(name));
  if (extra !== undefined) throw new FileFormatError(label(extra), 'no part of this checkpoint');
  for (const [i, network] of networks.entries()) {
    const name = `tensor network.${i}`;
    try {
      await restore(network, files[i]!);
    } catch (error) {
      if (!(error instanceof FileFormatError)) throw error;
      throw new FileFormatError(name, `${error.where}: ${error.what}`, { cause: error });
    }
    if (!saved.ended[i]) checkRun(network, name, saved.curve.length);
  }
  return { networks, ended: saved.ended.map((history) => history ?? undefined), best, heldOut };
}

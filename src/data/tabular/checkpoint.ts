import { FileFormatError, show, ValueError } from '../../errors.js';
import { loadTensors, saveTensors } from '../../io/bytes.js';
import type { NewTensor, TensorData } from '../../io/safetensors.js';
import { deserialize, type LoadSource, type SaveTarget, serialize } from '../../io/save.js';
import { Xxh32 } from '../../io/xxhash.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type Matrix, makeMatrix, oneNaN } from '../../matrix.js';
import type { Model } from '../../train/model.js';
import type { Weights } from '../../train/model-types.js';
import { unpack } from '../../train/resume.js';
import { type Json, pack } from '../../train/run-state.js';
import type { Design } from './design.js';
import type { HeldOutState } from './held-out.js';

/** How one network trained. */
export interface MemberRecord {
  readonly history: Readonly<Record<string, readonly number[]>>;
  /** The epoch whose weights it has, counted from 0. */
  readonly bestEpoch: number;
}

export type History = MemberRecord['history'];

/** Where training stands. */
export interface Progress {
  readonly networks: readonly Model[];
  /** Of networks that ended before the others. */
  readonly ended: readonly (History | undefined)[];
  /** The weights of the best epoch, if there is one. */
  readonly best: readonly Weights[] | undefined;
  readonly heldOut: HeldOutState;
}

/** What a checkpoint belongs to: other bits would come of other rows or options. */
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
  const { choices, curve } = heldOut;
  const state = { ...job, networks: networks.length, ended, choices, curve, best: best !== undefined };
  await saveTensors(target, tensors, { format: FORMAT, version: VERSION, state: JSON.stringify(pack(state)) });
}

interface Saved extends Job, Pick<HeldOutState, 'choices' | 'curve'> {
  readonly networks: number;
  readonly ended: readonly (History | undefined)[];
  readonly best: boolean;
}

/**
 * Where training stood.
 * @throws ValueError for what is no checkpoint, or that of other rows or options; errors as of `load`.
 */
export async function loadCheckpoint(source: LoadSource, job: Job, backend: BackendFactory): Promise<Progress> {
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
  const saved = unpack(JSON.parse(metadata.get('state') ?? '{}') as Json) as Saved;
  const design = (saved.design ?? {}) as Design;
  for (const name of Object.keys(job.design) as (keyof Design)[]) {
    const [now, before] = [JSON.stringify(job.design[name]), JSON.stringify(design[name])];
    if (now === before) continue;
    throw new ValueError({ argument: name, given: now, expected: `${before}, as in the run that is resumed` });
  }
  if (saved.data !== job.data) {
    const expected = 'the rows of the run that is resumed, in their order';
    throw new ValueError({ argument: 'rows', given: 'other data', expected });
  }
  const get = <T extends TensorData>(name: string): T => {
    const tensor = tensors.get(name);
    if (!tensor) throw new FileFormatError(`tensor ${name}`, 'missing');
    return tensor.data as T;
  };
  const numbers = Array.from({ length: job.design.members }, (_, i) => i);
  const networks = numbers.map((i) => deserialize(get<Uint8Array>(`network.${i}`), { backend }));
  const bestOf = (i: number) =>
    Object.fromEntries(
      Object.entries(networks[i]!.getWeights()).map(([name, { rows, columns }]) => {
        return [name, makeMatrix(get<Float32Array>(`best.${i}.${name}`), rows, columns)];
      }),
    );
  return {
    networks,
    ended: numbers.map((i) => saved.ended[i] ?? undefined),
    best: saved.best ? numbers.map(bestOf) : undefined,
    heldOut: {
      choices: saved.choices,
      curve: saved.curve,
      outputs: get('outputs'),
      losses: get('losses'),
      latest: numbers.map((i) => get(`latest.${i}`)),
    },
  };
}

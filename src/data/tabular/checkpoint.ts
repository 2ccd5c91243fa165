import { show, ValueError } from '../../errors.js';
import { type LoadSource, load, type SaveTarget, save } from '../../io/save.js';
import { Xxh32 } from '../../io/xxhash.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type Matrix, oneNaN } from '../../matrix.js';
import type { Model } from '../../train/model.js';
import type { Weights } from '../../train/model-types.js';
import { unpack } from '../../train/resume.js';
import { type Json, pack } from '../../train/run-state.js';
import type { Design } from './design.js';

/** How one network trained. */
export interface MemberRecord {
  readonly history: Readonly<Record<string, readonly number[]>>;
  readonly bestEpoch: number;
}

/** A member of an ensemble that is trained. */
export interface Finished {
  readonly weights: Weights;
  readonly record: MemberRecord;
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
const VERSION = 1;

/**
 * Saves the members that are trained beside the network that was training, with its run, or that trained last. The file is
 * a model's file.
 */
export async function saveCheckpoint(
  target: SaveTarget,
  network: Model,
  finished: readonly Finished[],
  job: Job,
): Promise<void> {
  network.preprocessing = { format: FORMAT, version: VERSION, ...job, finished: pack(finished) };
  await save(network, target, { keepPrevious: false });
  network.preprocessing = undefined;
}

/**
 * The members that were trained, and the network that was training, if one was.
 * @throws ValueError for what is no checkpoint, or that of other rows or options; errors as of `load`.
 */
export async function loadCheckpoint(
  source: LoadSource,
  job: Job,
  backend: BackendFactory,
): Promise<{ readonly finished: readonly Finished[]; readonly network: Model | undefined }> {
  const network = await load(source, { backend });
  const saved = network.preprocessing as { readonly [name: string]: unknown } | undefined;
  if (saved?.format !== FORMAT || saved.version !== VERSION || !Array.isArray(saved.finished)) {
    throw new ValueError({
      argument: 'resume',
      given: typeof saved?.format === 'string' ? `a file of format ${show(saved.format)}` : 'a model',
      expected: `a checkpoint, format '${FORMAT}', version ${VERSION}`,
    });
  }
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
  network.preprocessing = undefined;
  return {
    finished: unpack(saved.finished as Json) as Finished[],
    network: network.run === undefined ? undefined : network,
  };
}

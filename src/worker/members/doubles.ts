import { cores } from '../../backends/threads/host.js';
import type { Callback, Model } from '../../callbacks/interfaces.js';
import { withRecipe } from '../../callbacks/recipe.js';
import { BackendError } from '../../errors.js';
import { restore, serialize } from '../../io/save.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import type { Weights } from '../../nn/parameters.js';
import { canShare } from '../copying.js';
import {
  auto,
  load,
  type OneOutputRemoteModel,
  type RemoteFitOptions,
  TrainingWorker,
  serialize as taken,
} from '../index.js';

/** Products of a weight and a row, over all members and epochs, below which workers take longer to start than they save. */
const WORTH_IT = 2 ** 31;

/**
 * Returns how many workers train so many members. 'auto' takes as many as keep all cores busy to the end: members that do
 * not divide evenly among the cores are dealt to a few more workers, between which the system shares the cores.
 * @throws BackendError for more than one where workers cannot be had.
 */
export function workersFor(threads: number | 'auto', members: number, products: number): number {
  if (threads !== 'auto') {
    const count = Math.min(threads, members);
    if (count > 1 && !canShare()) throw new BackendError(`threads: ${NO_SHARING}`);
    return count;
  }
  const all = cores();
  if (!canShare() || all === 1 || products < WORTH_IT) return 1;
  return members <= all ? members : Math.ceil(members / Math.floor(members / all));
}

const NO_SHARING =
  'there is no SharedArrayBuffer here; a page must be isolated (headers Cross-Origin-Opener-Policy: same-origin and ' +
  'Cross-Origin-Embedder-Policy: require-corp). With threads: 1 members train one after another.';

/** Holds what all members train on, and how. */
export interface CrewOptions {
  readonly x: Matrix;
  readonly y: Matrix;
  /** The units of the output. */
  readonly outputs: number;
  /** The epochs, and the learning rate of each epoch after them. */
  readonly epochs: number;
  readonly rates: readonly number[];
  readonly workerUrl: string | URL | undefined;
}

/** Holds the rows of a member by number: to train on, and to validate on. */
export interface MemberRows {
  readonly train: Uint32Array;
  readonly heldX: Matrix;
  readonly heldY: Matrix;
}

/** A member, and what this side has of its double in a worker. */
interface Seat {
  readonly model: Model;
  readonly remote: OneOutputRemoteModel;
  readonly rows: MemberRows;
  readonly outputs: Float32Array;
  readonly weights: Float32Array;
}

/** Copies numbers to memory that all workers share. */
function shared<A extends Float32Array | Uint32Array>(numbers: A): A {
  const Make = numbers.constructor as new (buffer: ArrayBufferLike) => A;
  const copy = new Make(new SharedArrayBuffer(numbers.byteLength));
  copy.set(numbers);
  return copy;
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const sharedMatrix = ({ data, rows, columns }: Matrix) => makeMatrix(shared(data), rows, columns);

/**
 * Doubles of models in workers, which train there. The models of this side stay as they are until `bring` gives them the
 * state of their doubles, so that whatever reads or saves them need not know of workers.
 */
export class Crew {
  private constructor(
    private readonly workers: readonly TrainingWorker[],
    private readonly seats: readonly Seat[],
    private readonly options: CrewOptions,
  ) {}

  /**
   * Starts workers, and makes the doubles in them. Models are dealt to them by turns.
   * @throws BackendError where there are no workers.
   */
  static async open(
    models: readonly Model[],
    rows: readonly MemberRows[],
    count: number,
    given: CrewOptions,
  ): Promise<Crew> {
    const workers: TrainingWorker[] = [];
    const options = { ...given, x: sharedMatrix(given.x), y: sharedMatrix(given.y) };
    const { workerUrl } = given;
    try {
      for (let i = 0; i < count; i++) workers.push(new TrainingWorker(workerUrl === undefined ? {} : { workerUrl }));
      const seat = async (model: Model, i: number): Promise<Seat> => {
        const worker = workers[i % count]!;
        const remote = (await load(serialize(model), { worker, backend: auto() })) as OneOutputRemoteModel;
        const { train, heldX, heldY } = rows[i]!;
        const weights = Object.values(model.getWeights()).map(({ data }) => data);
        return {
          model,
          remote,
          rows: { train: shared(train), heldX: sharedMatrix(heldX), heldY: sharedMatrix(heldY) },
          outputs: shared(new Float32Array(heldX.rows * given.outputs)),
          // An epoch that the resumed run left for this one to settle has these.
          weights: shared(joined(weights)),
        };
      };
      const seats = await Promise.all(models.map(seat));
      return new Crew(workers, seats, options);
    } catch (error) {
      for (const worker of workers) worker.terminate();
      throw error;
    }
  }

  /** The number of workers. */
  get size(): number {
    return this.workers.length;
  }

  /** Returns the worker of a member, by its number. Those of one worker train by turns. */
  readonly laneOf = (member: number): number => member % this.workers.length;

  /** Returns the doubles, for what is asked and told of them while they train. */
  get doubles(): readonly Pick<OneOutputRemoteModel, 'epochs' | 'stopTraining'>[] {
    return this.seats.map(({ remote }) => remote);
  }

  /** Returns the callback by which the double of a member reports; the worker makes it, from `reports.ts`. */
  reports(member: number): Callback {
    const { outputs, weights } = this.seats[member]!;
    const { outputs: columns, epochs, rates } = this.options;
    return withRecipe({}, { name: 'memberReports', args: [outputs, weights, columns, epochs, rates] });
  }

  /** Returns what the double said of its validation rows at the end of its latest epoch. */
  outputsOf(member: number): Float32Array {
    return this.seats[member]!.outputs.slice();
  }

  /** Returns the weights of all doubles as they were at the end of their latest epochs. */
  weights(): readonly Weights[] {
    return this.seats.map(({ model, weights }) => {
      let at = 0;
      const entries = Object.entries(model.getWeights()).map(([name, { data, rows, columns }]) => {
        const own = Float32Array.from(weights.subarray(at, at + data.length));
        at += data.length;
        return [name, makeMatrix(own, rows, columns)] as const;
      });
      return Object.fromEntries(entries);
    });
  }

  /** Trains the double of a member. @throws what `fit` throws, the reason of the signal where it comes. */
  async fit(member: number, options: Omit<RemoteFitOptions, 'validationData'>) {
    const { remote, rows } = this.seats[member]!;
    const { x, y } = this.options;
    const { train, heldX, heldY } = rows;
    return remote.fit(x, y, { ...options, rows: train, validationData: [heldX, heldY] });
  }

  /** Gives the models of this side the state of their doubles. */
  async bring(): Promise<void> {
    await Promise.all(this.seats.map(async ({ model, remote }) => restore(model, await taken(remote))));
  }

  /** Ends the workers. */
  close(): void {
    for (const worker of this.workers) worker.terminate();
  }
}

import type { Model } from '../../callbacks/interfaces.js';
import { show, ValueError } from '../../errors.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { isPlace } from '../../realms.js';
import type { Crew, CrewOptions, MemberRows } from '../../worker/members/doubles.js';

/** Options of `tabular` on threads. */
export interface Threads {
  /**
   * The number of workers that train members side by side, to the same bits: 'auto' takes what cores and work ask for, 1
   * trains on the calling thread. Default 1. Callbacks run on the calling thread, and get models of 'myelin/worker' where there are
   * several. Each worker takes some 30 MB, and weights, states and batches of its members; rows are shared. Needs
   * SharedArrayBuffer: Node, or an isolated page; elsewhere 'auto' is 1, and more a BackendError.
   */
  readonly threads?: number | 'auto';
  /** The address of `worker-host.js` of this package, for bundlers that move it; default next to this module. */
  readonly workerUrl?: string | URL;
}

/** @throws ValueError for no number of threads, or several with a backend, which workers cannot have. */
export function checkThreads({ threads = 1, workerUrl }: Threads, backend: BackendFactory | undefined): void {
  if (workerUrl !== undefined && !isPlace(workerUrl)) {
    throw new ValueError({ argument: 'workerUrl', given: show(workerUrl), expected: 'an address' });
  }
  if (threads === 'auto') return;
  if (!Number.isSafeInteger(threads) || threads < 1) {
    const expected = "'auto' or a whole number of at least 1";
    throw new ValueError({ argument: 'threads', given: show(threads), expected });
  }
  if (threads === 1 || !backend) return;
  const hint = 'Workers open a backend of their own: leave backend out.';
  throw new ValueError({ argument: 'threads', given: `${threads} with a backend`, expected: '1', hint });
}

/**
 * Returns workers in which the networks train side by side; undefined where they train here by turns. Workers come in a
 * chunk of their own, which is loaded where there is more than one.
 */
export async function crewFor(
  networks: readonly Model[],
  rows: (member: number) => MemberRows,
  options: Omit<CrewOptions, 'workerUrl'>,
  { threads = 1, workerUrl, backend }: Threads & { readonly backend?: BackendFactory | undefined },
): Promise<Crew | undefined> {
  const { length } = networks;
  if (threads === 1 || length === 1 || backend) return undefined;
  const { Crew, workersFor } = await import('../../worker/members/doubles.js');
  const weights = Object.values(networks[0]!.getWeights()).reduce((sum, { data }) => sum + data.length, 0);
  const count = workersFor(threads, length, weights * options.x.rows * options.epochs * length);
  if (count === 1) return undefined;
  return Crew.open(
    networks,
    networks.map((_, i) => rows(i)),
    count,
    { ...options, workerUrl },
  );
}

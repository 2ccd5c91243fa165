import { Generator, stream } from '../kernels/lib/philox.js';
import { sharedPause } from './pause.js';

/** Rows to shuffle between two looks at the clock. */
const SHUFFLE_SLICE = 20_000;

/** Returns a permutation of 0..n-1 by Fisher and Yates, drawn for this epoch. */
export async function shuffled(n: number, seed: number, epoch: number, pause = sharedPause): Promise<Uint32Array> {
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) order[i] = i;
  const generator = new Generator(seed, stream('shuffle'), epoch);
  for (let i = n - 1; i > 0; i--) {
    const pausing = i % SHUFFLE_SLICE === 0 ? pause() : undefined;
    if (pausing) await pausing;
    const j = generator.integer(i + 1);
    const swapped = order[i] as number;
    order[i] = order[j] as number;
    order[j] = swapped;
  }
  return order;
}

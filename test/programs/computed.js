import { readFileSync } from 'node:fs';

/** Milliseconds that this thread has computed, whoever else has kept it from a core; by the clock where no one tells. */
export function computed() {
  try {
    return Number(readFileSync('/proc/thread-self/schedstat', 'utf8').split(' ')[0]) / 1e6;
  } catch {
    return performance.now();
  }
}

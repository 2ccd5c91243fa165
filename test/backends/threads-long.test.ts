import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { byEffort } from '../support/effort.js';

/** Seconds of each run that can go on. */
const SECONDS = byEffort(0.25, 0.5, 60);
/** Longer than a thread waits for another before it gives up, so that a hang has time to become an error. */
const SILENCE_MS = 15_000;

const script = fileURLToPath(new URL('../programs/thread-runs.js', import.meta.url));

/** Runs one of `thread-runs.js` and kills it where it says nothing for too long. */
function watch(run: string, threads: number): Promise<{ end: string; errors: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [script, run, String(threads), String(SECONDS)]);
    let [lines, errors] = ['', ''];
    const bark = () => {
      child.kill('SIGKILL');
      reject(new Error(`'${run}' on ${threads} threads hangs after: ${lines.trim().split('\n').at(-1)}\n${errors}`));
    };
    let watchdog = setTimeout(bark, SILENCE_MS);
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      lines += text;
      clearTimeout(watchdog);
      watchdog = setTimeout(bark, SILENCE_MS);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    child.on('error', reject);
    child.on('close', () => {
      clearTimeout(watchdog);
      resolve({ end: lines.trim().split('\n').at(-1)!, errors });
    });
  });
}

describe('threads over long', () => {
  test.each([
    ['steps', 2],
    ['steps', 3],
    ['steps', 8],
    ['pauses', 2],
    ['together', 3],
    ['dispose', 2],
    ['end', 2],
    ['death', 2],
    ['death', 3],
  ])(
    '%s, on %i threads',
    async (run, threads) => {
      expect(await watch(run, threads)).toEqual({ end: 'done', errors: '' });
    },
    60_000 + 10_000 * SECONDS,
  );
});

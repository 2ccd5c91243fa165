import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Generator } from '../../src/kernels/lib/philox.js';

// The command as users run it, out of the build.

export const script = resolve(import.meta.dirname, '../../build/cli.js');

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(
  folder: string,
  args: readonly string[],
  {
    input,
    open,
    killAfter,
    killAfterMs,
    killWhen,
    signal = 'SIGINT',
  }: {
    input?: string;
    open?: string;
    killAfter?: RegExp;
    killAfterMs?: number;
    killWhen?: () => boolean;
    signal?: NodeJS.Signals;
  } = {},
): Promise<Ran> {
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [script, ...args], { cwd: folder }, (error, stdout, stderr) => {
      resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr });
    });
    if (input !== undefined) child.stdin?.end(input);
    if (open !== undefined) child.stdin?.write(open);
    if (killAfterMs) setTimeout(() => child.kill(signal), killAfterMs);
    if (killWhen) {
      // Once: a second signal ends the process at once.
      const look = setInterval(() => {
        if (!killWhen()) return;
        clearInterval(look);
        child.kill(signal);
      }, 50);
      child.once('exit', () => clearInterval(look));
    }
    if (!killAfter) return;
    let seen = '';
    const watch = (text: string) => {
      seen += text;
      if (!killAfter.test(seen)) return;
      child.stderr?.off('data', watch);
      child.kill(signal);
    };
    child.stderr?.on('data', watch);
  });
}

/** Rows of which size, colour and weight follow from kind. */
export function csv(rows: number, seed: number): string {
  const random = new Generator(seed, 1);
  const lines = Array.from({ length: rows }, (_, i) => {
    const kind = random.integer(2);
    const size = 2 * kind + random.uniform();
    return [
      i,
      size.toFixed(3),
      kind ? '"red, dark"' : 'blue',
      (10 * size + random.uniform()).toFixed(2),
      kind ? 'big' : 'small',
    ];
  });
  return [['id', 'size', 'colour', 'weight', 'kind'], ...lines].map((line) => line.join()).join('\n');
}

/** Options of a training that takes no time. */
export const quick = ['--epochs', '20', '--members', '2', '--layers', '8'];

/** A folder with train.csv and new.csv, and the command in it. */
export function workspace() {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-cli-'));
  const at = (name: string) => join(folder, name);
  writeFileSync(at('train.csv'), csv(120, 1));
  writeFileSync(at('new.csv'), csv(30, 2));
  return {
    folder,
    at,
    myelin: (args: readonly string[], options?: Parameters<typeof run>[2]) => run(folder, args, options),
  };
}

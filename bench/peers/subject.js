import { spawn, spawnSync } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Unsupported } from './steps.js';

/** Longer than any sensible request takes. */
const TIMEOUT_MS = 120_000;

/** Whether libraries run on the same core. */
export const pinned = process.platform === 'linux' && spawnSync('taskset', ['-c', '0', 'true']).status === 0;

const ONE_THREAD = Object.fromEntries(
  ['OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS', 'MKL_NUM_THREADS'].map((name) => [name, '1']),
);

/** A library at one workload, in a process of its own that sleeps unless it is asked. */
export class Subject {
  #child;
  #replies;
  #errors = '';
  #failure;

  /** @param {import('./libraries.js').Library} library */
  constructor({ command, cpus }) {
    const [program, ...args] = pinned ? ['taskset', '-c', cpus, ...command] : command;
    this.#child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], env: { ...process.env, ...ONE_THREAD } });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#errors = (this.#errors + text).slice(-2000);
    });
    this.#child.stdin.on('error', () => {});
    this.#child.on('error', (error) => {
      this.#failure = error;
    });
    this.#replies = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** @throws Unsupported, or Error with what the process said. */
  async ask(op, details = {}) {
    this.#child.stdin.write(`${JSON.stringify({ op, ...details })}\n`);
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer to ${op} within ${TIMEOUT_MS / 1000} s`)), TIMEOUT_MS);
    });
    const { value } = await Promise.race([this.#replies.next(), late]).finally(() => clearTimeout(timer));
    if (value === undefined) {
      throw this.#failure ?? new Error(`its process ended. ${this.#errors.trim().split('\n').slice(-3).join(' ')}`);
    }
    const reply = JSON.parse(value);
    if (reply.unsupported !== undefined) throw new Unsupported(reply.unsupported);
    if (reply.error !== undefined) throw new Error(reply.error);
    return reply;
  }

  end() {
    this.#child.kill('SIGKILL');
  }
}

import type { Logs } from '../passes/logs.js';
import { printable } from '../printable.js';
import type { Callback, Model } from './interfaces.js';

interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const BAR = 24;
/** Milliseconds between two drawings. */
const REDRAW = 50;

const number = (value: number) => {
  const size = Math.abs(value);
  if (!Number.isFinite(value) || value === 0) return String(value);
  return size >= 1e-3 && size < 1e5 ? String(Number(value.toPrecision(4))) : value.toExponential(2);
};
const duration = (seconds: number) => {
  if (seconds < 100) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes}:${String(Math.floor(seconds % 60)).padStart(2, '0')} min`;
};
const list = (logs: Logs) =>
  Object.entries(logs)
    .filter(([name]) => name !== 'learningRate')
    .map(([name, value]) => `${printable(name)} ${number(value)}`)
    .join('  ');

/** Shows how training goes. In a module of its own, which `progress` and `verbose` load when training begins. */
export function makeProgress(options: ProgressOptions): Callback {
  const { mode = 'auto' } = options;
  const { process } = globalThis as { process?: { stdout?: Terminal } };
  const terminal = options.write ? undefined : process?.stdout;
  const write =
    options.write ??
    ((text: string) => {
      if (terminal) terminal.write(text);
      else if (text !== '\n') console.log(text.replace(/\n$/, ''));
    });
  const bar = mode === 'bar' || (mode === 'auto' && terminal?.isTTY === true);
  let steps: number | undefined;
  let end = 0;
  let began = 0;
  let drawn = 0;
  let done = 0;
  let loss = 0;
  let open = false;
  const head = (epoch: number) => `epoch ${epoch + 1}/${end}`;
  const restart = () => {
    began = performance.now();
    [drawn, done, loss] = [0, 0, 0];
  };
  const draw = (line: string) => {
    const width = (options.columns ?? terminal?.columns ?? 80) - 1;
    write(`\r${line.length > width ? line.slice(0, width) : line.padEnd(width)}`);
    open = true;
  };
  const finish = (line: string) => {
    if (bar) write(`\r${line.padEnd((options.columns ?? terminal?.columns ?? 80) - 1)}\n`);
    else write(`${line}\n`);
    open = false;
  };
  return {
    name: 'progress',
    setParams(params) {
      steps = params.steps;
      end = params.endEpoch;
    },
    onTrainBegin: restart,
    onEpochBegin: restart,
    ...(bar && {
      onBatchEnd(batch: number, logs: Logs, model: Model) {
        done++;
        loss += logs.loss as number;
        const now = performance.now();
        if (now - drawn < REDRAW) return;
        drawn = now;
        const passed = (now - began) / 1e3;
        const place = steps === undefined ? `batch ${batch + 1}` : `${batch + 1}/${steps}`;
        const full = steps === undefined ? 0 : Math.round((BAR * (batch + 1)) / steps);
        const drawing = steps === undefined ? '' : `${'━'.repeat(full)}${'─'.repeat(BAR - full)} `;
        const left = steps === undefined ? '' : `, ${duration((passed / done) * (steps - batch - 1))} left`;
        draw(`${head(model.epochs)} ${drawing}${place}  ${duration(passed)}${left}  loss ${number(loss / done)}`);
      },
    }),
    onEpochEnd(epoch, logs) {
      finish(`${head(epoch)}  ${duration((performance.now() - began) / 1e3)}  ${list(logs)}`);
    },
    onAbort() {
      if (open) write('\n');
      open = false;
    },
  };
}

/** Options of `progress`. */
export interface ProgressOptions {
  /** 'bar' redraws a line with a bar, 'lines' writes one line per epoch; default 'auto', a bar on a terminal. */
  readonly mode?: 'auto' | 'bar' | 'lines';
  /** Writes a text; default to standard output or, where there is none, the console. */
  readonly write?: (text: string) => void;
  /** Width of the terminal; default what it says, or 80. */
  readonly columns?: number;
}

import { type Backend, type BackendFactory, type Heap, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { type Program, productFlops, type SymbolicCall } from './emitter.js';
import { Arena, denseScratch, matrixTensor, panelColumns, type Tensor, vectorTensor } from './plan.js';
import { splitLongCall } from './product-axes.js';
import { type LinkedProgram, link, run } from './run.js';

/** Options of `profile`. */
export interface ProfileOptions {
  /** Timed repetitions of the step, after a warm-up; default as many as 200 ms take, at least 3. */
  readonly repeats?: number;
}

/** One kernel call of a step. A long product that runs in parts is one call. Rates are absent where `us` is 0. */
export interface CallProfile {
  /** The name of the kernel. */
  readonly kernel: string;
  /** Operands in the order of the kernel's arguments. */
  readonly tensors: readonly string[];
  /** Median time in microseconds, the timer's own taken off; 0 where no more than that was seen. */
  readonly us: number;
  /** Part of the step's time, from 0 to 1. */
  readonly share: number;
  /** Floating point operations of a dense product; 0 for other kernels. */
  readonly flops: number;
  /** Bytes of all operands, padding included, each counted once even if it is both read and written. */
  readonly bytes: number;
  /** Dense products: 1e9 floating point operations per second. */
  readonly gflops?: number;
  /** Dense products: `gflops` as part of the peak, from 0 to 1. */
  readonly peakShare?: number;
  /** Other kernels: 1e9 `bytes` per second. */
  readonly gbPerSecond?: number;
}

/** Reports the time of each kernel call, as `model.profile()` returns it; prints as a table. */
export interface Profile {
  /** Rows of the batch. */
  readonly rows: number;
  /** Timed repetitions of the step. */
  readonly repeats: number;
  /** Microseconds of all calls of a step together. */
  readonly usPerStep: number;
  /**
   * The fastest dense product seen, in GFLOP/s: a forward product of 16x64x64, whose operands fit a first-level cache of
   * 32 KB, on a heap of its own, times the number of threads; or the model's best. The machine's arithmetic alone is
   * somewhat faster.
   */
  readonly peakGflops: number;
  /** In the order in which they run. */
  readonly calls: readonly CallProfile[];
  /** Returns it all as a table in plain text. */
  toString(): string;
}

const BUDGET_MS = 200;
const WARM_UP_MS = 50;
const PEAK_SAMPLES = 20;
const FEWEST_REPEATS = 3;

/** Steps from the saved state before it is set back: a batch learned by heart has gradients that are denormal, slow. */
const STEPS_FROM_STATE = 32;

/** Timers of browsers that tick more coarsely than this (in ms) are right on average only. */
const COARSE_TICK_MS = 1e-3;

export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

interface Timer {
  /** The time that reading the clock adds to every measurement, in ms. */
  readonly overhead: number;
  readonly average: (values: readonly number[]) => number;
}

function measureTimer(): Timer {
  const gaps = Array.from({ length: 2000 }, () => {
    const start = performance.now();
    return performance.now() - start;
  });
  const tick = gaps.reduce((least, gap) => (gap > 0 ? Math.min(least, gap) : least), Infinity);
  if (tick <= COARSE_TICK_MS) return { overhead: median(gaps), average: median };
  // A gap above a tick is the system's doing; in a mean it would outweigh all that the profile measures.
  return { overhead: mean(gaps.map((gap) => Math.min(gap, tick))), average: mean };
}

/** Copies tensors; what comes back sets them back. */
function save(heap: Heap, tensors: readonly Tensor[]): () => void {
  const copies = tensors.map(({ offset, size }) => ({ offset, values: heap.slice(offset, offset + size) }));
  return () => {
    for (const { offset, values } of copies) heap.set(values, offset);
  };
}

const operands = ({ args }: SymbolicCall) => args.filter((arg) => typeof arg !== 'number');

/** Returns all that a program touches outside its workspace, without tensors that lie within others. */
function stateOf({ symbolic, workspace }: Program): readonly Tensor[] {
  const own = new Set(workspace);
  const touched = new Set(symbolic.flatMap(operands).filter((tensor) => !own.has(tensor)));
  let end = 0;
  return [...touched]
    .sort((a, b) => a.offset - b.offset || b.size - a.size)
    .filter(({ offset, size }) => {
      const covered = offset + size <= end;
      end = Math.max(end, offset + size);
      return !covered;
    });
}

/**
 * Measures the GFLOP/s of a forward product within the first-level cache, where neither memory nor ragged edges slow it down: of one
 * thread times their number.
 */
function measurePeak(factory: BackendFactory, average: Timer['average']): number {
  const [rows, inputs, units] = [16, 64, 64];
  const arena = new Arena(RESERVED_ELEMENTS);
  const x = arena.take(matrixTensor('x', rows, inputs));
  const w = arena.take(vectorTensor('w', inputs * panelColumns(units)));
  const b = arena.take(vectorTensor('b', panelColumns(units)));
  const y = arena.take(matrixTensor('y', rows, units));
  const tiles = arena.take(vectorTensor('tiles', denseScratch.forward(rows, inputs)));
  const backend = factory.open(arena.end);
  const { heap } = backend;
  const { denseForward } = backend.kernels;
  heap.fill(0.5, RESERVED_ELEMENTS, arena.end);
  const time = (repeats: number) => {
    const start = performance.now();
    for (let i = 0; i < repeats; i++) {
      denseForward(x.offset, w.offset, b.offset, y.offset, tiles.offset, rows, inputs, units, x.stride, y.stride);
    }
    return performance.now() - start;
  };
  // Samples last a millisecond, which is long compared with any timer's tick. Growing to them is the warm-up.
  let repeats = 1;
  while (time(repeats) < 1 && repeats < 2 ** 20) repeats *= 2;
  const samples = Array.from({ length: PEAK_SAMPLES }, () => time(repeats));
  backend.dispose?.();
  return ((2 * rows * inputs * units * repeats) / average(samples) / 1e6) * factory.threads;
}

/**
 * Times each call of a program whose input and targets are staged, over many repetitions. What the program changes is
 * set back afterwards, but for its workspace.
 */
export function profileProgram(
  program: Program,
  backend: Backend,
  factory: BackendFactory,
  options: ProfileOptions = {},
): Profile {
  const { heap } = backend;
  const calls = program.calls.map((call) =>
    link({ ...program, calls: [call] }, backend, factory.threads, splitLongCall),
  );
  // Later calls may overwrite the batch.
  const restoreBatch = save(heap, [...program.inputs, ...program.targets]);
  const restoreState = save(heap, stateOf(program));
  const marks = new Float64Array(calls.length + 1);
  const step = (index: number) => {
    if (index % STEPS_FROM_STATE === 0) restoreState();
    restoreBatch();
    marks[0] = performance.now();
    for (let i = 0; i < calls.length; i++) {
      run(calls[i] as LinkedProgram);
      marks[i + 1] = performance.now();
    }
  };
  const samples: number[][] = calls.map(() => []);
  let repeats = 0;
  const enough = (started: number) =>
    options.repeats === undefined
      ? repeats >= FEWEST_REPEATS && performance.now() - started >= BUDGET_MS
      : repeats >= options.repeats;
  try {
    const warmingUp = performance.now();
    for (let i = 0; i === 0 || performance.now() - warmingUp < WARM_UP_MS; i++) step(i);
    for (const started = performance.now(); !enough(started); repeats++) {
      step(repeats);
      samples.forEach((times, i) => {
        times.push((marks[i + 1] as number) - (marks[i] as number));
      });
    }
  } finally {
    restoreState();
  }
  const { overhead, average } = measureTimer();
  const us = samples.map((times) => Math.max(0, average(times) - overhead) * 1e3);
  const peak = measurePeak(factory, average);
  return makeProfile({ program, repeats, us, bytesPerElement: heap.BYTES_PER_ELEMENT, peak });
}

interface Measured {
  readonly program: Program;
  readonly repeats: number;
  /** One for each call. */
  readonly us: readonly number[];
  readonly bytesPerElement: number;
  /** GFLOP/s of the small product. */
  readonly peak: number;
}

function makeProfile({ program, repeats, us, bytesPerElement, peak }: Measured): Profile {
  const usPerStep = us.reduce((sum, time) => sum + time, 0);
  const measured = program.symbolic.map((call, i) => {
    const tensors = operands(call);
    const time = us[i] as number;
    return {
      kernel: call.kernel,
      tensors: tensors.map(({ name }) => name),
      us: time,
      share: usPerStep > 0 ? time / usPerStep : 0,
      flops: productFlops(call.kernel, call.args),
      bytes: tensors.reduce((sum, { size }) => sum + size, 0) * bytesPerElement,
    };
  });
  const rate = (amount: number, time: number) => amount / time / 1e3;
  const products = measured.filter((call) => call.flops > 0 && call.us > 0);
  const peakGflops = Math.max(peak, ...products.map((call) => rate(call.flops, call.us)));
  const calls = measured.map((call): CallProfile => {
    if (call.us === 0) return call;
    if (call.flops === 0) return { ...call, gbPerSecond: rate(call.bytes, call.us) };
    const gflops = rate(call.flops, call.us);
    return { ...call, gflops, peakShare: gflops / peakGflops };
  });
  const content = { rows: program.rows, repeats, usPerStep, peakGflops, calls };
  const print = () => formatProfile(content, program);
  const profile = { ...content, toString: print };
  Object.defineProperty(profile, Symbol.for('nodejs.util.inspect.custom'), { value: print });
  return profile;
}

const percent = (share: number) => `${(share * 100).toFixed(1)}%`;

/** Returns a call a line, then the step. Names of tensors come last, where their length does no harm. */
function formatProfile(profile: Omit<Profile, 'toString'>, { mode, flops }: Program): string {
  const { rows, repeats, usPerStep, peakGflops, calls } = profile;
  const optional = (value: number | undefined, text: (value: number) => string) =>
    value === undefined ? '' : text(value);
  const fixed = (digits: number) => (value: number) => value.toFixed(digits);
  const total = usPerStep > 0 ? flops / usPerStep / 1e3 : undefined;
  const table = [
    ['kernel', 'us', 'share', 'GFLOP/s', 'of peak', 'GB/s', 'tensors'],
    ...calls.map((call) => [
      call.kernel,
      call.us.toFixed(2),
      percent(call.share),
      optional(call.gflops, fixed(1)),
      optional(call.peakShare, percent),
      optional(call.gbPerSecond, fixed(1)),
      call.tensors.join(' '),
    ]),
    [
      'all',
      usPerStep.toFixed(2),
      percent(1),
      optional(total, fixed(1)),
      optional(total, (gflops) => percent(gflops / peakGflops)),
      '',
      '',
    ],
  ];
  const last = (table[0] as string[]).length - 1;
  const widths = (table[0] as string[]).map((_, c) => Math.max(...table.map((row) => (row[c] as string).length)));
  const pad = (cell: string, c: number) =>
    c === 0 || c === last ? cell.padEnd(widths[c] as number) : cell.padStart(widths[c] as number);
  return [
    `profile ${mode}, ${rows} ${rows === 1 ? 'row' : 'rows'}`,
    ...table.map((row) => row.map(pad).join('  ').trimEnd()),
    `medians of ${repeats} steps; peak: ${peakGflops.toFixed(1)} GFLOP/s, the fastest dense product seen`,
  ].join('\n');
}

import { kernelAxes, updateAxis } from '../kernels/axes.js';
import { type Axes, type Axis, COST } from '../kernels/axis.js';
import type { Call, Phase } from '../kernels/contract.js';
import { named } from '../kernels/operands.js';
import * as k from '../kernels/signatures/index.js';
import { type Program, productFlops } from './emitter.js';
import { isEven, Ownership } from './ownership.js';
import { cutInto, productAxes, unitAxis } from './product-axes.js';

/** Kernels that are optimizers' loops, which share a signature. */
type Updates = Pick<Program['updates'], 'has'>;

const axes: Axes = /* @__PURE__ */ (() => ({ ...productAxes, ...kernelAxes }))();

function axisOf(call: Call, updates: Updates): Axis | undefined {
  if (updates.has(call[0])) return updateAxis(call);
  return axes[call[0]]?.(call);
}

/** Returns a call over ranges of its output, each with scratch of its own; the whole call where it cannot be cut. */
export function cutCall(call: Call, parts: number, updates: Updates): readonly Call[] {
  const axis = axisOf(call, updates);
  return axis ? cutInto(axis, parts, true) : [call];
}

/** A call of less than this, in nanoseconds, is not worth a meeting at the barrier. */
const WORTH_SHARING = 4000;

/** A program with less than this to share, in nanoseconds, runs faster on one thread. */
const WORTH_WAKING = 100_000;

/** Part of a sum that is never cut, long enough to be shared with its like. */
function isLongNorm(call: Call): boolean {
  return call[0] === 'gradientNorm' && named(k.gradientNorm, call).n * COST.copy >= WORTH_SHARING;
}

/**
 * Returns whether a call needs no barrier after an earlier one: it writes nothing that this one touches, nor reads what
 * it writes.
 */
function goesWith(earlier: Call, call: Call): boolean {
  if (earlier[0] === 'gradientNorm') return isLongNorm(call);
  if (earlier[0] !== 'denseKernelGradient') return false;
  const { x, dy } = named(k.denseKernelGradient, earlier);
  if (call[0] === 'denseBiasGradient') return named(k.denseBiasGradient, call).dy === dy;
  return call[0] === 'guard' && [x, dy].includes(named(k.guard, call).x);
}

/** Gives the parts of a call to the threads: each its own, or to those that have the fewest calls. */
function join(phase: Call[][], parts: readonly Call[]): void {
  const byLoad = [...phase].sort((a, b) => a.length - b.length);
  const order = parts.length === phase.length ? phase : byLoad;
  parts.forEach((part, i) => {
    order[i % order.length]?.push(part);
  });
}

/** Cuts calls for a number of threads. */
class Cutter {
  readonly #ownership: Ownership;

  constructor(
    calls: readonly Call[],
    private readonly threads: number,
    private readonly updates: Updates,
  ) {
    this.#ownership = new Ownership(calls, threads, updates);
  }

  /** Adds the parts of a call to a phase that all threads share. */
  share(phase: Call[][], call: Call): void {
    const axis = axisOf(call, this.updates);
    const owned = axis && this.#ownership.share(call, axis);
    if (owned) {
      owned.forEach((parts, thread) => {
        phase[thread]?.push(...parts);
      });
    } else join(phase, this.#byWeights(call) ?? cutCall(call, this.threads, this.updates));
  }

  /** Cuts a product by its units where each thread owns the weights of some. */
  #byWeights(call: Call): readonly Call[] | undefined {
    const [kernel] = call;
    if (kernel !== 'denseForward' && kernel !== 'denseForwardRelu') return undefined;
    if (!this.#ownership.owns(named(k.denseForward, call).w)) return undefined;
    const parts = cutInto(unitAxis(call), this.threads, true);
    const sizes = parts.map((part) => named(k.denseForward, part).units);
    return isEven(sizes, this.threads) ? parts : undefined;
  }
}

/** Cuts a program into phases: calls worth sharing over all threads, runs of others on the first. */
export function phasesOf(calls: readonly Call[], threads: number, updates: Updates): readonly Phase[] {
  const works = calls.map((call) => axisOf(call, updates)?.work ?? 0);
  const shared = works.filter((work) => work >= WORTH_SHARING).reduce((sum, work) => sum + work, 0);
  if (shared < WORTH_WAKING) return [[calls]];
  const cutter = new Cutter(calls, threads, updates);
  const phases: Call[][][] = [];
  /** The call that opened the last phase, where that is shared. */
  let opener: Call | undefined;
  calls.forEach((call, i) => {
    const phase = phases.at(-1);
    const shares = (works[i] as number) >= WORTH_SHARING || isLongNorm(call);
    if (phase && (opener ? goesWith(opener, call) : !shares)) {
      if (opener) cutter.share(phase, call);
      else join(phase, [call]);
      return;
    }
    const next: Call[][] = Array.from({ length: shares ? threads : 1 }, () => []);
    phases.push(next);
    if (shares) cutter.share(next, call);
    else join(next, [call]);
    opener = shares ? call : undefined;
  });
  return phases;
}

/** Floating point operations between two chances to hand over to the event loop. */
const SEGMENT_FLOPS = 4e8;

/** Groups phases so that short programs are one order to the threads and long ones can be left in between. */
export function segments(phases: readonly Phase[]): readonly (readonly Phase[])[] {
  const groups: Phase[][] = [[]];
  let flops = 0;
  for (const phase of phases) {
    if (flops > SEGMENT_FLOPS) {
      groups.push([]);
      flops = 0;
    }
    groups.at(-1)?.push(phase);
    for (const call of phase.flat()) flops += productFlops(call[0], call, 1);
  }
  return groups;
}

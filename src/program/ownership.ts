import { kernelAxes } from '../kernels/axes.js';
import type { Axis } from '../kernels/axis.js';
import type { Call } from '../kernels/contract.js';
import { LINE } from '../kernels/cut.js';
import { named } from '../kernels/operands.js';
import * as k from '../kernels/signatures/index.js';
import { cutInto, productAxes } from './product-axes.js';

// This file says which thread computes which part of the gradients. The same thread then updates these weights and their optimizer's
// states, and multiplies by them in the next step, so that they stay in the cache of its core: bench/NOTES.md, "Threads that own
// their weights".

/** Gradients that one thread computes, by their places on the heap. */
interface Owned {
  readonly start: number;
  readonly end: number;
  readonly thread: number;
}

/** Kernels over elements of the parameters, with the position of their operand that is a gradient or runs parallel to one. */
const GRADIENTS: Readonly<Record<string, number>> = {
  accumulateGradients: 2,
  meanGradients: 2,
  clipValues: 1,
  l1Gradient: 2,
  l2Gradient: 2,
};
const WEIGHTS: Readonly<Record<string, number>> = { decayWeights: 1, averageWeights: 2 };

/** The largest share of its threads' mean that a thread may own. */
const UNEVEN = 1.5;

/** Elements that nobody owns are shared from this number on; fewer go to one thread. */
const FEW = 4096;

/** Says whether parts are one for each thread, and of about equal size. */
export function isEven(sizes: readonly number[], threads: number): boolean {
  const mean = sizes.reduce((sum, size) => sum + size, 0) / threads;
  return sizes.length === threads && sizes.every((size) => size <= UNEVEN * mean);
}

/** Lists the gradients of a program whose products all threads share. */
function ownedBy(calls: readonly Call[], threads: number): readonly Owned[] {
  const owned: Owned[] = [];
  for (const call of calls) {
    if (call[0] !== 'denseKernelGradient') continue;
    const { dy, inputs } = named(k.denseKernelGradient, call);
    const parts = cutInto(productAxes.denseKernelGradient!(call), threads, true);
    const sizes = parts.map((part) => 8 * inputs * Math.ceil(named(k.denseKernelGradient, part).units / 8));
    if (!isEven(sizes, threads)) continue;
    parts.forEach((part, thread) => {
      const start = named(k.denseKernelGradient, part).dw;
      owned.push({ start, end: start + sizes[thread]!, thread });
    });
    const bias = calls.find((other) => other[0] === 'denseBiasGradient' && named(k.denseBiasGradient, other).dy === dy);
    if (bias === undefined) continue;
    cutInto(kernelAxes.denseBiasGradient!(bias), threads, true).forEach((part, thread) => {
      const { db, units } = named(k.denseBiasGradient, part);
      // Loops take whole lines, which tensors are padded to.
      owned.push({ start: db, end: db + LINE * Math.ceil(units / LINE), thread });
    });
  }
  return owned.sort((a, b) => a.start - b.start);
}

/** Weights, gradients and states that run parallel: positions of each range, and of the gradients that belong to it. */
interface Parallel {
  readonly start: number;
  readonly size: number;
  readonly gradients: number;
}

/** Cuts what runs over parameters at the borders of what threads own. */
export class Ownership {
  readonly #owned: readonly Owned[];
  readonly #weights: readonly Parallel[];

  constructor(
    calls: readonly Call[],
    private readonly threads: number,
    private readonly updates: { has(kernel: string): boolean },
  ) {
    this.#owned = ownedBy(calls, threads);
    this.#weights = calls
      .filter(([kernel]) => updates.has(kernel))
      .map((call) => named(k.update, call))
      .map(({ w, g, n }) => ({ start: w, size: n, gradients: g }));
  }

  /** Returns whether the weights at `w` are updated by the threads that own them. */
  owns(w: number): boolean {
    const g = this.#gradientsOf(w);
    return g !== undefined && this.#owned.some(({ start }) => start === g);
  }

  /** Returns the calls of each thread over what it owns; undefined where the call is of another kind. */
  share(call: Call, axis: Axis): readonly (readonly Call[])[] | undefined {
    const from = this.#place(call);
    if (from === undefined) return undefined;
    const to = from + axis.extent;
    const owned = this.#owned.filter(({ start, end }) => start < to && end > from);
    if (owned.length === 0) return undefined;
    const parts: Call[][] = Array.from({ length: this.threads }, () => []);
    const loads = parts.map(() => 0);
    const give = (thread: number, start: number, end: number) => {
      if (end <= start) return;
      parts[thread]!.push(axis.cut(start - from, end - start, thread));
      loads[thread]! += end - start;
    };
    const shareOut = (start: number, end: number) => {
      const step = end - start < FEW ? end - start : Math.ceil((end - start) / axis.unit / this.threads) * axis.unit;
      for (let at = start; at < end; at += step) give(loads.indexOf(Math.min(...loads)), at, Math.min(at + step, end));
    };
    const free: (readonly [number, number])[] = [];
    let at = from;
    for (const { start, end, thread } of owned) {
      if (start > at) free.push([at, start]);
      give(thread, Math.max(start, at), Math.min(end, to));
      at = Math.max(at, end);
    }
    if (at < to) free.push([at, to]);
    for (const [start, end] of free) shareOut(start, end);
    return parts;
  }

  /** The first of the gradients that a call runs parallel to. */
  #place(call: Call): number | undefined {
    const [kernel] = call;
    if (this.updates.has(kernel)) return named(k.update, call).g;
    const g = GRADIENTS[kernel];
    if (g !== undefined) return call[g] as number;
    const w = WEIGHTS[kernel];
    return w === undefined ? undefined : this.#gradientsOf(call[w] as number);
  }

  #gradientsOf(w: number): number | undefined {
    const weights = this.#weights.find(({ start, size }) => w >= start && w < start + size);
    return weights && weights.gradients + w - weights.start;
  }
}

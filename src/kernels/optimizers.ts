import { ValueError } from '../errors.js';
import type { Arithmetic } from './arithmetic.js';
import type { Heap, KernelName, Twins } from './contract.js';
import { fillOptions, type OptionRange, type OptionRanges } from './definition.js';
import { power } from './power.js';

type Family = Pick<Twins, 'sgd' | 'sgdMomentum' | 'adam'>;

/** Options that every optimizer takes. */
export interface CommonOptions {
  readonly learningRate: number;
}

/** What an optimizer is beside its loop. */
export interface OptimizerDefinition<O extends CommonOptions = CommonOptions> {
  readonly options: OptionRanges<O>;
  /** Refuses options that do not go together. */
  check?(options: O): void;
  /** The loop for these options, and the names of the states it takes, in order. */
  plan(options: O): { readonly kernel: KernelName & keyof Family; readonly states: readonly string[] };
  /** Writes the numbers that the loop reads in step t, from 1 on, to `block`, at most BLOCK_SIZE. */
  fill(heap: Heap, block: number, options: O, learningRate: number, t: number): void;
}

/** Elements of the block that an optimizer's loop reads. */
export const BLOCK_SIZE = 16;

/**
 * State falls by a factor of beta a step at most, so that what a look at every 16th step lets pass is still no denormal
 * number at the next.
 */
const FLUSH_EVERY = 16;

/** An optimizer as plain data: its name and all options. */
export type Spec<N extends string, O> = { readonly name: N } & Readonly<O>;

/** A function that checks options and returns a spec. */
function optimizer<N extends string, O extends CommonOptions>(name: N, definition: OptimizerDefinition<O>) {
  const make = (options: Partial<O> = {}): Spec<N, O> => {
    const filled = fillOptions(definition.options, options, name);
    definition.check?.(filled);
    return { name, ...filled };
  };
  return Object.assign(make, { definition });
}

const rate = (value: number): OptionRange => ({ default: value, min: 0 });
const decay = (value: number): OptionRange => ({ default: value, min: 0, below: 1 });
const epsilon = (value: number): OptionRange => ({ default: value, above: 0 });

export interface SgdOptions extends CommonOptions {
  /** Default 0.01. */
  readonly learningRate: number;
  /** From 0 to 1; default 0. */
  readonly momentum: number;
  /** Look ahead along the velocity; needs a momentum. Default false. */
  readonly nesterov: boolean;
}

/** Stochastic gradient descent: v = momentum v + g, w -= learningRate v, as in PyTorch. */
export const sgd = /* @__PURE__ */ optimizer<'sgd', SgdOptions>('sgd', {
  options: { learningRate: rate(0.01), momentum: { default: 0, min: 0, max: 1 }, nesterov: { default: false } },
  check({ momentum, nesterov }) {
    if (!nesterov || momentum > 0) return;
    throw new ValueError({ argument: 'sgd.nesterov', given: 'true', expected: 'false, or a momentum above 0' });
  },
  plan: ({ momentum }) =>
    momentum > 0 ? { kernel: 'sgdMomentum', states: ['velocity'] } : { kernel: 'sgd', states: [] },
  fill(heap, block, { momentum, nesterov }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = momentum;
    heap[block + 2] = nesterov ? momentum : 1;
    heap[block + 3] = nesterov ? 1 : 0;
  },
});

export interface AdamOptions extends CommonOptions {
  /** Default 0.001. */
  readonly learningRate: number;
  /** Default 0.9. */
  readonly beta1: number;
  /** Default 0.999. */
  readonly beta2: number;
  /** Added after the second bias correction; default 1e-8. */
  readonly epsilon: number;
}

/** Adam (Kingma and Ba 2015), with PyTorch's place of epsilon. */
export const adam = /* @__PURE__ */ optimizer<'adam', AdamOptions>('adam', {
  options: { learningRate: rate(1e-3), beta1: decay(0.9), beta2: decay(0.999), epsilon: epsilon(1e-8) },
  plan: () => ({ kernel: 'adam', states: ['m', 'v'] }),
  fill(heap, block, { beta1, beta2, epsilon }, learningRate, t) {
    // sqrt(v) / root is the corrected root; dividing step and epsilon instead saves a multiplication per weight.
    const root = Math.sqrt(1 - power(beta2, t));
    heap[block] = (-learningRate * root) / (1 - power(beta1, t));
    heap[block + 1] = epsilon * root;
    heap[block + 2] = beta1;
    heap[block + 3] = 1 - beta1;
    heap[block + 4] = beta2;
    heap[block + 5] = 1 - beta2;
    heap[block + 6] = t % FLUSH_EVERY === 1 ? 1 : 0;
  },
});

/** Every optimizer by name. */
export const optimizerTable = { sgd, adam };

export type OptimizerName = keyof typeof optimizerTable;
export type OptimizerSpec = ReturnType<(typeof optimizerTable)[OptimizerName]>;

/** The loops in TypeScript. @internal */
export function optimizers(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const SMALL = f(1e-15);
  const TINY = f(1e-33);
  const flush = (x: number, limit: number) => (Math.abs(x) < limit ? 0 : x);

  return {
    sgd(h, w, g, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = f(h[block]! * scale);
      for (let i = 0; i < n; i++) h[w + i] = f(h[g + i]! * step) + h[w + i]!;
    },

    sgdMomentum(h, w, g, v, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const momentum = h[block + 1]!;
      const lookAhead = h[block + 2]!;
      const present = h[block + 3]!;
      for (let i = 0; i < n; i++) {
        const gradient = f(h[g + i]! * scale);
        const velocity = flush(f(f(h[v + i]! * momentum) + gradient), TINY);
        h[v + i] = velocity;
        h[w + i] = f(f(f(velocity * lookAhead) + f(gradient * present)) * step) + h[w + i]!;
      }
    },

    adam(h, w, g, m, v, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      const c2 = h[block + 5]!;
      const tiny = h[block + 6] === 0 ? 0 : TINY;
      for (let i = 0; i < n; i++) {
        const gradient = flush(f(h[g + i]! * scale), SMALL);
        const m1 = flush(f(f(h[m + i]! * b1) + f(gradient * c1)), tiny);
        const v1 = flush(f(f(h[v + i]! * b2) + f(f(gradient * gradient) * c2)), tiny);
        h[m + i] = m1;
        h[v + i] = v1;
        h[w + i] = f(f(m1 / f(f(Math.sqrt(v1)) + epsilon)) * step) + h[w + i]!;
      }
    },
  };
}

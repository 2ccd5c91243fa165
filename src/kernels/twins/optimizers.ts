import { ValueError } from '../../errors.js';
import type { Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import {
  type CommonOptions,
  common,
  decay,
  epsilon,
  fillUpdateOptions,
  flushing,
  type OptimizerDefinition,
  optimizer,
  type Spec,
} from '../lib/update.js';

type Family = Pick<
  Twins,
  | 'decayWeights'
  | 'sgd'
  | 'sgdMomentum'
  | 'adagrad'
  | 'adadelta'
  | 'rmsprop'
  | 'rmspropMomentum'
  | 'rmspropCentered'
  | 'rmspropCenteredMomentum'
  | 'lion'
>;

/** Options of `sgd`. */
export interface SgdOptions extends CommonOptions {
  /** The share of the velocity that is kept from step to step, from 0 to 1; default 0. */
  readonly momentum: number;
  /** Look ahead along the velocity; needs a momentum. Default false. */
  readonly nesterov: boolean;
}

/** Stochastic gradient descent: v = momentum v + g, w -= learningRate v, as in PyTorch. */
export const sgd = /* @__PURE__ */ optimizer<'sgd', SgdOptions>('sgd', () => ({
  options: { ...common(0.01), momentum: { default: 0, min: 0, max: 1 }, nesterov: { default: false } },
  check({ momentum, nesterov }) {
    if (!nesterov || momentum > 0) return;
    throw new ValueError({ argument: 'sgd.nesterov', given: 'true', expected: 'false, or a momentum above 0' });
  },
  loops: { sgd: [], sgdMomentum: ['velocity'] },
  loop: ({ momentum }) => (momentum > 0 ? 'sgdMomentum' : 'sgd'),
  fill(heap, block, { momentum, nesterov }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = momentum;
    heap[block + 2] = nesterov ? momentum : 1;
    heap[block + 3] = nesterov ? 1 : 0;
  },
}));

/** Options of `momentum` and `nesterov`. */
export interface MomentumOptions extends CommonOptions {
  /** The share of the velocity that is kept from step to step; above 0, to 1, default 0.9. */
  readonly momentum: number;
}

/** sgd under the name of one of its variants; what it returns is sgd's. */
function sgdWith(name: string, nesterov: boolean) {
  const options = { ...common(0.01), momentum: { default: 0.9, above: 0, max: 1 } };
  const make = (given: Partial<MomentumOptions> = {}): Spec<'sgd', SgdOptions> => {
    return sgd({ ...fillUpdateOptions<MomentumOptions>({ options }, given, name), nesterov });
  };
  return Object.defineProperty(make, 'definition', {
    get: () => ({ ...sgd.definition, options }),
  }) as typeof make & { readonly definition: OptimizerDefinition<MomentumOptions> };
}

/** `sgd` with a momentum. */
export const momentum = /* @__PURE__ */ sgdWith('momentum', false);

/** `sgd` with a momentum and Nesterov's look-ahead. */
export const nesterov = /* @__PURE__ */ sgdWith('nesterov', true);

/** Options of `adagrad`. */
export interface AdagradOptions extends CommonOptions {
  /** The value that the sums of squares begin with; default 0. */
  readonly initialAccumulatorValue: number;
  /** Added to the root; default 1e-10. */
  readonly epsilon: number;
}

/** Adagrad (Duchi et al. 2011), as in PyTorch: each weight's step is divided by the root of its squared gradients so far. */
export const adagrad = /* @__PURE__ */ optimizer<'adagrad', AdagradOptions>('adagrad', () => ({
  options: { ...common(0.01), initialAccumulatorValue: { default: 0, min: 0 }, epsilon: epsilon(1e-10) },
  loops: { adagrad: ['sum'] },
  initial: ({ initialAccumulatorValue }) => initialAccumulatorValue,
  fill(heap, block, { epsilon }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = epsilon;
  },
}));

/** Options of `adadelta`. */
export interface AdadeltaOptions extends CommonOptions {
  /** Decay of both moving averages; default 0.9. */
  readonly rho: number;
  /** Added under both roots; default 1e-6. */
  readonly epsilon: number;
}

/** Adadelta (Zeiler 2012), as in PyTorch: steps as long as those before, by moving averages of squares. */
export const adadelta = /* @__PURE__ */ optimizer<'adadelta', AdadeltaOptions>('adadelta', () => ({
  options: { ...common(1), rho: decay(0.9), epsilon: epsilon(1e-6) },
  loops: { adadelta: ['v', 'u'] },
  fill(heap, block, { rho, epsilon }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = epsilon;
    heap[block + 2] = rho;
    heap[block + 3] = 1 - rho;
  },
}));

/** Options of `rmsprop`. */
export interface RmspropOptions extends CommonOptions {
  /** Decay of the moving averages; default 0.99. */
  readonly rho: number;
  /** Added to the root; default 1e-8. */
  readonly epsilon: number;
  /** The share of the velocity that is kept from step to step, from 0 to 1; default 0. */
  readonly momentum: number;
  /** Divides by the deviation from the mean gradient instead. Default false. */
  readonly centered: boolean;
}

const rmspropLoops = {
  rmsprop: ['v'],
  rmspropMomentum: ['v', 'velocity'],
  rmspropCentered: ['v', 'm'],
  rmspropCenteredMomentum: ['v', 'm', 'velocity'],
} as const;

/** RMSprop (Tieleman and Hinton 2012), as in PyTorch, whose `alpha` is `rho` here. */
export const rmsprop = /* @__PURE__ */ optimizer<'rmsprop', RmspropOptions>('rmsprop', () => ({
  options: {
    ...common(0.01),
    rho: decay(0.99),
    epsilon: epsilon(1e-8),
    momentum: { default: 0, min: 0, max: 1 },
    centered: { default: false },
  },
  loops: rmspropLoops,
  loop: ({ momentum, centered }) => `rmsprop${centered ? 'Centered' : ''}${momentum > 0 ? 'Momentum' : ''}`,
  fill(heap, block, { rho, epsilon, momentum }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = epsilon;
    heap[block + 2] = rho;
    heap[block + 3] = 1 - rho;
    heap[block + 4] = momentum;
  },
}));

/** Options of `lion`. */
export interface LionOptions extends CommonOptions {
  /** Weight of the moving average in the blend whose sign is the step; default 0.9. */
  readonly beta1: number;
  /** Decay of the moving average; default 0.99. */
  readonly beta2: number;
}

/** Lion (Chen et al. 2023): every weight moves by the learning rate, in the direction of an average's sign. */
export const lion = /* @__PURE__ */ optimizer<'lion', LionOptions>('lion', () => ({
  options: { ...common(1e-4), beta1: decay(0.9), beta2: decay(0.99) },
  loops: { lion: ['m'] },
  fill(heap, block, { beta1, beta2 }, learningRate) {
    heap[block] = -learningRate;
    heap[block + 1] = beta1;
    heap[block + 2] = 1 - beta1;
    heap[block + 3] = beta2;
    heap[block + 4] = 1 - beta2;
  },
}));

const NONE = -1;

/** Makes the loops in TypeScript. */
export default function optimizers(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const { small, settle } = flushing(arithmetic);
  const clamp = (x: number) => (x < 0 ? 0 : x);
  /** The loop of all four; a state that a variant lacks lies at NONE. */
  const rms: Family['rmspropCenteredMomentum'] = (h, w, g, v, m, u, n, block, factor) => {
    const scale = h[factor]!;
    if (Number.isNaN(scale)) return;
    const step = h[block]!;
    const epsilon = h[block + 1]!;
    const keep = h[block + 2]!;
    const take = h[block + 3]!;
    const momentum = h[block + 4]!;
    for (let i = 0; i < n; i++) {
      const gradient = small(f(h[g + i]! * scale));
      const v1 = f(f(h[v + i]! * keep) + f(f(gradient * gradient) * take));
      h[v + i] = v1;
      let variance = v1;
      if (m !== NONE) {
        const m1 = f(f(h[m + i]! * keep) + f(gradient * take));
        h[m + i] = m1;
        variance = clamp(f(v1 - f(m1 * m1)));
      }
      let change = f(gradient / f(f(Math.sqrt(variance)) + epsilon));
      if (u !== NONE) {
        change = f(f(h[u + i]! * momentum) + change);
        h[u + i] = change;
      }
      h[w + i] = f(change * step) + h[w + i]!;
    }
    for (const state of [v, m, u]) if (state !== NONE) settle(h, state, n, block);
  };

  return {
    decayWeights(h, w, n, slot, factor) {
      if (Number.isNaN(h[factor]!)) return;
      const decay = h[slot]!;
      for (let i = 0; i < n; i++) h[w + i] = f(h[w + i]! * decay) + h[w + i]!;
    },

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
        const velocity = f(f(h[v + i]! * momentum) + gradient);
        h[v + i] = velocity;
        h[w + i] = f(f(f(velocity * lookAhead) + f(gradient * present)) * step) + h[w + i]!;
      }
      settle(h, v, n, block);
    },

    adagrad(h, w, g, sum, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const v = f(f(gradient * gradient) + h[sum + i]!);
        h[sum + i] = v;
        h[w + i] = f(f(gradient / f(f(Math.sqrt(v)) + epsilon)) * step) + h[w + i]!;
      }
    },

    adadelta(h, w, g, v, u, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const keep = h[block + 2]!;
      const take = h[block + 3]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const v1 = f(f(h[v + i]! * keep) + f(f(gradient * gradient) * take));
        const u0 = h[u + i]!;
        const ratio = f(f(u0 + epsilon) / f(v1 + epsilon));
        const change = f(f(Math.sqrt(ratio)) * gradient);
        h[v + i] = v1;
        h[u + i] = f(f(u0 * keep) + f(f(change * change) * take));
        h[w + i] = f(change * step) + h[w + i]!;
      }
      settle(h, v, n, block);
      settle(h, u, n, block);
    },

    rmsprop: (h, w, g, v, n, block, factor) => rms(h, w, g, v, NONE, NONE, n, block, factor),
    rmspropMomentum: (h, w, g, v, u, n, block, factor) => rms(h, w, g, v, NONE, u, n, block, factor),
    rmspropCentered: (h, w, g, v, m, n, block, factor) => rms(h, w, g, v, m, NONE, n, block, factor),
    rmspropCenteredMomentum: rms,

    lion(h, w, g, m, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const b1 = h[block + 1]!;
      const c1 = h[block + 2]!;
      const b2 = h[block + 3]!;
      const c2 = h[block + 4]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const m0 = h[m + i]!;
        const blend = f(f(m0 * b1) + f(gradient * c1));
        const signed = blend > 0 ? step : blend < 0 ? -step : 0;
        h[m + i] = f(f(m0 * b2) + f(gradient * c2));
        h[w + i] = f(signed + (blend - blend)) + h[w + i]!;
      }
      settle(h, m, n, block);
    },
  };
}

import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { pow } from '../lib/elementary.js';
import { power } from '../lib/power.js';
import {
  type CommonOptions,
  common,
  decay,
  epsilon,
  flushing,
  type OptimizerDefinition,
  optimizer,
} from '../lib/update.js';

type Family = Pick<Twins, 'adam' | 'adamMaximum' | 'adamBlend' | 'adamax' | 'adan'>;

/** Options of `adamax`, which all of the Adam family share. */
export interface AdamaxOptions extends CommonOptions {
  /** Decay of the moving average of gradients; at least 0 and below 1, default 0.9. */
  readonly beta1: number;
  /** Decay of the second moment, in `adamax` of the largest gradient; at least 0 and below 1, default 0.999. */
  readonly beta2: number;
  /** Keeps the divisor above 0; default 1e-8. */
  readonly epsilon: number;
}

/** Options of `adam` and `adamw`. */
export interface AdamOptions extends AdamaxOptions {
  /** Divides by the largest second moment so far instead of the present one (Reddi et al. 2018). Default false. */
  readonly amsgrad: boolean;
}

const moments = () => ({ beta1: decay(0.9), beta2: decay(0.999), epsilon: epsilon(1e-8) });

function fillMoments(heap: Heap, block: number, epsilon: number, { beta1, beta2 }: AdamaxOptions): void {
  heap[block + 1] = epsilon;
  heap[block + 2] = beta1;
  heap[block + 3] = 1 - beta1;
  heap[block + 4] = beta2;
  heap[block + 5] = 1 - beta2;
}

const adamDefinition = (weightDecay: number) => (): OptimizerDefinition<AdamOptions> => ({
  options: { ...common(1e-3, weightDecay), ...moments(), amsgrad: { default: false } },
  loops: { adam: ['m', 'v'], adamMaximum: ['m', 'v', 'maximum'] },
  loop: ({ amsgrad }) => (amsgrad ? 'adamMaximum' : 'adam'),
  fill(heap, block, options, learningRate, t) {
    const { beta1, beta2, epsilon } = options;
    // sqrt(v) / root is the corrected root; dividing step and epsilon instead saves a multiplication per weight.
    const root = Math.sqrt(1 - power(beta2, t));
    heap[block] = (-learningRate * root) / (1 - power(beta1, t));
    fillMoments(heap, block, epsilon * root, options);
  },
});

/** Adam (Kingma and Ba 2015), with PyTorch's place of epsilon. */
export const adam = /* @__PURE__ */ optimizer<'adam', AdamOptions>('adam', /* @__PURE__ */ adamDefinition(0));

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019), which only kernels undergo. */
export const adamw = /* @__PURE__ */ optimizer<'adamw', AdamOptions>('adamw', /* @__PURE__ */ adamDefinition(0.01));

/** Options of `nadam`. */
export interface NadamOptions extends AdamaxOptions {
  /** The pace at which the momentum grows from about half of beta1 to beta1; default 0.004. */
  readonly momentumDecay: number;
}

/** Returns the momentum of step t. */
function nadamMomentum({ beta1, momentumDecay }: NadamOptions, t: number): number {
  return beta1 * (1 - 0.5 * pow(0.96, t * momentumDecay));
}

/** Product of the momenta of steps 1 to t, by the options of one optimizer: the next one is a multiplication away. */
const products = /* @__PURE__ */ new WeakMap<NadamOptions, { t: number; product: number }>();

/** Steps whose momenta are multiplied one by one; from then on they are as good as beta1. */
const MOST_STEPS = 2 ** 20;

/** Below this a product is 0 for good, which changes nothing when added to 1. */
const NO_MOMENTUM = 2 ** -100;

function momentumProduct(options: NadamOptions, t: number): number {
  const known = products.get(options);
  const last = Math.min(t, MOST_STEPS);
  let { t: from, product } = known && known.t <= last ? known : { t: 0, product: 1 };
  while (from < last && product > 0) {
    from++;
    product *= nadamMomentum(options, from);
    if (product < NO_MOMENTUM) product = 0;
  }
  products.set(options, { t: last, product });
  return t > last ? product * power(options.beta1, t - last) : product;
}

/** Adam with Nesterov's look-ahead (Dozat 2016), as in PyTorch 2: the bias of the next step counts each momentum once. */
export const nadam = /* @__PURE__ */ optimizer<'nadam', NadamOptions>('nadam', () => ({
  options: { ...common(2e-3), ...moments(), momentumDecay: { default: 4e-3, min: 0 } },
  loops: { adamBlend: ['m', 'v'] },
  fill(heap, block, options, learningRate, t) {
    const root = Math.sqrt(1 - power(options.beta2, t));
    const present = nadamMomentum(options, t);
    const next = nadamMomentum(options, t + 1);
    const product = momentumProduct(options, t);
    heap[block] = (-learningRate * root * next) / (1 - product * next);
    fillMoments(heap, block, options.epsilon * root, options);
    heap[block + 6] = (-learningRate * root * (1 - present)) / (1 - product);
    heap[block + 7] = 1;
  },
}));

/** Rectified Adam (Liu et al. 2020), as in PyTorch: momentum alone until the second moment can be trusted. */
export const radam = /* @__PURE__ */ optimizer<'radam', AdamaxOptions>('radam', () => ({
  options: { ...common(1e-3), ...moments() },
  loops: { adamBlend: ['m', 'v'] },
  fill(heap, block, options, learningRate, t) {
    const { beta1, beta2, epsilon } = options;
    const powered = power(beta2, t);
    const longest = 2 / (1 - beta2) - 1;
    const length = longest - (2 * t * powered) / (1 - powered);
    const trusted = length > 5;
    const rectified = ((length - 4) * (length - 2) * longest) / ((longest - 4) * (longest - 2) * length);
    const scale = trusted ? Math.sqrt(rectified * (1 - powered)) : 1;
    heap[block] = (-learningRate * scale) / (1 - power(beta1, t));
    fillMoments(heap, block, trusted ? epsilon : 1, options);
    heap[block + 6] = 0;
    heap[block + 7] = trusted ? 1 : 0;
  },
}));

/** Adamax (Kingma and Ba 2015), as in PyTorch: Adam with the largest gradient, decaying, in place of the second moment. */
export const adamax = /* @__PURE__ */ optimizer<'adamax', AdamaxOptions>('adamax', () => ({
  options: { ...common(2e-3), ...moments() },
  loops: { adamax: ['m', 'u'] },
  fill(heap, block, options, learningRate, t) {
    heap[block] = -learningRate / (1 - power(options.beta1, t));
    fillMoments(heap, block, options.epsilon, options);
  },
}));

/** Options of `adan`. */
export interface AdanOptions extends CommonOptions {
  /** Decay of the moving average of gradients; default 0.98. */
  readonly beta1: number;
  /** Decay of the moving average of their changes; default 0.92. */
  readonly beta2: number;
  /** Decay of the second moment of gradients with look-ahead; default 0.99. */
  readonly beta3: number;
  /** Keeps the divisor above 0; default 1e-8. */
  readonly epsilon: number;
}

/**
 * Adan: Adam that estimates where gradients go from how they changed (Xie et al. 2022). Betas are those of the authors'
 * code, one minus the paper's; weight decay comes before the step.
 */
export const adan = /* @__PURE__ */ optimizer<'adan', AdanOptions>('adan', () => ({
  options: {
    ...common(1e-3),
    beta1: decay(0.98),
    beta2: decay(0.92),
    beta3: decay(0.99),
    epsilon: epsilon(1e-8),
  },
  loops: { adan: ['m', 'v', 'n', 'last'] },
  fill(heap, block, { beta1, beta2, beta3, epsilon }, learningRate, t) {
    const root = Math.sqrt(1 - power(beta3, t));
    const bias = 1 - power(beta1, t);
    heap[block] = (-learningRate * root) / bias;
    heap[block + 1] = epsilon * root;
    heap[block + 2] = beta1;
    heap[block + 3] = 1 - beta1;
    heap[block + 4] = beta2;
    heap[block + 5] = 1 - beta2;
    heap[block + 6] = beta3;
    heap[block + 7] = 1 - beta3;
    heap[block + 8] = (beta2 * bias) / (1 - power(beta2, t));
    heap[block + 9] = t === 1 ? 0 : 1;
  },
}));

/** Makes the loops in TypeScript. */
export default function adamLoops(arithmetic: Arithmetic): Family {
  const f = arithmetic.round;
  const { small, settle } = flushing(arithmetic);

  return {
    adam(h, w, g, m, v, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      const c2 = h[block + 5]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        const v1 = f(f(h[v + i]! * b2) + f(f(gradient * gradient) * c2));
        h[m + i] = m1;
        h[v + i] = v1;
        h[w + i] = f(f(m1 / f(f(Math.sqrt(v1)) + epsilon)) * step) + h[w + i]!;
      }
      settle(h, m, n, block);
      settle(h, v, n, block);
    },

    adamMaximum(h, w, g, m, v, u, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      const c2 = h[block + 5]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        const v1 = f(f(h[v + i]! * b2) + f(f(gradient * gradient) * c2));
        const u0 = h[u + i]!;
        const u1 = u0 < v1 ? v1 : u0;
        h[m + i] = m1;
        h[v + i] = v1;
        h[u + i] = u1;
        h[w + i] = f(f(m1 / f(f(Math.sqrt(u1)) + epsilon)) * step) + h[w + i]!;
      }
      settle(h, m, n, block);
      settle(h, v, n, block);
    },

    adamBlend(h, w, g, m, v, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const stepM = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      const c2 = h[block + 5]!;
      const stepG = h[block + 6]!;
      const root = h[block + 7]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        const v1 = f(f(h[v + i]! * b2) + f(f(gradient * gradient) * c2));
        h[m + i] = m1;
        h[v + i] = v1;
        const change = f(f(m1 * stepM) + f(gradient * stepG));
        h[w + i] = f(change / f(f(f(Math.sqrt(v1)) * root) + epsilon)) + h[w + i]!;
      }
      settle(h, m, n, block);
      settle(h, v, n, block);
    },

    adamax(h, w, g, m, u, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        const decayed = f(h[u + i]! * b2);
        const present = f(Math.abs(gradient) + epsilon);
        const u1 = decayed < present ? present : decayed;
        h[m + i] = m1;
        h[u + i] = u1;
        h[w + i] = f(f(m1 / u1) * step) + h[w + i]!;
      }
      settle(h, m, n, block);
    },

    adan(h, w, g, m, v, s, last, n, block, factor) {
      const scale = h[factor]!;
      if (Number.isNaN(scale)) return;
      const step = h[block]!;
      const epsilon = h[block + 1]!;
      const b1 = h[block + 2]!;
      const c1 = h[block + 3]!;
      const b2 = h[block + 4]!;
      const c2 = h[block + 5]!;
      const b3 = h[block + 6]!;
      const c3 = h[block + 7]!;
      const share = h[block + 8]!;
      const known = h[block + 9]!;
      for (let i = 0; i < n; i++) {
        const gradient = small(f(h[g + i]! * scale));
        const change = f(f(gradient - h[last + i]!) * known);
        const ahead = small(f(f(change * b2) + gradient));
        const m1 = f(f(h[m + i]! * b1) + f(gradient * c1));
        const v1 = f(f(h[v + i]! * b2) + f(change * c2));
        const s1 = f(f(h[s + i]! * b3) + f(f(ahead * ahead) * c3));
        h[last + i] = gradient;
        h[m + i] = m1;
        h[v + i] = v1;
        h[s + i] = s1;
        const move = f(f(f(v1 * share) + m1) / f(f(Math.sqrt(s1)) + epsilon));
        h[w + i] = f(move * step) + h[w + i]!;
      }
      settle(h, m, n, block);
      settle(h, v, n, block);
      settle(h, s, n, block);
    },
  };
}

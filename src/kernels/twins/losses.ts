import type { Heap, Twins } from '../contract.js';
import type { Arithmetic } from '../lib/arithmetic.js';
import { type LossKernel, loss, smoothing } from '../lib/loss.js';
import { raise, rowWeight } from '../lib/loss-loop.js';
import type { SmoothingOptions } from './losses-binary.js';
import { softmaxParts } from './softmax.js';

const softmax = {
  fuses: 'softmax',
  domain: 'probability',
  advice: 'For a single sigmoid output use binaryCrossentropy.',
} as const;

/** Crossentropy with one class index per row, computed from the logits together with the softmax that ends the model. */
export const sparseCategoricalCrossentropy = /* @__PURE__ */ loss<'sparseCategoricalCrossentropy', SmoothingOptions>(
  'sparseCategoricalCrossentropy',
  () => ({
    ...softmax,
    targets: 'label',
    options: { labelSmoothing: smoothing },
    args: ({ labelSmoothing }) => [labelSmoothing],
  }),
);

/** Crossentropy with a row of class probabilities, one-hot or soft, computed from the logits together with the softmax. */
export const categoricalCrossentropy = /* @__PURE__ */ loss<'categoricalCrossentropy', SmoothingOptions>(
  'categoricalCrossentropy',
  () => ({
    ...softmax,
    targets: 'class',
    options: { labelSmoothing: smoothing },
    args: ({ labelSmoothing }) => [labelSmoothing],
  }),
);

/** Options of `categoricalFocalCrossentropy`. */
export interface CategoricalFocalOptions extends SmoothingOptions {
  /** The exponent that makes easy rows count less; at least 0, default 2. At 0 all count alike. */
  readonly gamma: number;
  /** A factor of the whole loss; default 0.25. */
  readonly alpha: number;
}

/** Categorical crossentropy, each class times alpha (1 - p)^gamma, where p is its probability. (Lin et al. 2017.) */
export const categoricalFocalCrossentropy = /* @__PURE__ */ loss<
  'categoricalFocalCrossentropy',
  CategoricalFocalOptions
>('categoricalFocalCrossentropy', () => ({
  ...softmax,
  targets: 'class',
  options: { gamma: { default: 2, min: 0 }, alpha: { default: 0.25, min: 0 }, labelSmoothing: smoothing },
  args: ({ labelSmoothing, gamma, alpha }) => [labelSmoothing, gamma, alpha],
}));

type Family = Pick<Twins, 'sparseCategoricalCrossentropy' | 'categoricalCrossentropy' | 'categoricalFocalCrossentropy'>;

/** Makes the loops in TypeScript. */
export default function losses(arithmetic: Arithmetic): Family {
  const { round: f, exp, log } = arithmetic;
  const { TINY, lanes, clear, total32, rowMax, exponentials } = softmaxParts(arithmetic);

  /** The loss of a row of logits; `out` holds e^(z - max), and the row's gradient afterwards. */
  type Row = (
    h: Heap,
    row: number,
    t: number,
    out: number,
    columns: number,
    max: number,
    sum: number,
    logSum: number,
    slope: number,
    smoothing: number,
    gamma: number,
  ) => number;

  const softmaxRows =
    (loss: Row): LossKernel =>
    (h, z, targets, weights, dz, at, rows, columns, stride, targetStride, scale, slope, smoothing = 0, gamma = 0) => {
      let losses = 0;
      for (let r = 0; r < rows; r++) {
        const weight = rowWeight(h, weights, r);
        const row = z + r * stride;
        const out = dz + r * stride;
        const max = rowMax(h, row, columns);
        const sum = exponentials(h, row, out, columns, max);
        const t = targets + r * targetStride;
        const factor = f(f(slope) * weight);
        losses += weight * loss(h, row, t, out, columns, max, sum, log(sum), factor, f(smoothing), f(gamma));
      }
      h[at] = losses * f(scale);
    };

  const LEAST = f(1e-30);
  const focal = softmaxRows((h, row, t, out, columns, max, sum, logSum, slope, smoothing, gamma) => {
    const share = f(smoothing / columns);
    const keep = f(1 - smoothing);
    const sums = [0, 0, 0, 0];
    clear();
    for (let c = 0; c < columns; c++) {
      const target = f(f(h[t + c]! * keep) + share);
      const p = f(h[out + c]! / sum);
      const missing = f(1 - p);
      const rest = missing < LEAST ? LEAST : missing;
      const weighted = f(target * raise(arithmetic, rest, gamma));
      const distance = f(logSum + f(max - h[row + c]!));
      if (weighted !== 0) sums[c & 3]! += f(weighted * distance);
      const bend = f(f(f(gamma * p) * distance) / rest);
      const gradient = weighted === 0 ? 0 : f(weighted * f(bend + 1));
      h[out + c] = gradient;
      lanes[c & 3] = f(lanes[c & 3]! + gradient);
    }
    const all = total32();
    for (let c = 0; c < columns; c++) {
      const e = exp(f(h[row + c]! - max));
      const p = f((e < TINY ? 0 : e) / sum);
      h[out + c] = f(f(f(p * all) - h[out + c]!) * slope);
    }
    return sums[0]! + sums[2]! + (sums[1]! + sums[3]!);
  });

  return {
    sparseCategoricalCrossentropy: softmaxRows((h, row, label, out, columns, max, sum, logSum, slope, smoothing) => {
      const all = f(smoothing / columns);
      const keep = f(1 - smoothing);
      const picked = Math.trunc(h[label]!);
      let distance = f(keep * f(max - h[row + picked]!));
      if (smoothing > 0) {
        clear();
        for (let c = 0; c < columns; c++) lanes[c & 3] = f(lanes[c & 3]! + f(max - h[row + c]!));
        distance = f(distance + f(all * total32()));
      }
      for (let c = 0; c < columns; c++) h[out + c] = f(f(f(h[out + c]! / sum) - all) * slope);
      h[out + picked] = f(h[out + picked]! - f(keep * slope));
      return f(logSum + distance);
    }),

    categoricalCrossentropy: softmaxRows((h, row, t, out, columns, max, sum, logSum, slope, smoothing) => {
      const share = f(smoothing / columns);
      const keep = f(1 - smoothing);
      const sums = [0, 0, 0, 0];
      clear();
      for (let c = 0; c < columns; c++) {
        const target = f(f(h[t + c]! * keep) + share);
        if (target !== 0) sums[c & 3]! += f(target * f(logSum + f(max - h[row + c]!)));
        lanes[c & 3] = f(lanes[c & 3]! + target);
      }
      const all = total32();
      for (let c = 0; c < columns; c++) {
        const target = f(f(h[t + c]! * keep) + share);
        h[out + c] = f(f(f(f(h[out + c]! / sum) * all) - target) * slope);
      }
      return sums[0]! + sums[2]! + (sums[1]! + sums[3]!);
    }),

    categoricalFocalCrossentropy(h, y, targets, weights, dy, at, rows, columns, stride, targetStride, ...options) {
      const [scale, slope, smoothing, gamma, alpha] = options.map(f) as [number, number, number, number, number];
      const scales = [f(scale * alpha), f(slope * alpha)] as const;
      focal(h, y, targets, weights, dy, at, rows, columns, stride, targetStride, ...scales, smoothing, gamma);
    },
  };
}

import type { Engine } from '../engine/engine.js';
import { nextBatch } from '../engine/steps.js';
import { ValueError } from '../errors.js';
import { exp, log } from '../kernels/lib/math.js';
import { Generator, stream } from '../kernels/lib/philox.js';
import type { BoundLoss } from '../nn/bound-loss.js';
import type { NetworkInput } from '../program/network.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';

/**
 * Refuses ids and targets that have nothing between them.
 * @throws ValueError for ids and for targets that cannot be mixed.
 */
export function checkMixup(losses: readonly BoundLoss[], inputs: readonly NetworkInput[]): void {
  const ids = inputs.find((item) => item.ids)?.ids;
  if (ids) {
    throw new ValueError({
      argument: 'mixup',
      given: `ids of ${ids.layer}, an embedding`,
      expected: 'inputs that can be mixed',
      hint: 'Between two ids there is none: train without mixup.',
    });
  }
  const labels = losses.find(({ definition }) => definition.targets === 'label' || definition.domain === 'sign');
  if (!labels) return;
  throw new ValueError({
    argument: 'mixup',
    given: `the loss '${labels.name}'`,
    expected: 'targets that can be mixed',
    hint: 'Use categoricalCrossentropy with one-hot rows, or binaryCrossentropy.',
  });
}

/**
 * Draws from Beta(alpha, alpha), with float32 logarithms and powers that are the same on every engine. Up to 1/2 by Joehnk's
 * rejection, above by Ulrich's polar method (Devroye 1986, Non-uniform random variate generation, IX.3).
 */
export function drawBeta(generator: Generator, alpha: number): number {
  const logUniform = () => log(Math.fround(1 - generator.uniform()));
  for (;;) {
    if (alpha <= 0.5) {
      const a = Math.fround(logUniform() / alpha);
      const b = Math.fround(logUniform() / alpha);
      if (exp(a) + exp(b) > 1) continue;
      const most = Math.max(a, b);
      const [x, y] = [exp(Math.fround(a - most)), exp(Math.fround(b - most))];
      return x / (x + y);
    }
    const u = generator.uniform();
    const v = 2 * generator.uniform() - 1;
    const s = u * u + v * v;
    if (s > 1 || s === 0) continue;
    const power = exp(Math.fround((log(Math.fround(s)) * 2) / (2 * alpha - 1)));
    return 0.5 + ((u * v) / s) * Math.sqrt(Math.max(0, 1 - power));
  }
}

/**
 * Mixes a staged batch with a permutation of itself: each row becomes lambda times itself and 1 - lambda times another,
 * with one lambda from Beta(alpha, alpha); targets and weights alike. Drawn for this batch from a stream of its own. (Zhang
 * et al. 2018, mixup: beyond empirical risk minimization.)
 */
export class Mixup {
  constructor(
    private readonly alpha: number,
    private readonly seed: number,
  ) {}

  apply(engine: Engine, program: LinkedProgram): void {
    const generator = new Generator(this.seed, stream('augmentation'), nextBatch(engine));
    const lambda = drawBeta(generator, this.alpha);
    const partners = Uint32Array.from({ length: program.rows }, (_, i) => i);
    for (let i = partners.length - 1; i > 0; i--) {
      const j = generator.integer(i + 1);
      [partners[i], partners[j]] = [partners[j] as number, partners[i] as number];
    }
    const mix = ({ offset, stride, size, columns }: Tensor) => {
      const { heap } = engine;
      const staged = heap.slice(offset, offset + size);
      partners.forEach((partner, r) => {
        const other = partner * stride;
        const own = offset + r * stride;
        for (let c = 0; c < columns; c++) {
          heap[own + c] = lambda * (heap[own + c] as number) + (1 - lambda) * (staged[other + c] as number);
        }
      });
    };
    program.inputs.forEach(mix);
    program.targets.forEach(mix);
  }
}

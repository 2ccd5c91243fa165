import type { BackendFactory, Model } from '../src/index.js';
import type { Case } from './measure.js';
import { makeModel, problemFor } from './models.js';
import type { Batch } from './problem.js';
import { W2 } from './workloads.js';

/**
 * Adam's state decays while gradients fade, and would end among denormal numbers, with which processors are slow. So a
 * converged model must not be slower than a fresh one.
 */
interface Stage {
  readonly stage: string;
  /**
   * By which the output layer is scaled up once the problem is fitted: 1 leaves gradients around 1e-7, 2 around 1e-13,
   * 3 around 1e-19, 1000 none.
   */
  readonly scale: number;
  /** Steps of decay after that. The second moment takes 62,000 to fall from 1e-6 to 1e-33. */
  readonly decay: number;
}

const STAGES: readonly Stage[] = [
  { stage: 'fresh', scale: 0, decay: 0 },
  { stage: 'fitted', scale: 1, decay: 0 },
  { stage: 'faint gradients', scale: 2, decay: 3_000 },
  { stage: 'fainter gradients', scale: 3, decay: 3_000 },
  { stage: 'no gradients', scale: 1000, decay: 3_000 },
  { stage: 'no gradients, state gone', scale: 1000, decay: 80_000 },
];
const FIT_STEPS = 3_000;

export interface ConvergenceCase extends Case {
  readonly stage: string;
}

export interface Convergence {
  readonly workload: string;
  readonly build: string;
  /** Microseconds per step by stage. */
  readonly usPerStep: Readonly<Record<string, number>>;
  /** By stage, this build's time over that of the build before. */
  readonly ratios?: Readonly<Record<string, number>>;
  /** The slowest of the later stages over the first. */
  readonly convergedOverFresh: number;
}

/** Scales the last layer up: the same decisions, with certainty. */
function makeCertain(model: Model, scale: number): void {
  const weights = model.getWeights();
  const last = Object.keys(weights).filter((name) => name.startsWith(`layers.${W2.layers.length - 1}.`));
  for (const name of last)
    weights[name]!.data.forEach((value, i, data) => {
      data[i] = value * scale;
    });
  model.setWeights(weights);
}

function largestGradient(model: Model, { x, y }: Batch): number {
  const { gradients } = model.gradients(x, y);
  return Object.values(gradients).reduce((max, { data }) => data.reduce((m, g) => Math.max(m, Math.abs(g)), max), 0);
}

export function convergenceCases(factory: BackendFactory, quick: boolean): readonly ConvergenceCase[] {
  const batches = problemFor(W2, 8, 0.1);
  return STAGES.map(({ stage, scale, decay }) => ({
    name: `convergence ${stage}`,
    quick: decay < 10_000,
    stage,
    prepare() {
      const model = makeModel(W2, factory);
      let next = 0;
      const step = () => {
        const { x, y } = batches[next]!;
        model.trainOnBatch(x, y);
        next = (next + 1) % batches.length;
      };
      if (scale > 0) {
        for (let i = 0; i < (quick ? 300 : FIT_STEPS); i++) step();
        makeCertain(model, scale);
      }
      model.learningRate = 0;
      for (let i = 0; i < (quick ? 300 : decay); i++) step();
      const largest = Math.max(...batches.map((batch) => largestGradient(model, batch)));
      if (largest > 0 === scale > 3)
        throw new Error(`${this.name} is not what it says: gradients go up to ${largest}.`);
      return step;
    },
  }));
}

export function convergenceOf(
  cases: readonly ConvergenceCase[],
  timings: ReadonlyMap<Case, number>,
  build: string,
  ratioOf: (item: Case) => number | undefined,
): Convergence | undefined {
  const known = cases.flatMap((item) => {
    const ratio = ratioOf(item);
    return ratio === undefined ? [] : [[item.stage, ratio] as const];
  });
  const ratios = known.length > 0 ? { ratios: Object.fromEntries(known) } : {};
  const usPerStep = Object.fromEntries(cases.map((item) => [item.stage, timings.get(item)!] as const));
  const { fresh, ...later } = usPerStep;
  const slowest = Math.max(...Object.values(later));
  if (fresh === undefined || slowest < 0) return undefined;
  return { workload: W2.name, build, usPerStep, convergedOverFresh: slowest / fresh, ...ratios };
}

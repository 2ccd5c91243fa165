import { maker } from '../../kernels/definition.js';
import { fillUpdateOptions, type LearningRate, type Spec } from '../../kernels/lib/update.js';
import { checkFullBatch, solveFullBatch } from './full-batch.js';
import type { Solver, Vector } from './solver.js';

/** Options of `lbfgs`. */
export interface LbfgsOptions {
  /** The first step that each line search tries, in multiples of the direction; default 1. */
  readonly learningRate: LearningRate;
  /**
   * Directions of one optimizer step, which is an epoch of `fit`; default 20. None is begun after 1.25 times as many
   * evaluations.
   */
  readonly maxIterations: number;
  /** Past directions that shape the next; default 10. */
  readonly historySize: number;
  /** Done where no component of the gradient is larger; default 1e-7. */
  readonly toleranceGradient: number;
  /** Done where neither the loss nor any weight changes by more; default 1e-9. */
  readonly toleranceChange: number;
}

const ranges = {
  learningRate: { default: 1, above: 0 },
  maxIterations: { default: 20, min: 1, integer: true },
  historySize: { default: 10, min: 1, integer: true },
  toleranceGradient: { default: 1e-7, min: 0 },
  toleranceChange: { default: 1e-9, min: 0 },
} as const;

function make(options: Partial<LbfgsOptions> = {}): Spec<'lbfgs', LbfgsOptions> {
  return { name: 'lbfgs', ...fillUpdateOptions<LbfgsOptions>({ options: ranges }, options, 'lbfgs') };
}

/**
 * Limited-memory BFGS (Liu and Nocedal 1989) with a line search for the strong Wolfe conditions, as in PyTorch, for small
 * tabular sets: each step sees all rows and evaluates loss and gradient some 25 times.
 */
export const lbfgs = /* @__PURE__ */ maker(
  () => ({
    options: ranges,
    build: (options: LbfgsOptions) => ({ states: [], solver: makeLbfgs(options), emit() {}, fill() {} }),
  }),
  (_, options?: Partial<LbfgsOptions>) => make(options),
);

function dot(a: Vector, b: Vector): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i] as number) * (b[i] as number);
  return sum;
}

/** Returns a + factor b. */
function plus(a: Vector, factor: number, b: Vector): Vector {
  return a.map((x, i) => x + factor * (b[i] as number));
}

function largest(a: Vector): number {
  return a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
}

/** A point of the line search: how far along, loss, gradient and the slope there. */
interface Point {
  readonly t: number;
  readonly loss: number;
  readonly gradient: Vector;
  readonly slope: number;
}

/** Returns where the cubic through two points with these slopes has its minimum, within bounds. */
function cubicMinimum(a: Point, b: Point, low: number, high: number): number {
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const square = d1 * d1 - a.slope * b.slope;
  if (!(square >= 0)) return (low + high) / 2;
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d2 = Math.sqrt(square);
  const t = right.t - (right.t - left.t) * ((right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2));
  // Where both slopes are 0, there is no interpolation, so the middle is taken.
  return Number.isNaN(t) ? (low + high) / 2 : Math.min(Math.max(t, low), high);
}

const SUFFICIENT_DECREASE = 1e-4;
const CURVATURE = 0.9;
const MOST_TRIALS = 25;

/**
 * Searches along a direction for a point that satisfies the strong Wolfe conditions, and returns the best one found; after
 * torch.optim.LBFGS.
 */
function* searchLine(
  evaluate: (t: number) => Generator<void, Point, number>,
  start: Point,
  first: number,
  reach: number,
  tolerance: number,
): Generator<void, { readonly point: Point; readonly evaluations: number }, number> {
  const tooHigh = ({ t, loss }: Point) => loss > start.loss + SUFFICIENT_DECREASE * t * start.slope;
  const flat = ({ slope }: Point) => Math.abs(slope) <= -CURVATURE * start.slope;

  let previous = start;
  let point = yield* evaluate(first);
  let trials = 0;
  let bracket: [Point, Point] | undefined;
  while (!bracket && trials < MOST_TRIALS) {
    if (tooHigh(point) || (trials > 1 && point.loss >= previous.loss)) {
      bracket = [previous, point];
    } else if (flat(point)) {
      return { point, evaluations: trials + 1 };
    } else if (point.slope >= 0) {
      bracket = [previous, point];
    } else {
      const t = cubicMinimum(previous, point, point.t + 0.01 * (point.t - previous.t), point.t * 10);
      previous = point;
      point = yield* evaluate(t);
      trials++;
    }
  }
  bracket ??= [start, point];

  let [low, high] = bracket[0].loss <= bracket[1].loss ? bracket : [bracket[1], bracket[0]];
  let stuck = false;
  while (trials < MOST_TRIALS) {
    const [left, right] = [Math.min(low.t, high.t), Math.max(low.t, high.t)];
    if ((right - left) * reach < tolerance) break;
    let t = cubicMinimum(low, high, left, right);
    // A point close to an end makes hardly any progress, so it is moved a tenth of the interval away.
    const margin = 0.1 * (right - left);
    const close = Math.min(right - t, t - left) < margin;
    if (close && (stuck || t >= right || t <= left)) {
      t = Math.abs(t - right) < Math.abs(t - left) ? right - margin : left + margin;
      stuck = false;
    } else {
      stuck = close;
    }
    point = yield* evaluate(t);
    trials++;
    if (tooHigh(point) || point.loss >= low.loss) {
      high = point;
      if (high.loss < low.loss) [low, high] = [high, low];
    } else {
      const done = flat(point);
      if (!done && point.slope * (high.t - low.t) >= 0) high = low;
      low = point;
      if (done) break;
    }
  }
  return { point: low, evaluations: trials + 1 };
}

/** Returns a solver with its memory. */
function makeLbfgs(options: LbfgsOptions): Solver {
  const { maxIterations, historySize, toleranceGradient, toleranceChange } = options;
  const mostEvaluations = Math.floor((maxIterations * 5) / 4);
  /** Past changes of the weights and of the gradient, and one over their product. */
  const history: { readonly s: Vector; readonly y: Vector; readonly rho: number }[] = [];
  let last: { readonly gradient: Vector; readonly direction: Vector; readonly t: number } | undefined;
  let curvature = 1;

  function remember(gradient: Vector): void {
    if (!last) return;
    const y = plus(gradient, -1, last.gradient);
    const s = last.direction.map((x) => x * (last as { t: number }).t);
    const ys = dot(y, s);
    if (!(ys > 1e-10)) return;
    if (history.length === historySize) history.shift();
    history.push({ s, y, rho: 1 / ys });
    curvature = ys / dot(y, y);
  }

  /** Minus the gradient times the approximate inverse of the Hessian, by the two loops over the history. */
  function direct(gradient: Vector): Vector {
    let q = gradient.map((x) => -x);
    const alphas: number[] = [];
    for (const { s, y, rho } of history.slice().reverse()) {
      const alpha = dot(s, q) * rho;
      alphas.push(alpha);
      q = plus(q, -alpha, y);
    }
    q = q.map((x) => x * curvature);
    for (const { s, y, rho } of history) q = plus(q, (alphas.pop() as number) - dot(y, q) * rho, s);
    return q;
  }

  const names = (past: number, direction: boolean) => [
    ...(direction ? ['gradient', 'direction'] : []),
    ...Array.from({ length: past }, (_, i) => [`s.${i}`, `y.${i}`]).flat(),
  ];

  return {
    state() {
      const vectors = [...(last ? [last.gradient, last.direction] : []), ...history.flatMap(({ s, y }) => [s, y])];
      return {
        // NaN stands for the length where there is no last direction.
        numbers: [curvature, last?.t ?? NaN, ...history.map(({ rho }) => rho)],
        vectors: Object.fromEntries(names(history.length, last !== undefined).map((name, i) => [name, vectors[i]!])),
      };
    },

    vectorNames(numbers) {
      const past = numbers.length - 2;
      return past < 0 || past > historySize ? undefined : names(past, !Number.isNaN(numbers[1]));
    },

    restore({ numbers: [kept = 1, t = NaN, ...rhos], vectors }) {
      curvature = kept;
      last = Number.isNaN(t) ? undefined : { gradient: vectors.gradient!, direction: vectors.direction!, t };
      history.length = 0;
      rhos.forEach((rho, i) => {
        history.push({ s: vectors[`s.${i}`]!, y: vectors[`y.${i}`]!, rho });
      });
    },

    check: (options, parameters) => checkFullBatch('lbfgs', options, parameters),

    solve(model, program, learningRate, report) {
      return solveFullBatch(this, model, program, learningRate, report);
    },

    *step(objective, learningRate) {
      let loss = yield;
      let gradient = objective.gradient();
      let evaluations = 1;
      if (!Number.isFinite(loss) || largest(gradient) <= toleranceGradient) return;
      for (let i = 1; i <= maxIterations; i++) {
        remember(gradient);
        const direction = direct(gradient);
        const slope = dot(gradient, direction);
        const sum = gradient.reduce((total, x) => total + Math.abs(x), 0);
        const first = last ? learningRate : Math.min(1, 1 / sum) * learningRate;
        last = { gradient, direction, t: first };
        if (!(slope <= -toleranceChange)) {
          // Either the optimum is reached, or weights or data have changed and the history no longer describes them.
          history.length = 0;
          last = undefined;
          return;
        }

        const x = objective.weights();
        const evaluate = function* (t: number): Generator<void, Point, number> {
          objective.setWeights(plus(x, t, direction));
          const value = yield;
          const at = objective.gradient();
          return { t, loss: Number.isNaN(value) ? Infinity : value, gradient: at, slope: dot(at, direction) };
        };
        const start = { t: 0, loss, gradient, slope };
        const found = yield* searchLine(evaluate, start, first, largest(direction), toleranceChange);
        const { point } = found;
        objective.setWeights(plus(x, point.t, direction));
        last = { gradient, direction, t: point.t };
        const gained = Math.abs(point.loss - loss);
        ({ loss, gradient } = point);
        evaluations += found.evaluations;
        if (evaluations >= mostEvaluations || largest(gradient) <= toleranceGradient) return;
        if (largest(direction) * point.t <= toleranceChange || gained < toleranceChange) return;
      }
    },
  };
}

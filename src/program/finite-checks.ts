import type { Emitter, Guard } from './emitter.js';
import type { Network } from './network.js';
import type { Parameter } from './parameter.js';
import { align, type Tensor, vectorTensor } from './plan.js';
import type { Training } from './training.js';

/** Products of operands below the bound are below the ceiling in batches of some thousand rows; squares of that are finite. */
export const BOUND = 1e8;
export const CEILING = 1e19;

/** Clipping to more than this says nothing about what an update does. */
const CLIPS_BELOW = 1e9;

/** As many elements are looked at while a kernel is called. */
const CALL = 256;

/**
 * The calls that stop an update by making its factor NaN, where a number is not finite or so large that the update's own
 * might not be. It may stop an update for nothing, and passes none that would do harm. The gradient of a kernel is large:
 * in larger networks the operands that it is the product of are looked at instead, whose largest bound it.
 */
export class FiniteChecks implements Guard {
  /** Losses and penalties, of which no more is asked than to be finite. */
  readonly #others: readonly Tensor[];
  /** The number of them that have been looked at. */
  #seen = 0;
  readonly #bounded = new Set<Parameter>();
  /** Kernels are held by the operands of their products. */
  readonly #byProducts: boolean;
  readonly #byNorm: boolean;

  constructor(
    private readonly emit: Emitter,
    { parameters }: Network,
    private readonly training: Training,
  ) {
    const { targets, penalties, activityPenalties, update, gradients } = training;
    this.#others = [
      ...targets.map(({ report }) => report.loss),
      ...[...penalties, ...activityPenalties].map(({ penalty }) => penalty),
    ];
    const { clip, trackGradientNorm } = update;
    this.#byNorm = clip !== undefined || (trackGradientNorm && emit.mode === 'train');
    const kernels = parameters.filter(({ layout, trainable }) => trainable && layout === 'panels');
    const operands = kernels.reduce((sum, { rows, columns }) => sum + 2 * CALL + emit.rows * (rows + columns), 0);
    this.#byProducts = !this.#byNorm && operands < gradients.size;
  }

  product(kernel: Parameter, x: Tensor, dy: Tensor): void {
    if (!this.#byProducts) return;
    this.#bounded.add(kernel);
    const { bound } = this.emit.slots;
    this.#look(x, bound);
    this.#look(dy, bound);
  }

  finish(parameters: readonly Parameter[]): void {
    const { emit } = this;
    const { gradients, penalties, update } = this.training;
    const { norm, bound, ceiling } = emit.slots;
    const looks: [Tensor, Tensor, number?][] = emit.watched.map(({ vector, columns }) => [vector, ceiling, columns]);
    if (this.#byNorm) {
      if (!update.clip || update.clip.limit > CLIPS_BELOW) looks.push([norm, ceiling]);
    } else {
      for (const { gradients } of emit.rowGradients) looks.push([gradients, ceiling]);
      if (this.#byProducts) {
        for (const { penalty } of penalties) looks.push([penalty, bound]);
        const rest = parameters.filter((each) => {
          return each.trainable && each.layout !== 'table' && !this.#bounded.has(each);
        });
        for (const run of runsOf(rest.map(({ gradient }) => gradient))) looks.push([run, ceiling]);
      } else {
        looks.push([gradients, ceiling]);
      }
    }
    // The last look tells how large numbers were; that of threads which look at the same time would be any of theirs.
    const last = parameters.findLast(({ layout, trainable }) => trainable && layout === 'panels');
    if (looks.length === 0 && last) looks.push([last.gradient, ceiling]);
    while (this.#others.length - this.#seen > looks.length) this.#look(undefined, ceiling);
    for (const [tensor, limit, columns] of looks) this.#look(tensor, limit, columns);
  }

  #look(tensor: Tensor | undefined, limit: Tensor, columns = tensor?.columns ?? 0): void {
    const { factor } = this.emit.slots;
    const { rows = 0, stride = 0 } = tensor ?? {};
    const other = this.#others[this.#seen++] ?? limit;
    this.emit.call('guard', tensor ?? factor, rows, columns, stride, other, limit, factor);
  }
}

/** Neighbours on the heap as one tensor; what lies between them to fill a line is 0. */
function runsOf(tensors: readonly Tensor[]): readonly Tensor[] {
  const runs: { start: number; end: number }[] = [];
  for (const { offset, size } of [...tensors].sort((a, b) => a.offset - b.offset)) {
    const last = runs.at(-1);
    if (last && offset <= align(last.end)) last.end = offset + size;
    else runs.push({ start: offset, end: offset + size });
  }
  return runs.map(({ start, end }, i) => {
    const name = runs.length > 1 ? `gradients.vectors.${i}` : 'gradients.vectors';
    return Object.assign(vectorTensor(name, end - start), { offset: start });
  });
}

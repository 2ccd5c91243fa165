import * as k from '../kernels/signatures/index.js';
import type { Emitter, Guard } from './emitter.js';
import type { Network } from './network.js';
import type { Parameter } from './parameter.js';
import { align, rangeTensor, type Tensor } from './plan.js';
import type { Training } from './training.js';

/** Products of operands below the bound are below the ceiling in batches of some thousand rows; squares of that are finite. */
export const BOUND = 1e8;
export const CEILING = 1e19;

/** Clipping to more than this says nothing about what an update does. */
const CLIPS_BELOW = 1e9;

/** As many elements are looked at while a kernel is called. */
const CALL = 256;

const NOTHING = { rows: 0, stride: 0 };

/** One comparison: an update stops where a magnitude in the first columns of `tensor` is not below `limit`. */
interface Look {
  /** Default none, for a report alone. */
  readonly tensor?: Tensor;
  readonly limit: Tensor;
  /** Default: all columns. */
  readonly columns?: number;
}

/** Names what says that the gradients of kernels are in bounds: their norm, the operands of their products, or themselves. */
type Evidence = 'norm' | 'operands' | 'gradients';

function evidenceFor(emit: Emitter, { parameters, nonZeros }: Network, { update, gradients }: Training): Evidence {
  if (update.clip || (update.trackGradientNorm && emit.mode === 'train')) return 'norm';
  const kernels = parameters.filter(({ layout, trainable }) => trainable && layout === 'panels');
  const operands = kernels.reduce(
    (sum, { rows, columns }) => sum + 2 * CALL + emit.rows * ((nonZeros ? 0 : rows) + columns),
    0,
  );
  return operands < gradients.size ? 'operands' : 'gradients';
}

/** Losses and penalties, of which no more is asked than to be finite. */
function reportsOf({ targets, penaltySlots }: Training): Tensor[] {
  return [...targets.map(({ report }) => report.loss), ...penaltySlots];
}

/** The looks once all gradients are there, in their order. `bounded` are kernels whose operands have been looked at. */
function finalLooks(
  emit: Emitter,
  training: Training,
  parameters: readonly Parameter[],
  evidence: Evidence,
  bounded: ReadonlySet<Parameter>,
): readonly Look[] {
  const { norm, bound, ceiling } = emit.slots;
  const { gradients, penalties, update } = training;
  const looks: Look[] = emit.watched.map(({ vector, columns }) => ({ tensor: vector, limit: ceiling, columns }));
  const add = (limit: Tensor, tensors: readonly Tensor[]) =>
    looks.push(...tensors.map((tensor) => ({ tensor, limit })));
  if (evidence === 'norm') {
    if (!update.clip || update.clip.limit > CLIPS_BELOW) add(ceiling, [norm]);
  } else {
    add(
      ceiling,
      emit.rowGradients.map((rows) => rows.gradients),
    );
    if (evidence === 'operands') {
      add(
        bound,
        penalties.map(({ penalty }) => penalty),
      );
      const rest = parameters.filter((each) => each.trainable && each.layout !== 'table' && !bounded.has(each));
      add(ceiling, runsOf(rest.map(({ gradient }) => gradient)));
    } else add(ceiling, [gradients]);
  }
  // The last look measures how large numbers were; with threads that look at the same time it would be any of them.
  const last = parameters.findLast(({ layout, trainable }) => trainable && layout === 'panels');
  if (looks.length === 0 && last) add(ceiling, [last.gradient]);
  return looks;
}

/**
 * The calls that stop an update by making its factor NaN, where a number is not finite or so large that the update's own
 * might not be. It may stop an update for nothing, and passes none that would do harm. The gradient of a kernel is large:
 * in larger networks the operands that it is the product of are looked at instead, whose largest bound it. Each look
 * takes a report along; those that are left over have looks of their own before the last ones.
 */
export class FiniteChecks implements Guard {
  readonly #evidence: Evidence;
  /** Reports that no look has taken along yet, the next one last. */
  readonly #reports: Tensor[];
  readonly #bounded = new Set<Parameter>();

  constructor(
    private readonly emit: Emitter,
    network: Network,
    private readonly training: Training,
  ) {
    this.#evidence = evidenceFor(emit, network, training);
    this.#reports = reportsOf(training).reverse();
  }

  product(kernel: Parameter, x: Tensor, dy: Tensor): void {
    if (this.#evidence !== 'operands') return;
    // A penalty of the user's own adds what these operands do not bound.
    if (!kernel.penalty.own) this.#bounded.add(kernel);
    const limit = this.emit.slots.bound;
    this.#look([x, dy].map((tensor) => ({ tensor, limit })));
  }

  finish(parameters: readonly Parameter[]): void {
    const { emit } = this;
    const looks = finalLooks(emit, this.training, parameters, this.#evidence, this.#bounded);
    const alone = Math.max(0, this.#reports.length - looks.length);
    this.#look([...Array.from({ length: alone }, () => ({ limit: emit.slots.ceiling })), ...looks]);
  }

  #look(looks: readonly Look[]): void {
    const { factor } = this.emit.slots;
    for (const { tensor, limit, columns = tensor?.columns ?? 0 } of looks) {
      const { rows, stride } = tensor ?? NOTHING;
      const other = this.#reports.pop() ?? limit;
      this.emit.call(k.guard, { x: tensor ?? factor, rows, columns, stride, other, limit, factor });
    }
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
    return rangeTensor(name, start, end);
  });
}

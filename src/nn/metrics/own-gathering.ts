import { show, ValueError } from '../../errors.js';
import type { Heap } from '../../kernels/contract.js';
import type { Matrix } from '../../matrix.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import { gatherRows, RowStore, targetColumns } from './gathered.js';
import type { BoundMetric, Gather, GatheredState, Gathering, GatheringTarget, Measured } from './metric.js';

/** Adds the rows of a batch to running totals. */
export type UpdateTotals = (yTrue: Matrix, yPred: Matrix, weights: Float32Array, totals: Float64Array) => void;

/** Says how a metric of the user's own comes to its value: from totals, or from all rows. */
export type OwnMeasure =
  | {
      /** The number of totals. */
      readonly totals: number;
      readonly update: UpdateTotals;
      result(totals: Float64Array): number;
    }
  | { readonly totals: undefined; compute(yTrue: Matrix, yPred: Matrix, weights: Float32Array): number };

/** Makes what holds the rows of a metric of the user's own, and carries its measure. */
export type OwnGather = Gather & { readonly own: OwnMeasure };

/** Holds what a metric has so far: its totals, or the targets, predictions and weights of all rows. */
interface Own {
  readonly metric: BoundMetric;
  readonly measure: OwnMeasure;
  readonly totals: Float64Array;
  readonly rows: readonly RowStore[];
}

const ownOf = ({ gather }: BoundMetric): OwnMeasure | undefined => (gather as OwnGather | undefined)?.own;

function begin(metric: BoundMetric, measure: OwnMeasure, target: GatheringTarget, rows: number): Own {
  const columns = measure.totals === undefined ? [targetColumns(target), target.objective.units, 1] : [];
  return {
    metric,
    measure,
    totals: new Float64Array(measure.totals ?? 0),
    rows: columns.map((width) => new RowStore(width, rows)),
  };
}

function stateOf({ measure, totals, rows }: Own): NonNullable<GatheredState['own']> {
  return measure.totals === undefined ? rows.map(({ data }) => data.slice()) : [Array.from(totals)];
}

/** Copies a tensor of a batch, for a function that may write to it. */
function copyOf(heap: Heap, tensor: Tensor | undefined, columns: number, rows: number): RowStore {
  const store = new RowStore(columns, rows);
  store.add(heap, tensor, rows);
  return store;
}

/** Holds what metrics of the user's own need, and the rows that others do. */
class OwnGathering implements Gathering {
  readonly #others: Gathering | undefined;
  readonly #owns: readonly { readonly index: number; readonly target: GatheringTarget; readonly own: Own }[];
  #rows = 0;

  constructor(
    private readonly all: readonly GatheringTarget[],
    rows: number,
  ) {
    const others = all.map((target) => {
      const metrics = target.metrics.filter((metric) => metric.compute && !ownOf(metric));
      return { ...target, metrics, gathered: metrics.length > 0 };
    });
    this.#others = others.some(({ gathered }) => gathered) ? gatherRows(others, rows) : undefined;
    this.#owns = all.flatMap((target, index) =>
      target.metrics.flatMap((metric) => {
        const measure = ownOf(metric);
        return measure ? [{ index, target, own: begin(metric, measure, target, rows) }] : [];
      }),
    );
  }

  restart(): void {
    this.#rows = 0;
    this.#others?.restart();
    for (const { own } of this.#owns) {
      own.totals.fill(0);
      for (const store of own.rows) store.restart();
    }
  }

  get state(): GatheredState {
    const others = this.#others?.state ?? { predictions: [], targets: [] };
    return { ...others, rows: this.#rows, own: this.#owns.flatMap(({ own }) => stateOf(own)) };
  }

  set state(state: GatheredState) {
    this.#rows = state.rows;
    if (this.#others) this.#others.state = state;
    const parts = [...(state.own ?? [])];
    for (const { own } of this.#owns) {
      if (own.measure.totals !== undefined) own.totals.set(parts.shift() as readonly number[]);
      for (const store of own.rows) store.data = parts.shift() as Float32Array;
    }
  }

  fits(state: Partial<Record<keyof GatheredState, unknown>>): boolean {
    const lengths = this.#owns.flatMap(({ own: { measure, totals }, target }) => {
      if (measure.totals !== undefined) return [totals.length];
      return [targetColumns(target), target.objective.units, 1].map((columns) => columns * (state.rows as number));
    });
    const parts = state.own;
    return (
      (this.#others?.fits(state) ?? true) &&
      Array.isArray(parts) &&
      parts.length === lengths.length &&
      lengths.every((length, i) => (parts[i] as { length?: unknown } | null)?.length === length)
    );
  }

  add(heap: Heap, program: LinkedProgram): void {
    const { rows, outputs, targets, weighted } = program;
    this.#rows += rows;
    this.#others?.add(heap, program);
    for (const { index, target, own } of this.#owns) {
      const weights = weighted ? targets[this.all.length + index] : undefined;
      const parts = [
        [targets[index], targetColumns(target)],
        [outputs[index], target.objective.units],
        [weights, 1],
      ] as const;
      if (own.measure.totals === undefined) {
        parts.forEach(([tensor], i) => {
          own.rows[i]?.add(heap, tensor, rows);
        });
        continue;
      }
      const [yTrue, yPred, weight] = parts.map(([tensor, columns]) => copyOf(heap, tensor, columns, rows)) as [
        RowStore,
        RowStore,
        RowStore,
      ];
      own.measure.update(yTrue.matrix, yPred.matrix, weight.data, own.totals);
    }
  }

  *measure(): Generator<void, Measured> {
    const measured = this.#others
      ? (yield* this.#others.measure()).map((values) => new Map(values))
      : this.all.map(() => new Map<BoundMetric, number>());
    for (const { index, own } of this.#owns) {
      measured[index]?.set(own.metric, resultOf(own));
      yield;
    }
    return measured;
  }
}

/** @throws ValueError where the function of the metric returns no number. */
function resultOf({ metric: { label }, measure, totals, rows }: Own): number {
  const [yTrue, yPred, weights] = rows as [RowStore, RowStore, RowStore];
  const value: unknown =
    measure.totals === undefined
      ? measure.compute(yTrue.matrix, yPred.matrix, weights.data)
      : measure.result(totals.slice());
  if (typeof value === 'number') return value;
  throw new ValueError({
    argument: `the metric '${label}'`,
    given: `${show(value)} from ${measure.totals === undefined ? 'compute' : 'result'}`,
    expected: 'a number',
  });
}

/** Returns what a metric with this measure gathers by. */
export function ownGather(own: OwnMeasure): OwnGather {
  const gather: Gather = (targets, rows, before) =>
    before instanceof OwnGathering ? before : new OwnGathering(targets, rows);
  return Object.assign(gather, { own });
}

import type { Heap } from '../../kernels/contract.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { copyRows } from '../../program/copy.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { BoundMetric, GatheredState, Gathering, GatheringTarget, Measured, Rows } from './metric.js';

/** Rows of one matrix as far as they have come. */
export class RowStore {
  #data: Float32Array;
  #rows = 0;

  constructor(
    private readonly columns: number,
    rows: number,
  ) {
    this.#data = new Float32Array(rows * columns);
  }

  get data(): Float32Array {
    return this.#data.subarray(0, this.#rows * this.columns);
  }

  set data(values: Float32Array) {
    this.#rows = values.length / this.columns;
    this.#room(values.length);
    this.#data.set(values);
  }

  get matrix(): Matrix {
    return makeMatrix(this.data, this.#rows, this.columns);
  }

  restart(): void {
    this.#rows = 0;
  }

  #room(length: number): void {
    if (length <= this.#data.length) return;
    const grown = new Float32Array(Math.max(length, 2 * this.#data.length));
    grown.set(this.#data);
    this.#data = grown;
  }

  /** Adds the rows of a tensor; of no tensor so many ones. */
  add(heap: Heap, tensor: Tensor | undefined, rows: number): void {
    const { columns } = this;
    const at = this.#rows * columns;
    this.#rows += rows;
    this.#room(this.#rows * columns);
    if (tensor) copyRows(heap, tensor.offset, tensor.stride, this.#data, at, columns, rows, columns);
    else this.#data.fill(1, at, at + rows * columns);
  }
}

/** Rows of an output and their targets. */
interface Part {
  readonly index: number;
  readonly target: GatheringTarget;
  readonly predictions: RowStore;
  readonly targets: RowStore;
}

/** Returns the number of columns of an output's targets. */
export function targetColumns({ objective: { targets } }: GatheringTarget): number {
  return targets === 'labels' ? 1 : targets;
}

/** Holds what programs leave of all rows of an epoch or an evaluation, for metrics that need them together. */
class Gathered implements Gathering {
  #rows = 0;
  readonly #parts: readonly Part[];

  constructor(
    private readonly all: readonly GatheringTarget[],
    rows: number,
  ) {
    this.#parts = all.flatMap((target, index) => {
      if (!target.gathered) return [];
      const predictions = new RowStore(target.objective.units, rows);
      return [{ index, target, predictions, targets: new RowStore(targetColumns(target), rows) }];
    });
  }

  restart(): void {
    this.#rows = 0;
    for (const { predictions, targets } of this.#parts) {
      predictions.restart();
      targets.restart();
    }
  }

  get state(): GatheredState {
    return {
      rows: this.#rows,
      predictions: this.#parts.map(({ predictions }) => predictions.data.slice()),
      targets: this.#parts.map(({ targets }) => targets.data.slice()),
    };
  }

  set state({ rows, predictions, targets }: GatheredState) {
    this.#rows = rows;
    this.#parts.forEach((part, i) => {
      part.predictions.data = predictions[i] as Float32Array;
      part.targets.data = targets[i] as Float32Array;
    });
  }

  fits({ rows, predictions, targets }: Partial<Record<keyof GatheredState, unknown>>): boolean {
    const parts = this.#parts;
    const match = (lists: unknown, columns: (target: GatheringTarget) => number) =>
      Array.isArray(lists) &&
      lists.length === parts.length &&
      parts.every(({ target }, i) => {
        const data: unknown = lists[i];
        return data instanceof Float32Array && data.length === (rows as number) * columns(target);
      });
    return match(predictions, ({ objective }) => objective.units) && match(targets, targetColumns);
  }

  /** Copies the rows of a program that has just run. */
  add(heap: Heap, program: LinkedProgram): void {
    this.#rows += program.rows;
    for (const { index, predictions, targets } of this.#parts) {
      predictions.add(heap, program.outputs[index], program.rows);
      targets.add(heap, program.targets[index], program.rows);
    }
  }

  /** Computes the metrics, with a chance to stop after each, and within those that take long. */
  *measure(): Generator<void, Measured> {
    const measured = this.all.map(() => new Map<BoundMetric, number>());
    for (const { index, target, predictions, targets } of this.#parts) {
      const rows: Rows = { kind: target.kind, predictions: predictions.matrix, targets: targets.matrix };
      for (const metric of target.metrics) {
        if (!metric.compute) continue;
        const value = metric.compute(rows);
        measured[index]?.set(metric, typeof value === 'number' ? value : yield* value);
        yield;
      }
    }
    return measured;
  }
}

/** Allocates room for this many rows, and more as they come. */
export function gatherRows(targets: readonly GatheringTarget[], rows: number, before?: Gathering): Gathering {
  return before ?? new Gathered(targets, rows);
}

import type { Heap } from '../../kernels/contract.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { copyRows } from '../../program/copy.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { BoundMetric, GatheredState, Gathering, GatheringTarget, Measured, Rows } from './metric.js';

/** Rows of an output and their targets, as far as they have come. */
interface Part {
  readonly index: number;
  readonly target: GatheringTarget;
  readonly columns: number;
  predictions: Float32Array;
  targets: Float32Array;
}

/** Holds what programs leave of all rows of an epoch or an evaluation, for metrics that need them together. */
class Gathered implements Gathering {
  #rows = 0;
  #capacity: number;
  readonly #parts: readonly Part[];

  constructor(
    private readonly all: readonly GatheringTarget[],
    rows: number,
  ) {
    this.#capacity = rows;
    this.#parts = all.flatMap((target, index) => {
      if (!target.gathered) return [];
      const { units, targets } = target.objective;
      const columns = targets === 'labels' ? 1 : targets;
      const [predictions, wanted] = [new Float32Array(rows * units), new Float32Array(rows * columns)];
      return [{ index, target, columns, predictions, targets: wanted }];
    });
  }

  restart(): void {
    this.#rows = 0;
  }

  get state(): GatheredState {
    return {
      rows: this.#rows,
      predictions: this.#parts.map(({ predictions, target }) => {
        return predictions.slice(0, this.#rows * target.objective.units);
      }),
      targets: this.#parts.map(({ targets, columns }) => targets.slice(0, this.#rows * columns)),
    };
  }

  set state({ rows, predictions, targets }: GatheredState) {
    this.#room(rows);
    this.#rows = rows;
    this.#parts.forEach((part, i) => {
      part.predictions.set(predictions[i] as Float32Array);
      part.targets.set(targets[i] as Float32Array);
    });
  }

  #room(rows: number): void {
    if (rows <= this.#capacity) return;
    this.#capacity = Math.max(rows, 2 * this.#capacity);
    const larger = (data: Float32Array, columns: number) => {
      const grown = new Float32Array(this.#capacity * columns);
      grown.set(data);
      return grown;
    };
    for (const part of this.#parts) {
      part.predictions = larger(part.predictions, part.target.objective.units);
      part.targets = larger(part.targets, part.columns);
    }
  }

  /** Copies the rows of a program that has just run. */
  add(heap: Heap, program: LinkedProgram): void {
    this.#room(this.#rows + program.rows);
    for (const { index, predictions, targets } of this.#parts) {
      this.#copy(heap, program.outputs[index] as Tensor, predictions);
      this.#copy(heap, program.targets[index] as Tensor, targets);
    }
    this.#rows += program.rows;
  }

  #copy(heap: Heap, { offset, rows, columns, stride }: Tensor, to: Float32Array): void {
    copyRows(heap, offset, stride, to, this.#rows * columns, columns, rows, columns);
  }

  /** Computes the metrics, with a chance to stop after each, and within those that take long. */
  *measure(): Generator<void, Measured> {
    const measured = this.all.map(() => new Map<BoundMetric, number>());
    for (const { index, target, columns, predictions, targets } of this.#parts) {
      const { kind, metrics, objective } = target;
      const rows: Rows = {
        kind,
        predictions: this.#sofar(predictions, objective.units),
        targets: this.#sofar(targets, columns),
      };
      for (const metric of metrics) {
        if (!metric.compute) continue;
        const value = metric.compute(rows);
        measured[index]?.set(metric, typeof value === 'number' ? value : yield* value);
        yield;
      }
    }
    return measured;
  }

  #sofar(data: Float32Array, columns: number): Matrix {
    return makeMatrix(data.subarray(0, this.#rows * columns), this.#rows, columns);
  }
}

/** Allocates room for this many rows, and more as they come. */
export function gatherRows(targets: readonly GatheringTarget[], rows: number): Gathering {
  return new Gathered(targets, rows);
}

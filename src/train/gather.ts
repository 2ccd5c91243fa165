import { type Matrix, makeMatrix } from '../matrix.js';
import type { Rows } from '../model/metrics/counted.js';
import type { BoundMetric } from '../model/metrics/table.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import { copyRows } from './copy.js';
import type { Engine } from './engine.js';

/** The value of each metric, by output. */
export type Measured = readonly ReadonlyMap<BoundMetric, number>[];

type BoundTarget = Engine['training']['targets'][number];

/** Rows of an output and their targets, as far as they have come. */
interface Part {
  readonly index: number;
  readonly target: BoundTarget;
  readonly predictions: Float32Array;
  readonly targets: Float32Array;
}

/** What programs leave of all rows of an epoch or an evaluation, for metrics that need them together. */
export class Gathered {
  #rows = 0;
  readonly #parts: readonly Part[];

  private constructor(
    private readonly all: readonly BoundTarget[],
    rows: number,
  ) {
    this.#parts = all.flatMap((target, index) => {
      if (!target.gathered) return [];
      const { units, targets } = target.objective;
      const columns = targets === 'labels' ? 1 : targets;
      return [
        { index, target, predictions: new Float32Array(rows * units), targets: new Float32Array(rows * columns) },
      ];
    });
  }

  /** Room for so many rows; undefined where no metric needs it. */
  static of({ training: { targets } }: Engine, rows: number): Gathered | undefined {
    return targets.some(({ gathered }) => gathered) ? new Gathered(targets, rows) : undefined;
  }

  restart(): void {
    this.#rows = 0;
  }

  /** Copies the rows of a program that has just run. */
  add({ heap }: Engine, program: LinkedProgram): void {
    for (const { index, predictions, targets } of this.#parts) {
      this.#copy(heap, program.outputs[index] as Tensor, predictions);
      this.#copy(heap, program.targets[index] as Tensor, targets);
    }
    this.#rows += program.rows;
  }

  #copy(heap: Engine['heap'], { offset, rows, columns, stride }: Tensor, to: Float32Array): void {
    copyRows(heap, offset, stride, to, this.#rows * columns, columns, rows, columns);
  }

  /** Computes the metrics, with a chance to stop after each, and within those that take long. */
  *measure(): Generator<void, Measured> {
    const measured = this.all.map(() => new Map<BoundMetric, number>());
    for (const { index, target, predictions, targets } of this.#parts) {
      const { kind, metrics, objective } = target;
      const columns = objective.targets === 'labels' ? 1 : objective.targets;
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

/** The metrics of a program that has just run. */
export function measureBatch(engine: Engine, program: LinkedProgram): Measured | undefined {
  const gathered = Gathered.of(engine, program.rows);
  if (!gathered) return undefined;
  gathered.add(engine, program);
  const steps = gathered.measure();
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

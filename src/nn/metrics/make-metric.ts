import { checkOptions } from '../../errors.js';
import { fillOptions, type OptionRanges } from '../../kernels/definition.js';
import type { MatrixLike } from '../../matrix.js';
import { gatherRows } from './gathered.js';
import {
  configure,
  type Direction,
  type Kind,
  type Labelled,
  type MetricDefinition,
  type MetricLabel,
  type MetricSpecOf,
  type Reads,
  type Rows,
  type Steps,
} from './metric.js';
import { readSample, Sample } from './sample.js';

/** Says how a metric is computed. */
export interface Measure<O extends object = object> {
  readonly options: OptionRanges<O>;
  readonly reads: Reads;
  readonly fits: readonly Kind[];
  readonly best: Direction;
  readonly counted?: boolean;
  check?(options: O, kind: Kind, classes: number): void;
  compute(sample: Sample, options: O): number | Steps;
}

/** Options of a metric as a function of targets and predictions. */
export type CallOptions<O> = Partial<O> & {
  /** Columns are labels of which a row may have any number, not exclusive classes. Default false. */
  readonly multiLabel?: boolean;
};

/**
 * A metric. With options, or nothing, returns what `compile` takes; with targets and predictions, its value over all
 * rows. Predictions are as `model.predict` returns them; metrics that look at the predicted class alone also take class
 * indices. Targets are class indices, rows like those of predictions, or, for one column of scores, 0 and 1. They are
 * computed in float64 of the numbers given; of a model's own metrics those are float32, as models take them.
 */
export interface Metric<N extends string, O extends object> {
  <const Label extends string = N>(options?: Partial<O> & MetricLabel<Label>): MetricSpecOf<N, O> & Labelled<Label>;
  (yTrue: MatrixLike, yPred: MatrixLike, options?: CallOptions<O>): number;
  /** Says how it is computed, and of which models. */
  readonly definition: MetricDefinition<O>;
}

function measure<O extends object>(
  name: string,
  { options, reads, check, compute }: Measure<O>,
  yTrue: MatrixLike,
  yPred: MatrixLike,
  given: CallOptions<O>,
): number {
  checkOptions(given, [...Object.keys(options), 'multiLabel'], name);
  const { multiLabel = false, ...rest } = given;
  const filled = fillOptions(options, rest as unknown as Partial<O>, name);
  const sample = readSample(yTrue, yPred, reads, multiLabel);
  check?.(filled, sample.kind, sample.classes);
  return toEnd(compute(sample, filled));
}

function toEnd(value: number | Steps): number {
  if (typeof value === 'number') return value;
  for (;;) {
    const step = value.next();
    if (step.done) return step.value;
  }
}

/** Holds what the metrics of an output look at, made for the first of them. */
function sampleOf(rows: Rows): Sample {
  rows.sample ??= new Sample(rows.kind, rows.predictions, rows.targets);
  return rows.sample as Sample;
}

/** Makes a metric's function. */
export function metric<N extends string, O extends object>(name: N, how: Measure<O>): Metric<N, O> {
  const definition: MetricDefinition<O> = {
    ...how,
    compute: (rows, options) => how.compute(sampleOf(rows), options),
    gather: gatherRows,
  };
  const call = (first: object = {}, yPred?: MatrixLike, options?: CallOptions<O>) =>
    yPred === undefined
      ? configure(name, definition, first as Partial<O> & MetricLabel, whole)
      : measure(name, how, first as MatrixLike, yPred, options ?? ({} as CallOptions<O>));
  const whole = Object.assign(call, { definition }) as Metric<N, O>;
  return whole;
}

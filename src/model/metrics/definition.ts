import { checkOptions, show, ValueError } from '../../errors.js';
import { fillOptions, type OptionRanges } from '../../kernels/definition.js';
import type { MatrixLike } from '../../matrix.js';
import { type Kind, type Reads, readSample, type Sample } from './sample.js';

/** A number that takes long, with a chance to stop now and then. */
export type Steps = Generator<void, number>;

/** What a metric is. */
export interface MetricDefinition<O extends object = object> {
  readonly options: OptionRanges<O>;
  /** What it reads of predictions; 'values' needs targets of the same shape. */
  readonly reads: Reads;
  /** Kinds of outputs it has a meaning for. */
  readonly fits: readonly Kind[];
  /** Kernels count it while a program runs, which costs less than `compute`. */
  readonly counted?: boolean;
  /** Refuses options that do not fit the output. */
  check?(options: O, kind: Kind, classes: number): void;
  compute(sample: Sample, options: O): number | Steps;
}

/** What every metric takes beside its own options. */
export interface MetricLabel {
  /** What logs and history call it; default its name. */
  readonly label?: string;
}

/** A metric as plain data: its name and all options. */
export type MetricSpecOf<N extends string, O> = { readonly name: N } & Readonly<O> & MetricLabel;

/** Options of a metric as a function of targets and predictions. */
export type CallOptions<O> = Partial<O> & {
  /** Columns are labels of which a row may have any number, not exclusive classes. Default false. */
  readonly multiLabel?: boolean;
};

/**
 * A metric. With options, or nothing, returns what `compile` takes; with targets and predictions, its value over all
 * rows. Predictions are as `model.predict` returns them; metrics that look at the predicted class alone also take class
 * indices. Targets are class indices, rows like those of predictions, or, for one column of scores, 0 and 1. Numbers are
 * taken as float32, as models take them.
 */
export interface Metric<N extends string, O extends object> {
  (options?: Partial<O> & MetricLabel): MetricSpecOf<N, O>;
  (yTrue: MatrixLike, yPred: MatrixLike, options?: CallOptions<O>): number;
  readonly definition: MetricDefinition<O>;
}

/** Names that a metric cannot go by. */
const TAKEN = ['loss', 'penalty'];

function configure<N extends string, O extends object>(
  name: N,
  { options }: MetricDefinition<O>,
  given: Partial<O> & MetricLabel,
): MetricSpecOf<N, O> {
  checkOptions(given, [...Object.keys(options), 'label'], name);
  const { label, ...rest } = given;
  const spec = { name, ...fillOptions(options, rest as Partial<O>, name) };
  if (label === undefined) return spec;
  if (typeof label !== 'string' || label === '' || TAKEN.includes(label)) {
    throw new ValueError({
      argument: `${name}.label`,
      given: show(label),
      expected: `a text, not ${TAKEN.join(' or ')}`,
    });
  }
  return { ...spec, label };
}

function measure<O extends object>(
  name: string,
  definition: MetricDefinition<O>,
  yTrue: MatrixLike,
  yPred: MatrixLike,
  given: CallOptions<O>,
): number {
  const { options, reads, check, compute } = definition;
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

/** Makes a metric's function. */
export function metric<N extends string, O extends object>(name: N, definition: MetricDefinition<O>): Metric<N, O> {
  const call = (first: object = {}, yPred?: MatrixLike, options?: CallOptions<O>) =>
    yPred === undefined
      ? configure(name, definition, first as Partial<O> & MetricLabel)
      : measure(name, definition, first as MatrixLike, yPred, options ?? ({} as CallOptions<O>));
  return Object.assign(call, { definition }) as Metric<N, O>;
}

import { checkOptions, show, ValueError } from '../../errors.js';
import type { Heap } from '../../kernels/contract.js';
import { carry, fillOptions, type OptionRanges } from '../../kernels/definition.js';
import type { Matrix } from '../../matrix.js';
import type { LinkedProgram } from '../../program/run.js';

/**
 * The meaning of predictions: a column with the probability of one class, a column for each of several exclusive
 * classes, a column for each of several labels that a row may have or not, or values.
 */
export type Kind = 'binary' | 'classes' | 'multiLabel' | 'values';

/** The part of predictions that a metric reads: the class alone, scores of any range, probabilities, or values. */
export type Reads = 'decisions' | 'scores' | 'probabilities' | 'values';

/** Says whether the least or the greatest value of a number is the best. */
export type Direction = 'min' | 'max';

/** A number that takes long, with a chance to stop now and then. */
export type Steps = Generator<void, number>;

/** Targets and predictions of a number of rows, and what metrics keep of them for each other. */
export interface Rows {
  readonly kind: Kind;
  readonly predictions: Matrix;
  readonly targets: Matrix;
  sample?: unknown;
}

/** The value of each metric, by output. */
export type Measured = readonly ReadonlyMap<BoundMetric, number>[];

/** An output with its metrics. */
export interface GatheringTarget {
  readonly objective: { readonly units: number; readonly targets: number | 'labels' };
  readonly metrics: readonly BoundMetric[];
  readonly kind: Kind;
  readonly gathered: boolean;
}

/** The rows so far as plain data. */
export interface GatheredState {
  readonly rows: number;
  readonly predictions: readonly Float32Array[];
  readonly targets: readonly Float32Array[];
  /** Holds what metrics of the user's own have so far, one after the other. */
  readonly own?: readonly (readonly number[] | Float32Array)[];
}

/** Holds what programs leave of all rows of an epoch or an evaluation, for metrics that need them together. */
export interface Gathering {
  state: GatheredState;
  restart(): void;
  /** Copies the rows of a program that has just run. */
  add(heap: Heap, program: LinkedProgram): void;
  /** Computes the metrics, with a chance to stop after each, and within those that take long. */
  measure(): Generator<void, Measured>;
  /** Returns whether a state is one of the same metrics. */
  fits(state: Partial<Record<keyof GatheredState, unknown>>): boolean;
}

/**
 * Makes what holds the rows of all metrics; `before` is what a metric before this one has made, which is returned if it holds
 * what this one needs.
 */
export type Gather = (targets: readonly GatheringTarget[], rows: number, before?: Gathering) => Gathering;

/** Tells metrics what they must know of an output. */
export interface OutputShape {
  readonly name: string;
  readonly units: number;
  readonly activation: string;
  /** Columns of its targets, one per unit, or 'labels'. */
  readonly targets: number | 'labels';
}

/** Defines a metric for a program: a spec's function carries it. */
export interface MetricDefinition<O extends object = object> {
  readonly options: OptionRanges<O>;
  /** The part of predictions that it reads; 'values' needs targets of the same shape. */
  readonly reads: Reads;
  /** Kinds of outputs it has a meaning for. */
  readonly fits: readonly Kind[];
  /** Says which of its values is the best, for callbacks that monitor it. */
  readonly best: Direction;
  /** Kernels count it while a program runs, which costs less than `compute`. */
  readonly counted?: boolean;
  /** Refuses options that do not fit the output. */
  check?(options: O, kind: Kind, classes: number, output: OutputShape): void;
  compute?(rows: Rows, options: O): number | Steps;
  /** Keeps the rows for `compute`, and for that of other metrics. */
  readonly gather?: Gather;
}

/** Options that every metric takes in addition to its own. */
export interface MetricLabel<Label extends string = string> {
  /** The name of the metric in logs and history; default its own. */
  readonly label?: Label;
}

declare const LABEL: unique symbol;

/** Carries the name of a metric in logs, in its type alone. */
export interface Labelled<Label extends string> {
  /** Is never there. */
  readonly [LABEL]?: Label;
}

/** A metric as plain data: its name and all options. */
export type MetricSpecOf<N extends string, O> = {
  /** The name of the metric. */
  readonly name: N;
} & Readonly<O> &
  MetricLabel;

/** Names that a metric cannot go by. */
const TAKEN = ['loss', 'penalty'];

/** @throws ValueError for a name in logs that is not a text, is empty or is reserved. */
export function checkLabel(label: unknown, argument: string): void {
  if (typeof label === 'string' && label !== '' && !TAKEN.includes(label)) return;
  throw new ValueError({ argument, given: show(label), expected: `a text, not ${TAKEN.join(' or ')}` });
}

/** Returns the spec of a metric. @throws ValueError for a label that is not a text, is empty or is reserved. */
export function configure<N extends string, O extends object>(
  name: N,
  { options }: MetricDefinition<O>,
  given: Partial<O> & MetricLabel,
  made: unknown,
): MetricSpecOf<N, O> {
  checkOptions(given, [...Object.keys(options), 'label'], name);
  const { label, ...rest } = given;
  const spec = { name, ...fillOptions(options, rest as Partial<O>, name) };
  if (label === undefined) return carry(spec, made);
  checkLabel(label, `${name}.label`);
  return carry({ ...spec, label }, made);
}

/** A metric bound to an output. */
export interface BoundMetric {
  readonly label: string;
  readonly best: Direction;
  /** undefined where kernels count it. */
  readonly compute: ((rows: Rows) => number | Steps) | undefined;
  readonly gather: MetricDefinition['gather'];
}

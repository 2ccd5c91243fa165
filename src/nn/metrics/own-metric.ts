import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../../errors.js';
import { carry } from '../../kernels/definition.js';
import type { Matrix } from '../../matrix.js';
import { bindExpression, showShape } from '../expressions/bind.js';
import { type Expression, type Operations, type Step, trace } from '../expressions/expression.js';
import { interpret } from '../expressions/float64.js';
import type { Shape } from '../expressions/lowering.js';
import { metricFunctions } from '../rare/function-names.js';
import { FAMILY, type Family, findRegistered, type Registrable } from '../registrations.js';
import { metricNames } from './counted.js';
import { checkLabel, type Direction, type Labelled, type MetricDefinition, type OutputShape } from './metric.js';
import { type OwnMeasure, ownGather } from './own-gathering.js';

/** A metric of your own. One of an expression is plain data; of one of functions the data tell the name only. */
export interface CustomMetric<Label extends string = string> extends Registrable, Labelled<Label> {
  /** The name in logs and history. */
  readonly label: Label;
  /** Says whether the least or the greatest value is the best. */
  readonly mode: Direction;
  /** The operations of an expression in order; absent where functions compute the metric. */
  readonly steps?: readonly Step[];
}

/** Tells what is common to all metrics of your own. */
export interface CustomMetricName<Label extends string = string> {
  /** The name in logs and history, and for callbacks to monitor: not 'loss' or 'penalty'. */
  readonly name: Label;
  /** Says whether the least ('min') or the greatest value ('max') is the best, for callbacks that monitor it. */
  readonly mode: Direction;
}

/** A metric that is the mean of an expression over rows. */
export interface ExpressionMetric<Label extends string = string> extends CustomMetricName<Label> {
  /**
   * An expression with a value for each row, rows x 1 or rows x columns, of which the mean is taken, in float64; rows count by
   * their `sampleWeight`, if they have one. A `mean` of all elements at its end does the same.
   */
  readonly value: (yTrue: Expression, yPred: Expression, operations: Operations) => Expression;
}

/** A metric that adds up numbers from batch to batch. */
export interface TotalsMetric<Label extends string = string> extends CustomMetricName<Label> {
  /** The number of totals, an integer of at least 1. */
  readonly totals: number;
  /**
   * Adds the rows of a batch to the totals, which are 0 at the beginning of an epoch or an evaluation. `yTrue` has a column of
   * class indices where the loss takes these; `weights` has the weight of each row, 1 where `sampleWeight` was not given.
   * All are copies, and may be written to.
   */
  update(yTrue: Matrix, yPred: Matrix, weights: Float32Array, totals: Float64Array): void;
  /** Returns the value of the metric from the totals. */
  result(totals: Float64Array): number;
}

/** A metric of all rows of an epoch or an evaluation together. */
export interface RowsMetric<Label extends string = string> extends CustomMetricName<Label> {
  /**
   * Returns the value of the metric. `yTrue` has a column of class indices where the loss takes these; `weights` has the
   * weight of each row, 1 where `sampleWeight` was not given. Is called once at the end of an epoch or an evaluation.
   */
  compute(yTrue: Matrix, yPred: Matrix, weights: Float32Array): number;
}

/** Options of `customMetric`: an expression, running totals, or a function of all rows. */
export type CustomMetricOptions<Label extends string = string> =
  | ExpressionMetric<Label>
  | TotalsMetric<Label>
  | RowsMetric<Label>;

const METRICS: Family = { family: 'metric', names: metricNames, functions: metricFunctions };
const FUNCTIONS: Family = { ...METRICS, functional: true };

/** Rows whose mean an expression comes to: without the `mean` of all elements that it may end in. */
function rowSteps(steps: readonly Step[]): readonly Step[] {
  const { op, args, axis } = steps.at(-1) as Step;
  const whole = op === 'mean' && axis === undefined && args[0] === `%${steps.length - 2}`;
  return whole ? steps.slice(0, -1) : steps;
}

function checkSteps(steps: readonly Step[], label: string, { units, targets }: OutputShape): void {
  const argument = `the metric '${label}'`;
  const [yTrue, yPred] = [targets === 'labels' ? 1 : targets, units].map(
    (columns): Shape => ({ rows: 'batch', columns }),
  );
  const inputs = { yTrue, yPred } as Record<string, Shape>;
  const { shape } = bindExpression(rowSteps(steps), inputs, argument, true, undefined, true);
  if (shape.rows === 'batch') return;
  throw new ShapeError({
    argument,
    given: `a result of ${showShape(shape)}`,
    expected: 'a value for each row, of which the mean is taken',
    hint: 'Sums and means of each row take { axis: 1 }; customMetric({ compute }) takes any function of all rows.',
  });
}

/** Returns the weighted mean of an expression as running totals: sums over rows of weighted values, and of weights. */
function meanOf(steps: readonly Step[]): OwnMeasure {
  const rows = rowSteps(steps);
  return {
    totals: 2,
    update(yTrue, yPred, weights, totals) {
      const { data, columns } = interpret(rows, { yTrue, yPred });
      let [sum, weight] = totals as unknown as [number, number];
      for (let r = 0; r < weights.length; r++) {
        let value = 0;
        for (let c = 0; c < columns; c++) value += data[r * columns + c]!;
        sum += weights[r]! * (value / columns);
        weight += weights[r]!;
      }
      totals[0] = sum;
      totals[1] = weight;
    },
    result: ([sum, weight]) => (sum as number) / (weight as number),
  };
}

function make<Label extends string>(
  data: Omit<CustomMetric<Label>, 'name'>,
  family: Family,
  measure: OwnMeasure,
): CustomMetric<Label> {
  const { label, mode, steps } = data;
  const definition: MetricDefinition = {
    options: {},
    reads: 'scores',
    fits: ['binary', 'classes', 'multiLabel', 'values'],
    best: mode,
    check: (_options, _kind, _classes, output) => steps && checkSteps(steps, label, output),
    compute: () => Number.NaN,
    gather: ownGather(measure),
  };
  const item: CustomMetric<Label> = { name: 'custom', ...data, [FAMILY]: family };
  const made = Object.assign((options: object) => carry({ ...item, ...options }, made), { definition });
  return carry(item, made);
}

const FORMS = 'value, an expression; update, result and totals; or compute';

function measureOf(given: Partial<TotalsMetric & RowsMetric>): OwnMeasure {
  const isFunction = (key: 'update' | 'result' | 'compute') => {
    if (typeof given[key] === 'function') return;
    throw new ValueError({ argument: `customMetric.${key}`, given: show(given[key]), expected: 'a function' });
  };
  if (given.compute !== undefined) {
    isFunction('compute');
    return { totals: undefined, compute: (...rows) => (given as RowsMetric).compute(...rows) };
  }
  const { update, result } = given;
  if (update === undefined && result === undefined) {
    throw new ValueError({ argument: 'customMetric', given: 'no function', expected: FORMS });
  }
  isFunction('update');
  isFunction('result');
  const totals = checkNumber(given.totals, 'customMetric.totals', { min: 1, integer: true });
  return {
    totals,
    update: (...batch) => (given as TotalsMetric).update(...batch),
    result: (sums) => (given as TotalsMetric).result(sums),
  };
}

/**
 * A metric of your own, for `compile({ metrics })`: the mean of an expression over rows, running totals, or a function of all
 * rows together. All are measured in float64 of the float32 numbers of the model, in `fit`, `evaluate`, validation and streams.
 *
 *     customMetric({ name: 'within1', mode: 'max', value: (yTrue, yPred, { abs, relu, sub }) => ... })
 *     customMetric({ name: 'bias', mode: 'min', totals: 2, update(yTrue, yPred, weights, totals) { ... }, result: ([sum, n]) => sum / n })
 *     customMetric({ name: 'median', mode: 'min', compute: (yTrue, yPred, weights) => ... })
 *
 * An expression is plain data: it goes to a worker, and is saved whole. Functions are saved by the name that `register` gave
 * them, and do not go to a worker.
 * @throws ValueError, UnknownNameError for options that make no metric; ShapeError for what is no expression, whose shapes
 * `compile` checks.
 */
export function customMetric<const Label extends string>(
  options: CustomMetricOptions<Label> | CustomMetric<Label>,
): CustomMetric<Label> {
  if ((options as { name?: unknown } | null | undefined)?.name === 'custom') {
    return fromData(options as CustomMetric<Label>);
  }
  checkOptions(options, ['name', 'mode', 'value', 'totals', 'update', 'result', 'compute'], 'customMetric');
  const { name, mode, ...rest } = options as CustomMetricOptions<Label> &
    Partial<ExpressionMetric & TotalsMetric & RowsMetric>;
  checkLabel(name, 'customMetric.name');
  checkMode(mode, 'customMetric.mode');
  const label = name as Label;
  const forms = [rest.value, rest.update ?? rest.result ?? rest.totals, rest.compute].filter(
    (form) => form !== undefined,
  );
  if (forms.length > 1) {
    throw new ValueError({
      argument: 'customMetric',
      given: Object.keys(rest).join(', '),
      expected: `one of ${FORMS}`,
    });
  }
  if (rest.value === undefined)
    return make({ label, mode }, FUNCTIONS, measureOf(rest as Partial<TotalsMetric & RowsMetric>));
  const steps = trace(rest.value, ['yTrue', 'yPred'], 'customMetric.value');
  return make({ label, mode, steps }, METRICS, meanOf(steps));
}

function checkMode(mode: unknown, argument: string): void {
  if (mode === 'min' || mode === 'max') return;
  throw new ValueError({
    argument,
    given: show(mode),
    expected: "'min' or 'max', which says what values are the best",
  });
}

/** Makes a metric of plain data, which hold an expression or the name of what is registered. */
function fromData<Label extends string>(data: CustomMetric<Label>): CustomMetric<Label> {
  checkOptions(data, ['name', 'registered', 'label', 'mode', 'steps'], 'customMetric');
  const { label, mode, steps, registered } = data;
  if (steps === undefined) return findRegistered('metric', data) as CustomMetric<Label>;
  checkLabel(label, 'customMetric.label');
  checkMode(mode, 'customMetric.mode');
  return make({ label, mode, steps, ...(registered === undefined ? {} : { registered }) }, METRICS, meanOf(steps));
}

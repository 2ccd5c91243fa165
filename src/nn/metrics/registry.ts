import { checkOptions, show, ValueError } from '../../errors.js';
import { resolve } from '../../kernels/definition.js';
import type { Makers } from '../../kernels/makers.js';
import type * as classification from './classification.js';
import { type MetricName, metricNames } from './counted.js';
import type { BoundMetric, Kind, Labelled, MetricDefinition, MetricLabel, OutputShape } from './metric.js';
import type { CustomMetric } from './own-metric.js';
import type * as regression from './regression.js';

type Table = Makers<typeof classification & typeof regression>;
type Definition<N extends keyof Table> = Table[N] extends { definition: MetricDefinition<infer O> } ? O : never;
/** A metric as plain data: what its function returns, or takes. */
export type MetricSpec = {
  [N in keyof Table]: {
    /** The name of the metric. */
    readonly name: N;
  } & Partial<Definition<N>> &
    MetricLabel;
}[keyof Table];

/** Metrics of every output, or of each by name. */
export type Metrics = readonly Measured[] | Readonly<Record<string, readonly Measured[]>>;
type Measured = MetricName | MetricSpec | CustomMetric;

/** The names in logs of a list of metrics; any where they are known only as the program runs, and of several outputs. */
export type MetricLabels<M extends Metrics> = M extends readonly (infer Item)[] ? LabelOf<Item> : string;

type LabelOf<Item> = Item extends string
  ? Item
  : Item extends Labelled<infer Label>
    ? string extends Label
      ? LabelInSpec<Item>
      : Label
    : LabelInSpec<Item>;

type LabelInSpec<Item> = Item extends { readonly label: infer Label extends string }
  ? Label
  : Item extends { readonly name: infer Name extends string }
    ? Name
    : string;

/** Returns what the predictions of an output mean. */
export function outputKind({ units, activation, targets }: OutputShape): Kind {
  if (targets === 'labels' || activation === 'softmax') return 'classes';
  if (activation === 'sigmoid') return units === 1 ? 'binary' : 'multiLabel';
  return 'values';
}

/** Outputs of each kind, in words. */
export const ENDINGS: Readonly<Record<Kind, string>> = {
  binary: 'one column of sigmoid',
  classes: 'softmax',
  multiLabel: 'several columns of sigmoid',
  values: 'another activation',
};

function bind(given: Measured, output: OutputShape, argument: string): BoundMetric {
  const { spec, definition } = resolve<MetricSpec, MetricDefinition>(given, metricNames, argument, 'f1', {
    functions: 'metricFunctions',
  });
  const { name } = spec;
  const kind = outputKind(output);
  const { units, activation, targets } = output;
  const fits = definition.fits.includes(kind);
  if (!fits || (definition.reads === 'values' && targets === 'labels')) {
    throw new ValueError({
      argument,
      given: `'${name}' on an output of ${units} ${units === 1 ? 'column' : 'columns'} of ${activation}`,
      expected: fits
        ? 'a loss that takes rows of targets, not class indices'
        : `an output of ${definition.fits.map((fine) => ENDINGS[fine]).join(' or ')}`,
    });
  }
  definition.check?.(spec, kind, kind === 'binary' ? 2 : units, output);
  return {
    label: spec.label ?? name,
    best: definition.best,
    compute: definition.counted ? undefined : (rows) => definition.compute?.(rows, spec) ?? Number.NaN,
    gather: definition.counted ? undefined : definition.gather,
  };
}

/**
 * Returns the metrics of each output.
 * @throws UnknownNameError, or ValueError where a metric does not fit its output.
 */
export function bindMetrics(
  metrics: Metrics | undefined,
  outputs: readonly OutputShape[],
): readonly (readonly BoundMetric[])[] {
  const byName = typeof metrics === 'object' && metrics !== null && !Array.isArray(metrics);
  if (byName) {
    checkOptions(
      metrics,
      outputs.map(({ name }) => name),
      'metrics',
    );
  }
  return outputs.map((output) => {
    const list = byName ? ((metrics as Readonly<Record<string, unknown>>)[output.name] ?? []) : (metrics ?? []);
    const argument = byName ? `metrics.${output.name}` : 'metrics';
    if (!Array.isArray(list)) {
      throw new ValueError({ argument, given: show(list), expected: "an array, such as ['accuracy']" });
    }
    const bound = list.map((item: Measured, i) => bind(item, output, `${argument}[${i}]`));
    const seen = new Set<string>();
    const twice = bound.find(({ label }) => seen.size === seen.add(label).size);
    if (!twice) return bound;
    throw new ValueError({
      argument,
      given: `two metrics called '${twice.label}'`,
      expected: 'a name of its own for each',
      hint: `Give one a label: ${twice.label}({ label: 'other' }).`,
    });
  });
}

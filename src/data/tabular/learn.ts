import type { Model } from '../../callbacks/interfaces.js';
import { ShapeError } from '../../errors.js';
import type { BackendFactory } from '../../kernels/contract.js';
import type { Numbers } from '../../matrix.js';
import { type Preprocessing, preprocess } from '../prep/preprocess.js';
import type { Table } from '../table.js';
import { choosePreprocessing, designFor, inferTask, type TabularOptions } from './design.js';
import { expected, MOST_CONFUSED, measure, type Prior } from './estimate/measure.js';
import { describeColumns } from './inputs.js';
import type { TabularRecord } from './record.js';
import { sentinelRemarks } from './sentinels.js';
import {
  checkClasses,
  classesOf,
  countsOf,
  fitTarget,
  scaleOf,
  type Truth,
  truthOf,
  unscaled,
  withTarget,
} from './target.js';
import { train } from './train.js';
import type { FitTabularOptions } from './watch.js';

/** Holds the parts of a pipeline that has been fitted. */
export interface Pipeline {
  readonly model: Model;
  readonly inputs: Preprocessing;
  readonly target: Preprocessing;
  readonly record: TabularRecord;
}

/** Targets and what was predicted for them: numbers in the target's units are float64, probabilities float32. */
export interface HeldOut {
  /** The true class by number, rows x 1, or the target in its unit, rows x 1. */
  readonly truth: Numbers;
  /** The probability of each class, rows x classes, or the predicted number, rows x 1. */
  readonly outputs: Numbers;
}

/** Holds the results of `fit`. */
export interface Learned {
  readonly pipeline: Pipeline;
  readonly held: HeldOut;
  /** Says whether a signal ended it early. */
  readonly interrupted: boolean;
}

/** Loaded where it is needed, so that bundles with a backend of their own go without the others. */
export async function bestBackend(): Promise<BackendFactory> {
  const { auto } = await import('../../backends/detect.js');
  return auto();
}

/**
 * Everything from a table to a model that is measured: the task, the target, the design, the inputs, and training.
 * @throws ShapeError for a table without a column to learn from.
 */
export async function learn(given: Table, options: TabularOptions, watch: FitTabularOptions): Promise<Learned> {
  const notes: string[] = [];
  const remark = (text: string) => {
    notes.push(text);
    watch.remark?.(text);
  };
  const table = withTarget(given, options.target, notes);
  const column = table.column(options.target);
  const inferred = inferTask(column);
  const task = options.task ?? inferred.task;
  if (options.task === undefined) {
    notes.push(`${task}, since ${inferred.why}`);
    if (inferred.remark) remark(inferred.remark);
  }
  const target = fitTarget(column, task);
  const truth = truthOf(table, task, target);
  const classes = task === 'classification' ? classesOf(target) : undefined;
  const design = designFor(table.rows, task, options);
  if (classes) {
    const left = Math.ceil(design.members === 1 ? table.rows / 10 : table.rows);
    for (const text of checkClasses(truth, classes, column, left)) remark(text);
    if (classes.length > MOST_CONFUSED) remark(`no confusion matrix is kept of ${classes.length} classes`);
  }
  const prior: Prior = classes
    ? { shares: countsOf(truth, classes.length).map((count) => count / table.rows) }
    : { mean: scaleOf(target)!.offset };
  const y = target.transform(table.select([options.target]));
  const left = new Set([options.target, ...(options.drop ?? [])]);
  if (table.names.every((name) => left.has(name))) {
    const expected = `a column to learn from, other than '${options.target}'`;
    throw new ShapeError({ argument: 'table', given: table.names.join(', '), expected });
  }
  const rest = table.drop(...left);
  const doubted = task === 'regression' ? [column, ...rest.columns] : rest.columns;
  for (const text of sentinelRemarks(doubted, table.lines)) remark(text);
  const chosen = choosePreprocessing(rest, options.preprocess);
  notes.push(...chosen.notes);
  const inputs = preprocess(chosen.options);
  const x = inputs.fitTransform(rest);
  const backend = options.backend ?? (await bestBackend());
  const trained = await train(x, y, classes?.length ?? 1, task, design, backend, watch, options);
  const { rows, outputs, losses, squared } = trained.held;
  notes.push(...trained.notes);
  const heldTruth: Truth = {
    data: Float64Array.from(rows, (row) => truth.data[row]!),
    rows: rows.length,
    columns: 1,
    unknown: [],
  };
  const held = { truth: heldTruth, outputs: unscaled(outputs, task, target, 'float64') };
  const record: TabularRecord = {
    target: options.target,
    task,
    ...(classes && { classes }),
    rows: table.rows,
    design,
    members: trained.members,
    validation: expected(measure(task, heldTruth, held.outputs, classes, prior), losses, squared),
    curve: trained.curve,
    ...(classes && { temperature: trained.temperature }),
    inputs: describeColumns(rest, inputs),
    ...(Object.keys(given.reading).length > 0 && { reading: given.reading }),
    precision: 'float64',
    prior,
    notes,
  };
  return { pipeline: { model: trained.model, inputs, target, record }, held, interrupted: trained.interrupted };
}

import { checkOptions, StateError, ValueError } from '../../errors.js';
import { type SaveTarget, save, serialize } from '../../io/save.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type Matrix, makeMatrix, type Numbers } from '../../matrix.js';
import type { Model } from '../../train/model.js';
import type { Reading } from '../csv/dialect.js';
import { withoutMarks } from '../marked.js';
import { type Preprocessing, preprocess } from '../prep/preprocess.js';
import { type Row, tableFromRows } from '../rows.js';
import { type Column, type ColumnKind, Table } from '../table.js';
import type { MemberRecord } from './checkpoint.js';
import {
  checkTabular,
  choosePreprocessing,
  type Design,
  designFor,
  type FitTabularOptions,
  inferTask,
  type TabularOptions,
  type Task,
} from './design.js';
import { type ExplainOptions, type Explanation, importanceOf } from './explain.js';
import { describeColumns, type InputRecord, Warnings } from './inputs.js';
import { expected, type Metrics, MOST_CONFUSED, measure, type Prior } from './measure.js';
import { sentinelRemarks } from './sentinels.js';
import {
  checkClasses,
  classesOf,
  countsOf,
  digitsOf,
  fitTarget,
  missingAmong,
  type Precision,
  scaleOf,
  type Truth,
  truthOf,
  unscaled,
  withTarget,
} from './target.js';
import { train } from './train.js';

/** What was trained, on what, and how well it does; plain data, which is saved with the model. */
export interface TabularRecord {
  readonly target: string;
  readonly task: Task;
  /** Names of the classes, in the order of the outputs. */
  readonly classes?: readonly string[];
  readonly rows: number;
  readonly design: Design;
  readonly members: readonly MemberRecord[];
  /**
   * What to expect of new rows: of rows that were left out and chose nothing, neither the epoch nor the temperature. The log
   * loss, and the errors of numbers, are those to expect of all networks together; accuracy, f1, auc and confusion those of
   * the networks, three of them at most, that left out a row.
   */
  readonly validation: Metrics;
  /**
   * The loss to expect of all networks together on rows that were left out, by epoch: of classes the log loss at the best
   * temperature, of numbers the mean square in units of the scaled target. Its least is a little too good: it was chosen.
   */
  readonly curve?: readonly number[];
  /** What comes before softmax was divided by it, so that probabilities are no more certain than right; chosen on rows left out. */
  readonly temperature?: number;
  readonly inputs: readonly InputRecord[];
  /** How the rows were read where that differs from the defaults. */
  readonly reading?: Reading;
  /** Numbers in the target's units are float64. Those of files of earlier builds, which do not say so, are float32. */
  readonly precision?: Precision;
  /** Shares of the classes, or the mean of the target, in training. Files of earlier builds have none. */
  readonly prior?: Prior;
  readonly notes: readonly string[];
}

/** Targets and what was predicted for them: numbers in the target's units are float64, probabilities float32. */
export interface HeldOut {
  readonly truth: Numbers;
  readonly outputs: Numbers;
}

/** A prediction of a class. */
export interface ClassPrediction {
  readonly class: string;
  readonly probability: number;
  readonly probabilities: Readonly<Record<string, number>>;
}

/** What `predict` returns: by the task, if that was given. */
export type Predictions<T extends Task = Task> = T extends 'classification' ? readonly ClassPrediction[] : Float64Array;

type Data = Table | readonly Row[];

interface State {
  readonly model: Model;
  readonly inputs: Preprocessing;
  readonly target: Preprocessing;
  readonly record: TabularRecord;
}

export const FORMAT = 'myelin.tabular';
export const VERSION = 1;

/** From raw rows to predictions: preprocessing, a model and what its outputs mean. */
export class Tabular<T extends Task = Task> {
  #state: State | undefined;
  #held: HeldOut | undefined;
  #interrupted = false;

  /** @internal */
  constructor(
    private readonly options: TabularOptions,
    state?: State,
  ) {
    this.#state = state;
  }

  #ready(): State {
    if (this.#state) return this.#state;
    throw new StateError('This pipeline has learned nothing yet: call fit(rows) first.');
  }

  /** The model behind it. */
  get model(): Model {
    return this.#ready().model;
  }

  get preprocessing(): Preprocessing {
    return this.#ready().inputs;
  }

  get record(): TabularRecord {
    return this.#ready().record;
  }

  /**
   * Targets and outputs of rows that the network in question had not trained on, which validation measures; classes by
   * number and probabilities, or numbers in the target's units. Only right after `fit`: they are not saved.
   */
  get held(): HeldOut | undefined {
    return this.#held;
  }

  /** Whether a signal ended `fit` before its end. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** What readers of other files should know: kinds of columns, and how the rows that it learned from were read. */
  get readOptions(): Reading & { readonly kinds: Readonly<Record<string, ColumnKind>> } {
    return { kinds: this.kinds, ...this.record.reading };
  }

  /**
   * Kinds of all columns, the target's too: what readers take as `kinds`. Classes are read as they are spelled: `evaluate`
   * knows what they mean, and counts those that are not known.
   */
  get kinds(): Readonly<Record<string, ColumnKind>> {
    const { inputs, target, record } = this.#ready();
    const kinds = record.task === 'classification' ? { [record.target]: 'category' as const } : target.kinds;
    return { ...inputs.kinds, ...kinds };
  }

  /**
   * Significant digits that predictions in the target's units have: 9, as float32, and more where the target is far from 0
   * beside its spread; 9 of probabilities.
   */
  get digits(): number {
    const { target, record } = this.#ready();
    return record.task === 'classification' || record.precision === undefined ? 9 : digitsOf(target);
  }

  /**
   * Learns from a table or rows. Rows without a target are left out. Where `signal` comes, it resolves early.
   * @throws UnknownNameError for a target that is no column; ValueError for data that cannot be learned from.
   */
  async fit(data: Data, watch: FitTabularOptions = {}): Promise<this> {
    const { options } = this;
    checkOptions(watch, ['callbacks', 'signal', 'checkpoint', 'checkpointEvery', 'resume', 'remark'], 'fit');
    const given = data instanceof Table ? data : tableFromRows(data);
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
      const held = Math.ceil(design.members === 1 ? table.rows / 10 : table.rows);
      for (const text of checkClasses(truth, classes, column, held)) remark(text);
      if (classes.length > MOST_CONFUSED) remark(`no confusion matrix is kept of ${classes.length} classes`);
    }
    const prior: Prior = classes
      ? { shares: countsOf(truth, classes.length).map((count) => count / table.rows) }
      : { mean: scaleOf(target)!.offset };
    const y = target.transform(table.select([options.target]));
    const rest = table.drop(options.target, ...(options.drop ?? []));
    for (const text of sentinelRemarks(task === 'regression' ? [column, ...rest.columns] : rest.columns, table.lines))
      remark(text);
    const chosen = choosePreprocessing(rest, options.preprocess);
    notes.push(...chosen.notes);
    const inputs = preprocess(chosen.options);
    const x = inputs.fitTransform(rest);
    const backend = options.backend ?? (await bestBackend());
    const trained = await train(x, y, classes?.length ?? 1, task, design, backend, watch);
    this.#interrupted = trained.interrupted;
    const { rows, outputs, losses, squared } = trained.held;
    notes.push(...trained.notes);
    const heldTruth: Truth = {
      data: Float64Array.from(rows, (row) => truth.data[row]!),
      rows: rows.length,
      columns: 1,
      unknown: [],
    };
    this.#held = { truth: heldTruth, outputs: unscaled(outputs, task, target, 'float64') };
    const record: TabularRecord = {
      target: options.target,
      task,
      ...(classes && { classes }),
      rows: table.rows,
      design,
      members: trained.members,
      validation: expected(measure(task, heldTruth, this.#held.outputs, classes, prior), losses, squared),
      curve: trained.curve,
      ...(classes && { temperature: trained.temperature }),
      inputs: describeColumns(rest, inputs),
      ...(Object.keys(given.reading).length > 0 && { reading: given.reading }),
      precision: 'float64',
      prior,
      notes,
    };
    this.#state = { model: trained.model, inputs, target, record };
    return this;
  }

  /** Rows as a table, their texts read as those that it learned from. */
  #tableOf(data: Data, kinds: Readonly<Record<string, ColumnKind>> = {}): Table {
    if (data instanceof Table) return withoutMarks(data, this.record.reading ?? {}, this.kinds);
    if (Array.isArray(data) && data.length === 0) return emptyTable(kinds);
    const { encoding: _, ...reading } = this.record.reading ?? {};
    return tableFromRows(data, { kinds, ...reading });
  }

  /** A matrix for the model, of rows that need no target. */
  #inputsOf(data: Data): Matrix {
    const { inputs } = this.#ready();
    return inputs.transform(this.#tableOf(data, inputs.kinds));
  }

  /** Outputs in the target's units, or probabilities. */
  #outputs(data: Data): Numbers {
    const { model, target, record } = this.#ready();
    const { classes, precision } = record;
    const x = this.#inputsOf(data);
    if (x.rows === 0) return makeMatrix(new Float32Array(0), 0, classes?.length ?? 1);
    return unscaled(model.predict(x), record.task, target, precision);
  }

  /** Rows that have a target, and their targets as `evaluate` compares them. */
  #labelled(data: Data): { readonly table: Table; readonly truth: Truth } {
    const { target, record } = this.#ready();
    const isMissing = missingAmong(target, record.reading?.missing);
    const table = withTarget(this.#tableOf(data, this.kinds), record.target, [], isMissing);
    return { table, truth: truthOf(table, record.task, target) };
  }

  /**
   * What is remarkable about rows to predict for, by name: columns that are not known, categories that are new, numbers
   * beyond those of training. Says the line of the file in tables that readers returned, else the row, from 0.
   */
  warnings(data: Data): readonly string[] {
    const { record } = this.#ready();
    const collected = new Warnings(record.inputs, [record.target, ...(this.options.drop ?? [])]);
    collected.add(this.#tableOf(data, this.#ready().inputs.kinds));
    return collected.texts;
  }

  /**
   * Predictions: classes by name with their probabilities, or numbers in the target's units.
   * @throws UnknownNameError for a column that is missing, ValueError for values that cannot be used; both name them.
   */
  predict(data: Data): Predictions<T> {
    return this.#predict(data) as Predictions<T>;
  }

  #predict(data: Data): Predictions {
    const outputs = this.#outputs(data);
    const { classes } = this.record;
    if (!classes) return Float64Array.from(outputs.data);
    return Array.from({ length: outputs.rows }, (_, row): ClassPrediction => {
      const values = outputs.data.subarray(row * classes.length, (row + 1) * classes.length);
      let best = 0;
      for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
      const probabilities: Record<string, number> = Object.create(null);
      classes.forEach((name, i) => {
        probabilities[name] = values[i]!;
      });
      return { class: classes[best]!, probability: values[best]!, probabilities };
    });
  }

  /** Predictions as a table: the target, and of classes a column of probabilities for each. */
  predictTable(data: Data): Table {
    const outputs = this.#outputs(data);
    const { classes, target } = this.record;
    if (!classes) {
      // Dates are predicted as dates, of whole milliseconds.
      const isDate = this.#ready().target.kinds[target] === 'date';
      const values = Float64Array.from(outputs.data, (value) => (isDate ? Math.round(value) : value));
      return new Table([{ name: target, kind: isDate ? 'date' : 'number', values }]);
    }
    const { rows, columns, data: values } = outputs;
    const codes = Int32Array.from({ length: rows }, (_, row) => {
      let best = row * columns;
      for (let i = best; i < (row + 1) * columns; i++) if (values[i]! > values[best]!) best = i;
      return best - row * columns;
    });
    return new Table([
      { name: target, kind: 'category', codes, categories: classes },
      ...classes.map((name, c): Column => {
        const shares = Float64Array.from({ length: rows }, (_, row) => values[row * columns + c]!);
        return { name: `${target}=${name}`, kind: 'number', values: shares };
      }),
    ]);
  }

  /**
   * Metrics of rows whose target is known: accuracy, log loss and more, or rmse, mae and r2 in the target's units, computed in
   * float64. Classes may be spelled otherwise: true for 1 or yes, 1.0 for 1. One that training did not know counts as wrong
   * in accuracy and f1, is left out of log loss and auc, and `unknownRows` and `knownRows` say how many.
   * @throws UnknownNameError for a column that is missing, ShapeError for no rows, ValueError for values that cannot be used.
   */
  evaluate(data: Data): Metrics {
    return this.compare(data).metrics;
  }

  /** Targets of rows, what is predicted for them, and the metrics of that. Errors as of `evaluate`. */
  compare(data: Data): HeldOut & { readonly metrics: Metrics } {
    const { record } = this.#ready();
    const { table, truth } = this.#labelled(data);
    const outputs = this.#outputs(table);
    return { truth, outputs, metrics: measure(record.task, truth, outputs, record.classes, record.prior) };
  }

  /** The columns by their importance: what predictions lose when one is shuffled (Breiman 2001). */
  explain(data: Data, options: ExplainOptions = {}): Explanation {
    const { model, inputs, target, record } = this.#ready();
    const { task, precision } = record;
    const { table, truth } = this.#labelled(data);
    const known = Array.from(truth.data.keys()).filter((row) => task === 'regression' || truth.data[row]! >= 0);
    if (known.length === 0) {
      const given = `'${record.target}' of other classes alone`;
      throw new ValueError({ argument: 'rows', given, expected: 'rows of classes that training knew' });
    }
    const rows = known.length === table.rows ? table : table.take(known);
    const truthFor = (part: Table) => truthOf(part, task, target);
    return importanceOf(
      {
        task,
        target: record.target,
        preprocessing: inputs,
        model,
        networks: record.members.length,
        unscaled: (outputs) => unscaled(outputs, task, target, precision),
      },
      rows,
      truthFor,
      options,
    );
  }

  /** What is saved beside the weights. */
  toJSON() {
    const { inputs, target, record } = this.#ready();
    return { format: FORMAT, version: VERSION, inputs: inputs.toJSON(), target: target.toJSON(), record };
  }

  #dressed(): Model {
    const { model, record } = this.#ready();
    model.preprocessing = JSON.parse(JSON.stringify(this));
    if (record.classes) model.classNames = record.classes;
    return model;
  }

  /** Writes model and preprocessing to one file, or a stream; `loadTabular` reads them. Errors as of `save`. */
  async save(target: SaveTarget): Promise<void> {
    await save(this.#dressed(), target, { training: false });
  }

  /** The same as bytes. */
  serialize(): Uint8Array {
    return serialize(this.#dressed(), { training: false });
  }
}

/** A table of these columns without a row. */
function emptyTable(kinds: Readonly<Record<string, ColumnKind>>): Table {
  return new Table(
    Object.entries(kinds).map(([name, kind]) =>
      kind === 'category'
        ? { name, kind, codes: new Int32Array(0), categories: [] }
        : { name, kind, values: new Float64Array(0) },
    ),
  );
}

/** Loaded where it is needed, so that bundles with a backend of their own go without the others. */
export async function bestBackend(): Promise<BackendFactory> {
  const { auto } = await import('../../backends/detect.js');
  return auto();
}

/**
 * A pipeline that learns to predict one column of a table from the others. With nothing but a target it infers the task,
 * scales, encodes and splits, and trains networks with Adam, one-cycle rates and early stopping.
 */
export function tabular<T extends Task = Task>(options: TabularOptions & { readonly task?: T }): Tabular<T> {
  checkTabular(options);
  return new Tabular<T>(options);
}

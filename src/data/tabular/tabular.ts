import type { Model } from '../../callbacks/interfaces.js';
import { StateError, ValueError } from '../../errors.js';
import { type SaveTarget, save, serialize } from '../../io/save.js';
import { type Matrix, makeMatrix, type Numbers } from '../../matrix.js';
import { withoutMarks } from '../cells/marked.js';
import type { Reading } from '../cells/reading.js';
import type { ColumnKind } from '../column.js';
import type { Preprocessing } from '../prep/preprocess.js';
import { type Row, tableFromRows } from '../rows.js';
import { Table } from '../table.js';
import { checkTabular, type TabularOptions, type Task } from './design.js';
import { type Metrics, measure } from './estimate/measure.js';
import { type Predictions, predictionsOf, predictionTable } from './estimate/predictions.js';
import { type ExplainOptions, type Explanation, importanceOf } from './explain.js';
import { Warnings } from './inputs.js';
import { type HeldOut, learn, type Pipeline } from './learn.js';
import type { TabularRecord } from './record.js';
import { digitsOf, missingAmong, type Truth, truthOf, unscaled, withTarget } from './target.js';
import { checkWatch, type FitTabularOptions } from './watch.js';

type Data = Table | readonly Row[];

export const FORMAT = 'myelin.tabular';
export const VERSION = 1;

/** Leads from raw rows to predictions: preprocessing, a model and what its outputs mean. */
export class Tabular<T extends Task = Task> {
  #state: Pipeline | undefined;
  #held: HeldOut | undefined;
  #interrupted = false;

  /** @internal */
  constructor(
    private readonly options: TabularOptions,
    state?: Pipeline,
  ) {
    this.#state = state;
  }

  #ready(): Pipeline {
    if (this.#state) return this.#state;
    throw new StateError('This pipeline has learned nothing yet: call fit(rows) first.');
  }

  /** The trained model. @throws StateError before `fit`. */
  get model(): Model {
    return this.#ready().model;
  }

  /** The preprocessing that turns rows into the model's inputs. @throws StateError before `fit`. */
  get preprocessing(): Preprocessing {
    return this.#ready().inputs;
  }

  /** Describes what was trained, on what, and how well it does. @throws StateError before `fit`. */
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

  /** Returns whether a signal ended `fit` before its end. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  /** The options with which to read other files: the kinds of columns, and how the rows of training were read. */
  get readOptions(): Reading & {
    /** The kind of each column, by name. */
    readonly kinds: Readonly<Record<string, ColumnKind>>;
  } {
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
   * relative to its spread; 9 of probabilities.
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
    checkWatch(watch);
    const table = data instanceof Table ? data : tableFromRows(data);
    const learned = await learn(table, this.options, watch);
    this.#interrupted = learned.interrupted;
    this.#held = learned.held;
    this.#state = learned.pipeline;
    return this;
  }

  /** Rows as a table, their texts read as those that it learned from. */
  #tableOf(data: Data, kinds: Readonly<Record<string, ColumnKind>> = {}): Table {
    if (data instanceof Table) return withoutMarks(data, this.record.reading ?? {}, this.kinds);
    if (Array.isArray(data) && data.length === 0) return emptyTable(kinds);
    const { encoding: _, ...reading } = this.record.reading ?? {};
    return tableFromRows(data, { kinds, ...reading });
  }

  /** Returns a matrix for the model, of rows that need no target. */
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
   * Lists remarks about rows to predict for, by column: names that are not known, categories that are new, numbers outside
   * the range of training. They name the line of the file in tables that readers returned, and otherwise the row, from 0.
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
    return predictionsOf(this.#outputs(data), this.record.classes) as Predictions<T>;
  }

  /** Predictions as a table: the target, and of classes a column of probabilities for each. */
  predictTable(data: Data): Table {
    const { target, record } = this.#ready();
    const isDate = target.kinds[record.target] === 'date';
    return predictionTable(this.#outputs(data), record.target, record.classes, isDate);
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
  compare(data: Data): HeldOut & {
    /** The metrics of these rows, as `evaluate` returns them. */
    readonly metrics: Metrics;
  } {
    const { record } = this.#ready();
    const { table, truth } = this.#labelled(data);
    const outputs = this.#outputs(table);
    return { truth, outputs, metrics: measure(record.task, truth, outputs, record.classes, record.prior) };
  }

  /**
   * Returns the columns by their importance: what predictions lose when one is shuffled (Breiman 2001).
   * @throws ValueError for options out of range, or rows that cannot tell.
   */
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

  /** Returns the data that are saved with the weights. */
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

  /** Returns the saved file as bytes. */
  serialize(): Uint8Array {
    return serialize(this.#dressed(), { training: false });
  }
}

/** Returns a table of these columns without a row. */
function emptyTable(kinds: Readonly<Record<string, ColumnKind>>): Table {
  return new Table(
    Object.entries(kinds).map(([name, kind]) =>
      kind === 'category'
        ? { name, kind, codes: new Int32Array(0), categories: [] }
        : { name, kind, values: new Float64Array(0) },
    ),
  );
}

/**
 * Returns a pipeline that learns to predict one column of a table from the others. With nothing but a target it infers the
 * task, scales, encodes and splits, and trains networks with Adam, one-cycle rates and early stopping.
 */
export function tabular<T extends Task = Task>(options: TabularOptions & { readonly task?: T }): Tabular<T> {
  checkTabular(options);
  return new Tabular<T>(options);
}

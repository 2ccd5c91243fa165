import type { Model } from '../../callbacks/interfaces.js';
import { internalsOf } from '../../engine/internals.js';
import { FileFormatError, show } from '../../errors.js';
import { textDecoder } from '../../realms.js';
import type { Reading } from '../cells/reading.js';
import type { Preprocessing } from '../prep/preprocess.js';
import type { Design, Task } from './design.js';
import type { Metrics, Prior } from './estimate/measure.js';
import type { InputRecord } from './inputs.js';
import type { MemberRecord } from './member.js';
import {
  type Check,
  count,
  either,
  figure,
  flag,
  listOf,
  mapOf,
  number,
  objectOf,
  oneOf,
  positive,
  text,
} from './shape.js';
import { classesOf, type Precision } from './target.js';

/** Describes what was trained, on what, and how well it does; plain data, which is saved with the model. */
export interface TabularRecord {
  /** The column that is predicted. */
  readonly target: string;
  /** Says whether it is a class or a number. */
  readonly task: Task;
  /** Names of the classes, in the order of the outputs. */
  readonly classes?: readonly string[];
  /** Rows that training had, those without a target left out. */
  readonly rows: number;
  /** The options of training, defaults filled in. */
  readonly design: Design;
  /** The record of each network, in order. */
  readonly members: readonly MemberRecord[];
  /**
   * Estimates the metrics on new rows, from rows that were left out and chose neither the epoch nor the temperature. The log
   * loss, and the errors of numbers, are estimates for all networks together; accuracy, f1, auc and confusion for the
   * networks, three of them at most, that left out a row.
   */
  readonly validation: Metrics;
  /**
   * The loss to expect of all networks together on rows that were left out, by epoch: of classes the log loss at the best
   * temperature, of numbers the mean square in units of the scaled target. Its least is a little too good: it was chosen.
   */
  readonly curve?: readonly number[];
  /** The divisor of the inputs of softmax that calibrates the probabilities, chosen on rows that were left out. */
  readonly temperature?: number;
  /** Describes each column of the training data. */
  readonly inputs: readonly InputRecord[];
  /** The options with which the rows were read, where they differ from the defaults. */
  readonly reading?: Reading;
  /** Numbers in the target's units are float64. Those of files of earlier builds, which do not say so, are float32. */
  readonly precision?: Precision;
  /** Shares of the classes, or the mean of the target, in training. Files of earlier builds have none. */
  readonly prior?: Prior;
  /** Remarks for people on what was chosen, left out or looks doubtful. */
  readonly notes: readonly string[];
}

// A record from a file is checked against everything else in the file before it is used. Parts that files of earlier builds
// lack are optional.

const kind = oneOf('number', 'category', 'boolean', 'date');

const inputs = listOf(
  objectOf(
    { name: text, kind, missing: count },
    { min: number, max: number, mean: number, categories: listOf(text), counts: listOf(count) },
  ),
);

const designed = {
  layers: listOf(positive),
  activation: text,
  dropout: number,
  members: positive,
  epochs: positive,
  batchSize: positive,
  learningRate: number,
  weightDecay: number,
  patience: count,
  seed: number,
};
const design = objectOf(designed, { moreEpochs: count });
/** Checks the settings in a checkpoint, which only this build's own can be. */
export const checkpointDesign = objectOf({ ...designed, moreEpochs: count });

const encoding: Check = (value, where) => {
  text(value, where);
  try {
    textDecoder(value as string);
  } catch {
    throw new FileFormatError(where, `${show(value)} in place of the name of an encoding`);
  }
};

const perColumn = either('a text, or an object of texts', text, mapOf(text));

const reading = objectOf(
  {},
  {
    missing: listOf(either('a text or a number', text, number)),
    decimal: oneOf('.', ','),
    thousands: perColumn,
    dateFormat: perColumn,
    encoding,
    quote: flag,
    comment: text,
  },
);

const figures = ['accuracy', 'logLoss', 'f1', 'auc', 'rmse', 'mae', 'r2'];
const figuresOf = () => Object.fromEntries(figures.map((name) => [name, figure]));

const metrics = (classes: number): Check =>
  objectOf(
    { rows: count },
    {
      ...figuresOf(),
      unknownRows: count,
      knownRows: count,
      unknownClasses: listOf(text),
      confusion: listOf(listOf(count, classes), classes),
      baseline: objectOf({ prediction: either('a text or a number', text, number) }, figuresOf()),
    },
  );

const member = objectOf({ history: mapOf(listOf(figure)), bestEpoch: count });

const recordOf = (classes: number): Check =>
  objectOf(
    {
      target: text,
      task: oneOf('classification', 'regression'),
      rows: count,
      design,
      members: listOf(member),
      validation: metrics(classes),
      inputs,
      notes: listOf(text),
    },
    {
      classes: listOf(text),
      reading,
      precision: oneOf('float64'),
      prior: either(
        'shares of the classes, or a mean',
        objectOf({ shares: listOf(number, classes) }),
        objectOf({ mean: number }),
      ),
    },
  );

const WHERE = 'metadata.preprocessing';

/**
 * Checks the record of a pipeline by itself and against the model and the preprocessing, and returns it.
 * @throws FileFormatError
 */
export function readRecord(given: unknown, model: Model, inputs: Preprocessing, target: Preprocessing): TabularRecord {
  const where = `${WHERE}.record`;
  const fail = (part: string, what: string): never => {
    throw new FileFormatError(part === '' ? WHERE : `${WHERE}.${part}`, what);
  };
  const classes = (given as { classes?: unknown } | null | undefined)?.classes;
  recordOf(Array.isArray(classes) ? classes.length : 0)(given, where);
  const record = given as TabularRecord;

  const { network } = internalsOf(model).engine;
  const [input, output] = [network.inputs[0], network.outputs[0]];
  if (network.inputs.length !== 1 || network.outputs.length !== 1) {
    fail('', `a model of ${network.inputs.length} inputs and ${network.outputs.length} outputs, in place of one each`);
  }
  const { value } = output!;
  const first = network.inputs.length;
  const columns = value < first ? input!.width : network.nodes[value - first]!.layer.units;
  const features = inputs.features.length;
  if (features !== input!.width) fail('inputs', `${features} columns for a model of ${input!.width}`);

  const targets = Object.keys(target.kinds);
  if (targets.length !== 1 || targets[0] !== record.target) {
    fail('target', `preprocessing of ${targets.map(show).join(', ')} for the target ${show(record.target)}`);
  }
  if (target.features.length !== 1) fail('target', `${target.features.length} columns in place of one`);
  if (record.task === 'regression') {
    if (columns !== 1) fail('record.task', `regression by a model of ${columns} columns`);
    if (record.classes !== undefined) fail('record.classes', 'classes of a regression');
  } else {
    const names = record.classes ?? fail('record.classes', 'missing');
    if (names.length !== columns) fail('record.classes', `${names.length} classes for a model of ${columns} columns`);
    if (new Set(names).size !== names.length) fail('record.classes', 'a class twice');
    const known: unknown = classesOf(target);
    const same = Array.isArray(known) && known.length === names.length && names.every((name, i) => name === known[i]);
    if (!same) fail('record.classes', 'other classes than those of the target');
  }
  const described = new Map(record.inputs.map((item) => [item.name, item]));
  const { kinds } = inputs;
  if (described.size !== record.inputs.length || described.size !== Object.keys(kinds).length) {
    fail(
      'record.inputs',
      `${record.inputs.length} columns, where the preprocessing takes ${Object.keys(kinds).length}`,
    );
  }
  record.inputs.forEach(({ name, kind, categories, counts }, i) => {
    const place = `record.inputs[${i}]`;
    if (!Object.hasOwn(kinds, name)) fail(place, `a column ${show(name)}, which the preprocessing does not take`);
    if (kinds[name] !== kind) fail(`${place}.kind`, `${kind}, where the preprocessing takes a ${kinds[name]}`);
    if (categories?.length !== counts?.length) fail(`${place}.counts`, 'not one for each of the categories');
  });
  if (record.members.length === 0) fail('record.members', 'none');
  const curves = record.members.flatMap(({ history }) => Object.values(history));
  const epochs = curves.reduce((most, { length }) => Math.max(most, length), 0);
  record.members.forEach(({ bestEpoch }, i) => {
    // A run that was interrupted in its first epoch has no best epoch, and says 0.
    if (bestEpoch > 0 && !(bestEpoch < epochs)) {
      fail(`record.members[${i}].bestEpoch`, `epoch ${bestEpoch} as the best of ${epochs}`);
    }
  });
  return record;
}

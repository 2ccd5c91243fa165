import { checkNumber, checkOptions, lookUp, show, ValueError } from '../../errors.js';
import type { BackendFactory } from '../../kernels/contract.js';
import { type ActivationName, activationNames } from '../../nn/names.js';
import { bytesOf, codedOf, type Readable, rangeOf, readable } from '../bytes-column.js';
import { doubtsAbout } from '../cells/doubts.js';
import type { CategoryColumn, Column, NumberColumn } from '../column.js';
import { oneHot } from '../prep/encoding.js';
import { fillMissing } from '../prep/missing.js';
import type { PreprocessOptions, Steps } from '../prep/preprocess.js';
import { log1p, minMax, standardize, zeroCentre } from '../prep/scaling.js';
import { moments } from '../prep/statistics.js';
import { remarksOn } from '../remarks.js';
import type { Table } from '../table.js';
import { checkThreads, type Threads } from './side-by-side.js';

/** The kind of prediction: one of several classes, or a number. */
export type Task = 'classification' | 'regression';

/** Options of `tabular`. Defaults depend on the rows; `record.design` says what they came to. */
export interface TabularOptions extends Threads {
  /** The name of the column to predict; required. */
  readonly target: string;
  /**
   * The kind of prediction. Default: texts, booleans, 0 and 1, and whole numbers that count classes are classified, and
   * other numbers are predicted as numbers. A remark in the record says why, and where the other task is likely, too.
   */
  readonly task?: Task;
  /** Names of columns to leave out, such as numbers of rows; default none. */
  readonly drop?: readonly string[];
  /** Steps of columns, instead of those chosen for them; the kinds' defaults are chosen as well unless given. */
  readonly preprocess?: PreprocessOptions;
  /** Units of the hidden layers; default 128 and 64. */
  readonly layers?: readonly number[];
  /** The activation of the hidden layers; default 'silu'. */
  readonly activation?: ActivationName;
  /** Rate of dropout after each hidden layer; default 0.2 for classes up to 20,000 rows, else 0. */
  readonly dropout?: number;
  /**
   * Networks whose outputs are averaged. Each trains on all but its own part of the rows, by which it stops; default
   * 10 below 1,500 rows, 5 up to 30,000, 1 above, which leaves out a tenth.
   */
  readonly members?: number;
  /**
   * At most; default 8 to 400, so that training takes up to 3000 steps and 400,000 rows for classes, 6000 and a million
   * for numbers; up to 10,000 rows twice as many on top where the best is among the last.
   */
  readonly epochs?: number;
  /** Rows of a batch; default a fortieth of the rows, 16 to 256. */
  readonly batchSize?: number;
  /** The highest of a one-cycle schedule of Adam; default 0.01, and 0.003 above 20,000 rows. */
  readonly learningRate?: number;
  /** The decoupled weight decay of Adam, at least 0; default 0.0001. */
  readonly weightDecay?: number;
  /** Epochs without a better validation loss before training stops; default half of the epochs, at least 40. */
  readonly patience?: number;
  /** The seed of splits, initialization, shuffling and dropout; default 0. */
  readonly seed?: number;
  /** The backend to train and predict on; default `await auto()`. Workers open their own, so it goes with one thread. */
  readonly backend?: BackendFactory;
}

/** Holds the settings of training, with defaults filled in; plain data. */
export interface Design {
  /** Units of each hidden layer. */
  readonly layers: readonly number[];
  /** The activation of the hidden layers. */
  readonly activation: ActivationName;
  /** Rate of dropout after each hidden layer, from 0 on and below 1. */
  readonly dropout: number;
  /** The number of networks that are trained; their outputs are averaged. */
  readonly members: number;
  /** Epochs at most. */
  readonly epochs: number;
  /** Trained for on top where the last of the epochs were the best. */
  readonly moreEpochs: number;
  /** Rows of a batch. */
  readonly batchSize: number;
  /** The highest rate of the one-cycle schedule. */
  readonly learningRate: number;
  /** The decoupled weight decay of Adam. */
  readonly weightDecay: number;
  /** Epochs without a better validation loss before training stops. */
  readonly patience: number;
  /** The seed of the split, initialization, shuffling and dropout. */
  readonly seed: number;
}

const TASKS: Readonly<Record<Task, Task>> = { classification: 'classification', regression: 'regression' };

/** Options of `tabular` that are numbers, names or lists of them, and so can be said on a command line. */
export const trainingOptions = [
  'task',
  'drop',
  'layers',
  'activation',
  'dropout',
  'members',
  'epochs',
  'batchSize',
  'learningRate',
  'weightDecay',
  'patience',
  'seed',
  'threads',
] as const;

const OPTIONS = ['target', 'preprocess', ...trainingOptions, 'workerUrl', 'backend'];

/** Checks what can be checked without data. @throws ValueError for options of another kind or out of range. */
export function checkTabular(options: TabularOptions): void {
  checkOptions(options, OPTIONS, 'tabular');
  const { target, task, activation, drop = [], layers = [1] } = options;
  if (typeof target !== 'string')
    throw new ValueError({ argument: 'target', given: show(target), expected: 'the name of a column' });
  if (task !== undefined) lookUp(TASKS, task, 'task');
  if (activation !== undefined) lookUp(activationNames, activation, 'activation');
  if (!Array.isArray(drop))
    throw new ValueError({ argument: 'drop', given: show(drop), expected: 'an array of names' });
  if (!Array.isArray(layers))
    throw new ValueError({ argument: 'layers', given: show(layers), expected: 'an array of numbers' });
  if (drop.includes(target)) {
    throw new ValueError({ argument: 'drop', given: `'${target}', the target`, expected: 'columns to learn from' });
  }
  layers.forEach((units, i) => {
    checkNumber(units, `layers[${i}]`, { min: 1, integer: true });
  });
  const whole = { min: 1, integer: true };
  const ranges = {
    dropout: { min: 0, below: 1 },
    members: whole,
    epochs: whole,
    batchSize: whole,
    learningRate: { above: 0 },
    weightDecay: { min: 0 },
    patience: whole,
    seed: { min: 0, max: 2 ** 40, integer: true },
  } as const;
  for (const [name, range] of Object.entries(ranges)) {
    const value = options[name as keyof typeof ranges];
    if (value !== undefined) checkNumber(value, name, range);
  }
  checkThreads(options, options.backend);
}

const MANY_ROWS = 30_000;
/** Rows up to which there is time to go on where the last epochs were the best. */
const MOST_ROWS_AGAIN = 10_000;
const FEW_ROWS = 1500;
/** While the rate of a one-cycle schedule is high the validation loss grows, for half of a short run. */
const LEAST_PATIENCE = 40;

/** Returns the settings of training for this many rows in all. */
export function designFor(rows: number, task: Task, options: TabularOptions): Design {
  const members = options.members ?? (rows > MANY_ROWS || rows < 20 ? 1 : rows < FEW_ROWS ? 10 : 5);
  const training = members === 1 ? rows * 0.9 : (rows * (members - 1)) / members;
  const batchSize = options.batchSize ?? Math.min(256, Math.max(16, 2 ** Math.round(Math.log2(training / 40))));
  const steps = Math.max(1, Math.ceil(training / batchSize));
  const enough =
    task === 'classification' ? Math.min(3000 / steps, 400_000 / rows) : Math.min(6000 / steps, 1_000_000 / rows);
  const epochs = options.epochs ?? Math.max(8, Math.round(Math.min(400, enough)));
  return {
    layers: options.layers ?? [128, 64],
    activation: options.activation ?? 'silu',
    dropout: options.dropout ?? (task === 'classification' && rows <= 20_000 ? 0.2 : 0),
    members,
    epochs,
    moreEpochs: options.epochs === undefined && rows <= MOST_ROWS_AGAIN ? 2 * epochs : 0,
    batchSize,
    learningRate: options.learningRate ?? (rows > 20_000 ? 0.003 : 0.01),
    weightDecay: options.weightDecay ?? 1e-4,
    patience: options.patience ?? Math.max(LEAST_PATIENCE, Math.round(epochs / 2)),
    seed: options.seed ?? 0,
  };
}

/** Distinct whole numbers that are taken for classes at most. */
const MOST_CLASSES = 20;

/** Holds the task that was inferred from a target, and the reason. */
export interface InferredTask {
  readonly task: Task;
  readonly why: string;
  /** Says which other task may be meant, and how to ask for it. */
  readonly remark?: string;
}

/**
 * Whole numbers are classes if they are 0 and 1, or if they count from 0 or 1 without a gap and no class is rare: grades
 * and counts thin out at their ends.
 */
export function inferTask(column: Column): InferredTask {
  const { name } = column;
  if (column.kind === 'category') return { task: 'classification', why: `'${name}' holds texts` };
  if (column.kind === 'boolean') return { task: 'classification', why: `'${name}' is true or false` };
  if (column.kind === 'date') return { task: 'regression', why: `'${name}' holds dates` };
  const counts = new Map<number, number>();
  let rows = 0;
  for (const value of column.values) {
    if (Number.isNaN(value)) continue;
    rows++;
    counts.set(value, (counts.get(value) ?? 0) + 1);
    if (counts.size > MOST_CLASSES || !Number.isInteger(value)) {
      return { task: 'regression', why: `'${name}' holds numbers` };
    }
  }
  const values = [...counts.keys()].sort((a, b) => a - b);
  const [first = 0] = values;
  const inARow = (first === 0 || first === 1) && values.every((value, i) => value === first + i);
  if (inARow && first === 0 && values.length === 2) {
    const remark = "to predict the share of 1 as a number, say task: 'regression' (--task regression)";
    return { task: 'classification', why: `'${name}' is 0 or 1`, remark };
  }
  const rarest = Math.min(...counts.values());
  if (inARow && values.length > 1 && rarest * values.length >= rows / 4) {
    return { task: 'classification', why: `'${name}' counts ${values.length} classes from ${first}` };
  }
  const listed = `${values.slice(0, 8).join(', ')}${values.length > 8 ? ', ...' : ''}`;
  return {
    task: 'regression',
    why: `'${name}' holds numbers`,
    remark: `'${name}' has ${values.length} values, ${listed}: if they are classes, say task: 'classification' (--task classification)`,
  };
}

function skewness(values: Readable): number {
  const { mean, deviation, count } = moments(values);
  if (deviation === 0) return 0;
  let cubes = 0;
  for (let i = 0; i < values.length; i++) {
    const off = (values[i]! - mean) / deviation;
    if (!Number.isNaN(off)) cubes += off * off * off;
  }
  return cubes / count;
}

const SKEWED = 2;

/**
 * Numbers a thousand times as far from 0 as from each other: a logarithm is a line there, and takes digits from them.
 */
const isFarOff = (least: number, most: number) => least > 1000 * (most - least);

function numberSteps(column: NumberColumn): Steps {
  const values = readable(column);
  let least = Infinity;
  let most = -Infinity;
  for (let i = 0; i < values.length; i++) {
    if (values[i]! < least) least = values[i]!;
    if (values[i]! > most) most = values[i]!;
  }
  const fill = fillMissing({ indicator: true });
  return least >= 0 && !isFarOff(least, most) && skewness(values) > SKEWED
    ? [log1p(), standardize(), fill]
    : [standardize(), fill];
}

const MANY_CATEGORIES = 20;

/** Columns that a table has at least for their scale to be looked for. */
const MANY_COLUMNS = 32;

/**
 * Returns the greatest number that at least a third of many columns reach, where none is below 0 or above it: one scale for
 * all keeps those that are nearly always 0 from growing out of proportion.
 */
function sharedScale({ columns }: Table): number | undefined {
  const numbers = columns.filter((column) => column.kind === 'number');
  if (numbers.length < MANY_COLUMNS) return undefined;
  let greatest = 0;
  let reached = 0;
  for (const column of numbers as NumberColumn[]) {
    const coded = bytesOf(column);
    const values = coded ? [] : column.values;
    let { low, high } = coded ? rangeOf(coded) : { low: Infinity, high: 0 };
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      if (value < 0 || (value > 0 && !Number.isInteger(value))) return undefined;
      if (value > high) high = value;
      if (value < low) low = value;
    }
    if (low < high && isFarOff(low, high)) return undefined;
    if (high > greatest) [greatest, reached] = [high, 1];
    else if (high === greatest) reached++;
  }
  return greatest > 1 && reached >= numbers.length / 3 ? greatest : undefined;
}

const pixelSteps = (high: number): Steps => [
  minMax({ low: 0, high, max: 4 }),
  zeroCentre(),
  fillMissing({ indicator: true }),
];

/** Steps of a column of texts; `'drop'` where nearly every row has a text of its own. */
function categorySteps({ codes, categories }: CategoryColumn): Steps | 'drop' {
  const seen = new Uint8Array(categories.length);
  let used = 0;
  let present = 0;
  for (const code of codes) {
    if (code < 0) continue;
    present++;
    if (seen[code] === 0) used++;
    seen[code] = 1;
  }
  if (used > 50 && used > present / 2) return 'drop';
  return oneHot(categories.length > MANY_CATEGORIES ? { minRows: Math.max(2, Math.ceil(codes.length / 2000)) } : {});
}

const allMissing = (column: Column) => {
  if (column.kind === 'category') return column.codes.every((code) => code < 0);
  const coded = codedOf(column);
  return coded ? coded.bytes.length === 0 : column.values.every(Number.isNaN);
};

const isConstant = (column: Column) => {
  const coded = bytesOf(column);
  if (coded) return rangeOf(coded).low === rangeOf(coded).high;
  const values: ArrayLike<number> = column.kind === 'category' ? column.codes : column.values;
  for (let i = 1; i < values.length; i++) if (values[i] !== values[0]) return false;
  return true;
};

/** Columns that count rows; none where there is nothing else to learn from. */
export function countersOf({ columns }: Table): readonly string[] {
  const counters = columns.filter((column) => 'counter' in column);
  const others = columns.some((column) => !counters.includes(column) && !allMissing(column) && !isConstant(column));
  return others ? counters.map(({ name }) => name) : [];
}

/** Columns up to which each has a remark of its own. */
const MOST_REMARKS = 5;

/** Remarks on columns that say nothing: of many one for all. */
function leftOut(names: readonly string[], values: string): readonly string[] {
  if (names.length <= MOST_REMARKS) return names.map((name) => `'${name}' is left out: it has ${values}`);
  const [first, last] = [names[0], names.at(-1)];
  return [`${names.length} columns are left out, as each has ${values}: '${first}' to '${last}'`];
}

/** Steps of all columns of a table, and remarks on those that are left out. */
export function choosePreprocessing(
  table: Table,
  given: PreprocessOptions = {},
): { options: PreprocessOptions; notes: readonly string[] } {
  const notes: string[] = [];
  const [empty, constant]: [string[], string[]] = [[], []];
  const shared = sharedScale(table);
  if (shared !== undefined) notes.push(`numbers share a scale, 0 to ${shared}, as counts and pixels do`);
  const columns: Record<string, Steps | 'drop'> = Object.create(null);
  const counters = countersOf(table);
  for (const column of table.columns) {
    const { name, kind } = column;
    if (given.columns && Object.hasOwn(given.columns, name)) continue;
    if (counters.includes(name)) {
      columns[name] = 'drop';
      notes.push(`'${name}' is left out: it counts the rows; a kind given in columns keeps it`);
    } else if (allMissing(column)) {
      columns[name] = 'drop';
      empty.push(name);
    } else if (isConstant(column)) {
      columns[name] = 'drop';
      constant.push(name);
    } else if (kind === 'number' && given.numbers === undefined)
      columns[name] = shared === undefined ? numberSteps(column) : pixelSteps(shared);
    else if (kind === 'category' && given.categories === undefined) {
      columns[name] = categorySteps(column);
      if (columns[name] !== 'drop') continue;
      const why = remarksOn(name, doubtsAbout(column, table.lines)).map((remark) => `; ${remark}`);
      notes.push(`'${name}' is left out: nearly every row has a text of its own${why.join('')}`);
    }
  }
  notes.push(...leftOut(empty, 'no value'), ...leftOut(constant, 'one value'));
  return { options: { ...given, columns: { ...columns, ...given.columns } }, notes };
}

import type { Model } from '../../callbacks/interfaces.js';
import { checkNumber, checkOptions, show, ValueError } from '../../errors.js';
import { Generator, stream } from '../../kernels/lib/philox.js';
import { type Matrix, makeMatrix, type Numbers } from '../../matrix.js';
import { accuracy } from '../../nn/metrics/classification.js';
import { rmse } from '../../nn/metrics/regression.js';
import type { Preprocessing } from '../prep/preprocess.js';
import { shuffle } from '../splits.js';
import { Table } from '../table.js';
import type { Task } from './design.js';
import { FirstLayers } from './first-layers.js';

/**
 * Says how much worse predictions become when a column is shuffled: in accuracy, or in the error as a share of what it was.
 */
export interface Importance {
  /** Its name; of several that are shuffled together, the first and the last. */
  readonly column: string;
  /** The amount by which the metric worsens, in its unit, when the column is shuffled; the mean over repeats. */
  readonly importance: number;
  /** Standard deviation over repeats. */
  readonly deviation: number;
  /** The names of several that are shuffled together. */
  readonly columns?: readonly string[];
}

/** Columns by their importance, and how it was found. */
export interface Explanation extends ReadonlyArray<Importance> {
  /** Rows that it was measured on. */
  readonly rows: number;
  /** Times that each column was shuffled. */
  readonly repeats: number;
  /** Columns that the budget did not reach. */
  readonly leftOut: readonly string[];
}

/** Options of `explain`. */
export interface ExplainOptions {
  /** Times that each column is shuffled at most; default 5. */
  readonly repeats?: number;
  /** Rows at most, drawn at random; default 2000. */
  readonly rows?: number;
  /**
   * Predictions of one network at most, one for each row, column, repeat and network. Where it would take more there are
   * fewer rows, down to 500, then fewer repeats, then fewer rows again, down to 50, and then fewer columns. Default 300,000;
   * where all columns of 50 rows take more, as many, up to a million.
   */
  readonly budget?: number;
  /** The seed of the rows and orders that are drawn; default 0. */
  readonly seed?: number;
  /** Columns to shuffle together; default each alone, but of pixels blocks of neighbours. */
  readonly groups?: readonly (readonly string[])[];
  /** Called after each column or group. Default: none. */
  readonly progress?: (done: number, total: number) => void;
}

const [BUDGET, MOST_BUDGET] = [300_000, 1_000_000];
const FEW_ROWS = 500;
const FEWEST_ROWS = 50;

/** A pipeline, as far as importance needs it. */
export interface Explained {
  readonly task: Task;
  readonly target: string;
  readonly preprocessing: Preprocessing;
  readonly model: Model;
  /** The number of networks in the model. */
  readonly networks: number;
  /** Returns the model's predictions, in the units of the target. */
  unscaled(outputs: Matrix): Numbers;
}

interface Plan {
  readonly rows: number;
  readonly repeats: number;
  readonly columns: number;
}

/** Divides a budget of predictions among rows, repeats and columns. */
export function planOf(wanted: Plan, budget: number): Plan {
  let { rows, repeats, columns } = wanted;
  const affordable = (per: number) => Math.floor(budget / per);
  const least = (most: number, count: number) => Math.min(rows, Math.max(most, count));
  rows = least(FEW_ROWS, affordable(columns * repeats));
  repeats = Math.max(1, Math.min(repeats, affordable(columns * rows)));
  rows = least(FEWEST_ROWS, affordable(columns * repeats));
  columns = Math.max(1, Math.min(columns, affordable(rows * repeats)));
  return { rows, repeats, columns };
}

/** Computes how much worse predictions become when a column is shuffled, on rows whose target is known. */
export function importanceOf(
  explained: Explained,
  all: Table,
  truthOf: (table: Table) => Numbers,
  options: ExplainOptions,
): Explanation {
  checkOptions(options, ['repeats', 'rows', 'budget', 'seed', 'groups', 'progress'], 'explain');
  const { repeats = 5, rows = 2000, seed = 0, progress } = options;
  const { task, networks } = explained;
  const groups = readGroups(options.groups, explained, all);
  const once = networks * FEWEST_ROWS * groups.length;
  const budget = options.budget ?? Math.min(MOST_BUDGET, Math.max(BUDGET, once));
  for (const [name, value] of Object.entries({ repeats, rows, budget })) checkNumber(value, name, { min: 1 });
  const wanted = { rows: Math.min(rows, all.rows), repeats: Math.floor(repeats), columns: groups.length };
  const plan = planOf(wanted, budget / networks);
  const generator = new Generator(seed, stream('augmentation'));
  const table = all.take(shuffled(all.rows, generator).subarray(0, plan.rows));
  const truth = truthOf(table);
  const score = (outputs: Numbers) => (task === 'classification' ? accuracy(truth, outputs) : -rmse(truth, outputs));
  const mixer = mixerOf(explained, table);
  const whole = score(mixer.whole);
  const scale = task === 'classification' || whole === 0 ? 1 : -whole;
  // Where the budget does not cover all of them, a sample is taken across the range.
  const chosen = groups.filter(
    (_, i) => Math.floor(((i + 1) * plan.columns) / groups.length) > Math.floor((i * plan.columns) / groups.length),
  );
  const found = chosen
    .map((columns, i): Importance => {
      const losses = Array.from({ length: plan.repeats }, () => {
        return (whole - score(mixer.mixed(columns, shuffled(table.rows, generator)))) / scale;
      });
      const importance = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
      const variance = losses.reduce((sum, loss) => sum + (loss - importance) ** 2, 0) / losses.length;
      progress?.(i + 1, chosen.length);
      const several = columns.length > 1;
      return {
        column: several ? `${columns[0]} to ${columns.at(-1)}` : columns[0]!,
        importance,
        deviation: Math.sqrt(variance),
        ...(several && { columns }),
      };
    })
    .sort((a, b) => b.importance - a.importance);
  const leftOut = groups.filter((group) => !chosen.includes(group)).flat();
  return Object.assign(found, { rows: table.rows, repeats: plan.repeats, leftOut });
}

function shuffled(rows: number, generator: Generator): Uint32Array {
  return shuffle(
    Uint32Array.from({ length: rows }, (_, i) => i),
    generator,
  );
}

function readGroups(
  given: ExplainOptions['groups'],
  explained: Explained,
  table: Table,
): readonly (readonly string[])[] {
  const columns = Object.keys(explained.preprocessing.kinds);
  if (given === undefined) return blocksOf(explained, table) ?? columns.map((column) => [column]);
  const known = new Set(columns);
  const fits = (group: unknown) => Array.isArray(group) && group.length > 0 && group.every((name) => known.has(name));
  if (Array.isArray(given) && given.length > 0 && given.every(fits)) return given;
  throw new ValueError({
    argument: 'groups',
    given: show(given),
    expected: 'lists of columns that the pipeline learned from',
  });
}

/** Columns of one scale that are taken for pixels, and blocks of them at most. */
const [MANY_PIXELS, MOST_BLOCKS] = [256, 200];

/** Neighbours among columns that share a scale, as pixels do: squares where they are as many as a square image has. */
function blocksOf({ preprocessing, target }: Explained, table: Table): readonly (readonly string[])[] | undefined {
  const { columns } = preprocessing.toJSON();
  const isPixel = ({ steps }: (typeof columns)[number]) =>
    steps[0]?.step === 'minMax' && steps[1]?.step === 'zeroCentre';
  if (columns.length < MANY_PIXELS || !columns.every(isPixel)) return undefined;
  const used = new Set(columns.map(({ name }) => name));
  // The indices refer to the columns before constant ones were left out.
  const names = table.names.filter((name) => name !== target);
  const place = new Map(names.map((name, i) => [name, i]));
  const side = Math.round(Math.sqrt(names.length));
  const edge = Math.ceil(side / Math.floor(Math.sqrt(MOST_BLOCKS)));
  const run = Math.ceil(names.length / MOST_BLOCKS);
  const blockOf = (at: number) =>
    side * side === names.length
      ? Math.floor(Math.floor(at / side) / edge) * side + Math.floor((at % side) / edge)
      : Math.floor(at / run);
  const blocks = new Map<number, string[]>();
  for (const name of used) {
    const block = blockOf(place.get(name) ?? 0);
    const others = blocks.get(block);
    if (others) others.push(name);
    else blocks.set(block, [name]);
  }
  return [...blocks.values()];
}

interface Mixer {
  /** Predictions for the rows as they are. */
  readonly whole: Numbers;
  /** Does the same where some columns of the table are in another order. */
  mixed(columns: readonly string[], order: Uint32Array): Numbers;
}

function mixerOf({ preprocessing, model, unscaled }: Explained, table: Table): Mixer {
  const { origins } = preprocessing;
  const x = preprocessing.transform(table);
  if (!origins) {
    return {
      whole: unscaled(model.predict(x)),
      mixed(names, order) {
        const mixed = table.select(names).take(order);
        const columns = table.columns.map((item) => (names.includes(item.name) ? mixed.column(item.name) : item));
        return unscaled(model.predict(preprocessing.transform(new Table(columns))));
      },
    };
  }
  // A step depends only on the rows of its column, so its outputs move along with them.
  const ranges = new Map<string, [number, number]>();
  origins.forEach((name, i) => {
    const range = ranges.get(name);
    if (range) range[1] = i + 1;
    else ranges.set(name, [i, i + 1]);
  });
  const layers = FirstLayers.of(model);
  if (!layers) {
    return {
      whole: unscaled(model.predict(x)),
      mixed(names, order) {
        const data = x.data.slice();
        for (const name of names) {
          const [start, end] = ranges.get(name) ?? [0, 0];
          for (let row = 0; row < x.rows; row++) {
            const from = order[row]! * x.columns;
            data.set(x.data.subarray(from + start, from + end), row * x.columns + start);
          }
        }
        return unscaled(model.predict(makeMatrix(data, x.rows, x.columns)));
      },
    };
  }
  const sums = layers.sums(x);
  const whole = layers.outputs(sums);
  return {
    whole: unscaled(whole),
    mixed(names, order) {
      const moving = names.flatMap((name) => [ranges.get(name) ?? [0, 0]] as [number, number][]);
      const moved = layers.moved(x, sums, moving, order);
      const outputs = whole.data.slice();
      if (moved.rows.length > 0) {
        const { data, columns } = layers.outputs(moved.sums);
        moved.rows.forEach((row, k) => {
          outputs.set(data.subarray(k * columns, (k + 1) * columns), row * columns);
        });
      }
      return unscaled(makeMatrix(outputs, whole.rows, whole.columns));
    },
  };
}

import type { Engine } from '../engine/engine.js';
import { readOutcome } from '../engine/outcome.js';
import { HISTORY, type StepCounts } from '../engine/step-counts.js';
import { keepingReports, learningRate, runGradients } from '../engine/steps.js';
import { NonFiniteError, type NonFiniteFacts } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Parameter } from '../program/parameter.js';
import type { Tensor } from '../program/plan.js';
import type { LinkedProgram } from '../program/run.js';
import { rare } from '../rare.js';
import type { Pair } from '../rows/arrays.js';
import type { RefusedBatch } from './refused-batch.js';

/** Data beyond this wants scaling, and columns that are this many times larger than most. */
const LARGE = 1e3;
const APART = 100;

/** No optimizer takes more. */
const LARGEST_RATE = 10;

/** Rows of a batch that are evaluated one by one. */
const MOST_ROWS = 4096;

/** The first tensor of a step that is not finite, and where in it. */
interface Finding {
  readonly tensor: NonNullable<NonFiniteFacts['tensor']>;
  readonly layer?: string | undefined;
  readonly parameter?: Parameter | undefined;
  /** Rows of the batch that are not finite; of what has none, none. */
  readonly rows: readonly number[];
  /** The phrase for it in a sentence. */
  readonly what: string;
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const size = ({ min, max }: Range) => Math.max(Math.abs(min), Math.abs(max));
const short = (value: number) => String(Number(value.toPrecision(3)));

/** Returns the name by which users know the layer of a parameter. */
function layerOf({ network }: Engine, parameter: string): string | undefined {
  return network.nodes.find(({ layer }) => layer.parameters.some(({ name }) => name === parameter))?.label;
}

function badRows({ data, columns }: Matrix): readonly number[] {
  const rows = new Set<number>();
  for (let i = 0; i < data.length; i++) if (!Number.isFinite(data[i] as number)) rows.add(Math.floor(i / columns));
  return [...rows];
}

function firstBad({ data }: Matrix): string {
  return String(data.find((value) => !Number.isFinite(value)));
}

/** Returns the moments of each column, without what is not finite. */
function rangesOf({ data, columns }: Matrix): readonly Range[] {
  const ranges = Array.from({ length: columns }, () => ({ min: Infinity, max: -Infinity }));
  for (let i = 0; i < data.length; i++) {
    const value = data[i] as number;
    const range = ranges[i % columns] as { min: number; max: number };
    if (value < range.min) range.min = value;
    if (value > range.max) range.max = value;
  }
  return ranges;
}

/** Returns the rows that are bad by themselves: each goes through the model alone, in inference mode. */
function badLosses(engine: Engine, x: readonly Matrix[], y: readonly Matrix[], weighted: boolean): readonly number[] {
  const { rows } = x[0] as Matrix;
  if (rows > MOST_ROWS) return [];
  const program = engine.program('evaluate', 1, weighted);
  return Array.from({ length: rows }, (_, row) => row).filter((row) => {
    engine.stageBatch(program, x, y, row);
    engine.runProgram(program);
    return !Number.isFinite(readOutcome(engine).loss);
  });
}

/** Numbers that are not finite in what a batch was made of. `fit` has looked at all of it once, and reads it anew in each epoch. */
function badData(engine: Engine, program: LinkedProgram): Finding | undefined {
  const { network, training } = engine;
  const own = (names: readonly string[], whole: string) =>
    names.map((name) => (names.length > 1 ? `${whole}.${name}` : whole));
  const outputs = training.targets.map(({ name }) => name);
  const inputs = own(
    network.inputs.map(({ name }) => name),
    'x',
  );
  const targets = [...own(outputs, 'y'), ...own(outputs, 'sampleWeight')];
  const parts = [
    ...program.inputs.map((value, i) => ({ value, tensor: 'input' as const, name: inputs[i] as string })),
    ...program.targets.map((value, i) => {
      const tensor = i < outputs.length ? ('target' as const) : ('sampleWeight' as const);
      return { value, tensor, name: targets[i] as string };
    }),
  ];
  for (const { value, tensor, name } of parts) {
    const matrix = engine.read(value);
    const rows = badRows(matrix);
    if (rows.length === 0) continue;
    const column = matrix.data.findIndex((item) => !Number.isFinite(item)) % matrix.columns;
    const place = matrix.columns > 1 ? ` in column ${column}` : '';
    return { tensor, rows, what: `${name} holds ${firstBad(matrix)}${place}` };
  }
  return undefined;
}

/** Walks through a step in its order: outputs of layers, loss, gradients, what the update would make. */
function find(
  engine: Engine,
  program: LinkedProgram,
  data: { readonly x: readonly Matrix[]; readonly y: readonly Matrix[] },
  spoilt: string | undefined,
): Finding | undefined {
  const { network, training } = engine;
  const names = new Set(network.inputs.map(({ name }) => name));
  const kept = program.kept.filter(({ name }) => !names.has(name));
  for (const { name, value } of [...kept].reverse()) {
    const output = engine.read(value);
    const rows = badRows(output);
    if (rows.length === 0) continue;
    return { tensor: 'activation', layer: name, rows, what: `the output of ${name} is ${firstBad(output)}` };
  }
  const outcome = readOutcome(engine);
  if (!Number.isFinite(outcome.loss)) {
    if (!Number.isFinite(outcome.penalty)) {
      return { tensor: 'loss', rows: [], what: `the penalty on weights is ${outcome.penalty}` };
    }
    const bad = outcome.losses.findIndex((loss) => !Number.isFinite(loss));
    const several = training.targets.length > 1;
    const layer = several ? training.targets[bad]?.name : undefined;
    const what = `the loss${layer ? ` of ${layer}` : ''} is ${bad < 0 ? outcome.loss : outcome.losses[bad]}`;
    const rows = keepingReports(engine, () => badLosses(engine, data.x, data.y, program.weighted));
    return { tensor: 'loss', rows, what, ...(layer ? { layer } : {}) };
  }
  for (const { name, gradient } of kept) {
    if (!gradient) continue;
    const read = engine.read(gradient);
    const rows = badRows(read);
    if (rows.length === 0) continue;
    const what = `the gradient by the output of ${name} is ${firstBad(read)}`;
    return { tensor: 'gradient', layer: name, rows, what };
  }
  for (const parameter of [...network.parameters].reverse()) {
    if (!parameter.trainable) continue;
    const { name } = parameter;
    const gradient = engine.readGradient(program, parameter);
    if (badRows(gradient).length === 0) continue;
    const what = `the gradient of ${name} is ${firstBad(gradient)}`;
    return { tensor: 'gradient', rows: [], what, layer: layerOf(engine, name) };
  }
  if (spoilt === undefined) return undefined;
  const parameter = network.parameters.find(({ name }) => name === spoilt);
  return {
    tensor: 'weight',
    rows: [],
    what: `the update would make ${parameter ? spoilt : `the optimizer's ${spoilt}`} infinite`,
    layer: layerOf(engine, spoilt),
    parameter,
  };
}

interface Diagnosis {
  readonly cause: NonNullable<NonFiniteFacts['cause']>;
  readonly because: string;
  readonly remedy: string;
}

/** Returns the column that stands out, or the largest of columns that are all large. */
function unscaled(matrices: readonly Matrix[], names: readonly string[]): string | undefined {
  for (const [i, matrix] of matrices.entries()) {
    const ranges = rangesOf(matrix);
    const sizes = ranges.map(size);
    const largest = Math.max(...sizes);
    if (!(largest > LARGE)) continue;
    const column = sizes.indexOf(largest);
    const { min, max } = ranges[column] as Range;
    const rest = sizes.filter((_, c) => c !== column).sort((a, b) => a - b);
    const usual = rest[rest.length >> 1] ?? largest;
    const others = rest.length > 0 ? `, where half of the other columns stay within ${short(usual)}` : '';
    const place = matrix.columns > 1 ? `column ${column} of ${names[i]}` : (names[i] as string);
    return `${place} goes from ${short(min)} to ${short(max)}${largest > APART * usual ? others : ''}`;
  }
  return undefined;
}

/** Returns the largest magnitude among weights, and whose it is. */
function largestWeight(engine: Engine): { readonly name: string; readonly value: number } {
  let found = { name: '', value: 0 };
  for (const { name, value } of engine.network.parameters) {
    for (const weight of engine.heap.subarray(value.offset, value.offset + value.size)) {
      if (Math.abs(weight) > found.value) found = { name, value: Math.abs(weight) };
    }
  }
  return found;
}

/** Losses of the last updates, oldest first, and norms of gradients, or the largest element that the guard saw. */
function history({ recent, taken }: StepCounts): {
  readonly losses: readonly number[];
  readonly sizes: readonly number[];
} {
  const last = (start: number) =>
    Array.from({ length: HISTORY }, (_, i) => recent[start + ((taken + 1 + i) % HISTORY)] as number).filter(
      (value) => !Number.isNaN(value),
    );
  return { losses: last(0), sizes: last(HISTORY) };
}

function diagnose(engine: Engine, finding: Finding, { x, y }: Pick<Pair, 'x' | 'y'>): Diagnosis {
  const { training, network, steps } = engine;
  const { losses, sizes } = history(steps);
  const { clip } = training;
  const clipping = clip ? '' : ' globalClipNorm: 1 keeps single batches from throwing the weights far off.';
  const rate = `the learning rate of ${short(learningRate(engine))} is too high`;
  const lower: Diagnosis = {
    cause: 'learningRate',
    because: rate,
    remedy: `Lower the learning rate, to a tenth at first.${clipping}`,
  };
  if (finding.parameter?.learnable) return lower;
  const late = finding.tensor === 'loss' || finding.tensor === 'gradient';
  if (late && training.targets.some(({ objective }) => objective.definition.needsPositive)) {
    return {
      cause: 'logOfZero',
      because: 'the loss takes the logarithm (or divides by, or takes the root) of a number that is 0 or negative',
      remedy:
        'End the model in an activation that stays above 0, or add a small number such as 1e-7 before log and div.',
    };
  }
  const inputs = unscaled(
    x.filter((_, i) => network.inputs[i]?.ids === undefined),
    x.length > 1 ? network.inputs.filter(({ ids }) => ids === undefined).map(({ name }) => `x.${name}`) : ['x'],
  );
  if (inputs) {
    return {
      cause: 'unscaledInput',
      because: inputs,
      remedy: 'Scale each column to about -1..1: subtract its mean and divide by its standard deviation.',
    };
  }
  const values = training.targets.flatMap(({ objective, name }, i) =>
    objective.targets === 'labels'
      ? []
      : [{ data: y[i] as Matrix, name: training.targets.length > 1 ? `y.${name}` : 'y' }],
  );
  const targets = unscaled(
    values.map(({ data }) => data),
    values.map(({ name }) => name),
  );
  if (targets) {
    const remedy = `Scale the targets as inputs are scaled, and scale predictions back.${clipping}`;
    return { cause: 'unscaledTarget', because: targets, remedy };
  }
  const grown = (values: readonly number[], times: number) => {
    return values.length > 1 && (values.at(-1) as number) > times * Math.max(Math.min(...values), 1e-30);
  };
  if (steps.taken > 0 && learningRate(engine) > LARGEST_RATE) return lower;
  if (grown(losses, 10) || grown(sizes, APART)) return { ...lower, because: `${rate}: the last steps made it worse` };
  const { name, value } = largestWeight(engine);
  if (value > LARGE) {
    const remedy = 'Look at where the weights come from: initializers, setWeights, a run that diverged.';
    return { cause: 'hugeWeights', because: `${name} holds a weight of magnitude ${short(value)}`, remedy };
  }
  if (!clip && finding.tensor !== 'loss' && steps.taken > 0) {
    const remedy = 'globalClipNorm: 1 keeps single batches from throwing the weights far off.';
    return { cause: 'noClipping', because: 'one batch has a gradient far larger than those before', remedy };
  }
  const remedy = 'Look at this row; activations such as exponential want inputs within about -20..20.';
  return { cause: 'overflow', because: 'numbers beyond 3.4e38 overflow float32', remedy };
}

/** Data that was finite when it was read. */
function changed(refused: RefusedBatch, facts: NonFiniteFacts, where: string, { tensor, rows, what }: Finding) {
  const [first] = rows as readonly [number];
  const row = refused.rowOf?.(first) ?? first;
  const more = rows.length > 1 ? ` (and ${rows.length - 1} more of the batch)` : '';
  const remedy = 'Give fit a copy, such as x.data.slice(), or change the data between two calls.';
  const message = [
    `In ${where} ${what}, in row ${row} of the ${refused.rowOf ? 'data' : 'batch'}${more}.`,
    `It was finite when it was read: something has written to it since. ${remedy}`,
    'The step was not applied: weights and state are those of the step before.',
  ].join(' ');
  return new NonFiniteError(message, { ...facts, tensor, cause: 'changedData', remedy, row });
}

/** Computes a refused batch again, with the weights as they are; undefined where all is finite now. */
export function explain(
  engine: Engine,
  refused: RefusedBatch,
  facts: NonFiniteFacts,
  where: string,
  spoilt: string | undefined,
): NonFiniteError | undefined {
  const data = badData(engine, refused.stage(false));
  if (data) return changed(refused, facts, where, data);
  const staged = refused.stage();
  const read = (tensors: readonly Tensor[]) => tensors.map((tensor) => engine.read(tensor));
  const batch = { x: read(staged.inputs), y: read(staged.targets) };
  const program = rare().inspection(engine, staged.rows, staged.weighted);
  engine.stageBatch(program, batch.x, batch.y, 0);
  runGradients(engine, program);
  const finding = find(engine, program, batch, spoilt);
  if (!finding) return undefined;
  const { cause, because, remedy } = diagnose(engine, finding, refused.sample ?? batch);
  const { tensor, layer, rows, what } = finding;
  const [only] = rows;
  const row = rows.length === 1 && only !== undefined ? (refused.rowOf?.(only) ?? only) : undefined;
  const whole = refused.rowOf ? 'data' : 'batch';
  const { losses, sizes } = history(engine.steps);
  const recent = (values: readonly number[]) => values.slice(-6).map(short).join(', ');
  const measured = engine.training.clip || engine.training.trackGradientNorm;
  const label = measured ? 'norms of the gradient' : 'largest gradients seen';
  const message = [
    `In ${where} ${what}${row === undefined ? '' : `, in row ${row} of the ${whole}`}.`,
    `Likely cause: ${because}. ${remedy}`,
    'The step was not applied: weights and state are those of the step before.',
    ...(losses.length > 0 ? [`Losses before: ${recent(losses)}; ${label}: ${recent(sizes)}.`] : []),
  ].join(' ');
  return new NonFiniteError(message, {
    ...facts,
    tensor,
    cause,
    remedy,
    ...(layer === undefined ? {} : { layer }),
    ...(row === undefined ? {} : { row }),
  });
}

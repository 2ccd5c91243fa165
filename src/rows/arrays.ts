import type { Engine } from '../engine/engine.js';
import type { BoundTarget } from '../engine/training-plan.js';
import { checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { checkFinite, isSparse, type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../matrix.js';
import type { Labels } from '../nn/class-names.js';
import type { Mode } from '../program/emitter.js';
import type { NetworkInput } from '../program/network.js';
import type { LinkedProgram } from '../program/run.js';
import { rare } from '../rare.js';
import type { SparseMatrix } from '../sparse-matrix.js';
import { readWeights, type SampleWeight } from './sample-weights.js';

/** Data that goes into a model, or should come out: one matrix, several in order, or several by name. */
export type Data = MatrixLike | readonly MatrixLike[] | Readonly<Record<string, MatrixLike>>;

/** Targets: data, or labels of classes in their place, of one output, of several in order, or of several by name. */
export type Targets = Data | Labels | readonly (MatrixLike | Labels)[] | Readonly<Record<string, MatrixLike | Labels>>;

/** Inputs and targets, one matrix for each of the model's, of equally many rows. */
export interface Pair {
  readonly x: readonly Matrix[];
  /** After the targets come the weights of rows, where `weighted`: for each target a matrix, which may be the same. */
  readonly y: readonly Matrix[];
  readonly rows: number;
  readonly weighted: boolean;
  /** The numbers of these rows in the data, where they were drawn. */
  readonly origin?: Uint32Array;
}

/** Data for one input or output, and what errors call it. */
interface Part {
  readonly data: MatrixLike;
  readonly label: string;
}

/** Returns whether data comes as an object of matrices, not as a matrix. */
export function isByName(data: Targets | SampleWeight): data is Readonly<Record<string, MatrixLike>> {
  return (
    typeof data === 'object' && data !== null && !Array.isArray(data) && !ArrayBuffer.isView(data) && !('rows' in data)
  );
}

/** Data for each of `names`: by name, in order, or, where there is but one, by itself. */
function split(data: Targets, names: readonly string[], argument: string): readonly Part[] {
  if (isByName(data)) {
    checkOptions(data, names, argument);
    return names.map((name) => {
      const item = data[name];
      const label = `${argument}.${name}`;
      if (item !== undefined) return { data: item, label };
      throw new ValueError({ argument: label, given: 'nothing', expected: `data for each of ${names.join(', ')}` });
    });
  }
  if (names.length === 1) return [{ data: data as MatrixLike, label: argument }];
  if (Array.isArray(data) && data.length === names.length) {
    return data.map((item, i) => ({ data: item as MatrixLike, label: `${argument}[${i}]` }));
  }
  throw new ShapeError({
    argument,
    given: Array.isArray(data) ? `an array of ${data.length}` : show(data),
    expected: `an array of ${names.length}, or an object with ${names.join(', ')}`,
  });
}

/**
 * Reads and checks one matrix for each input, of equally many rows.
 * @throws ShapeError for inputs with different numbers of rows.
 */
export function readInputs(engine: Engine, x: Data, argument: string): readonly Matrix[] {
  const { inputs } = engine.network;
  if (inputs.length === 1 && !isByName(x)) return [readInput(x as MatrixLike, inputs[0] as NetworkInput, argument)];
  const parts = split(
    x,
    inputs.map(({ name }) => name),
    argument,
  );
  const read = parts.map(({ data, label }, i) => readInput(data, inputs[i] as NetworkInput, label));
  const [first] = read as [Matrix];
  read.forEach(({ rows }, i) => {
    if (rows === first.rows) return;
    const { label } = parts[i] as Part;
    throw new ShapeError({ argument: label, given: `${rows} rows`, expected: `${first.rows}, as the first input has` });
  });
  return read;
}

/** Reads and checks the data of one input. @throws ShapeError for rows of another width than the model's input. */
export function readInput(x: MatrixLike, { width, ids }: NetworkInput, argument: string): Matrix {
  const nonZeros = isSparse(x);
  const input = nonZeros ? rare().readSparse(x as SparseMatrix, argument) : toMatrix(x, argument);
  const oneRow = input.columns === 1 && width !== 1 && input.rows === width && !('rows' in x);
  if (input.columns !== width) {
    throw new ShapeError({
      argument,
      given: oneRow ? `a flat array of ${input.rows} numbers` : `${input.columns} columns`,
      expected: `rows of ${width} columns, the model's inputShape`,
      hint: oneRow ? 'For a single row pass [row] or matrix(row, 1, row.length).' : undefined,
    });
  }
  if (!nonZeros) checkFinite(input, argument);
  ids?.check(input, argument);
  return input;
}

/** Weights of rows for each target, all of whose losses must take them. */
function readRowWeights(engine: Engine, given: SampleWeight, rows: number, argument: string): readonly Matrix[] {
  const { targets } = engine.training;
  if (targets.some(({ objective }) => objective.unweighted)) {
    throw new ValueError({
      argument,
      given: 'weights for a custom loss that is one number',
      expected: 'a loss that ends in a mean or a sum over rows, or has a value for each row',
      hint: 'Or give the weights as a column of the targets, and multiply by it in the expression.',
    });
  }
  const names = targets.map(({ name }) => name);
  if (!isByName(given)) {
    const weights = readWeights(given as MatrixLike, rows, argument);
    return names.map(() => weights);
  }
  checkOptions(given, names, argument);
  return names.map((name) => {
    const own = given[name];
    return own ? readWeights(own, rows, `${argument}.${name}`) : makeMatrix(new Float32Array(rows).fill(1), rows, 1);
  });
}

function readTargets(engine: Engine, target: BoundTarget, y: MatrixLike, rows: number, argument: string): Matrix {
  let targets: Matrix;
  try {
    targets = toMatrix(y, argument);
  } catch (error) {
    targets = rare().readLabels(engine, target, y, argument, error);
  }
  target.objective.check(targets, rows, argument);
  checkFinite(targets, argument);
  return targets;
}

function readAllTargets(engine: Engine, y: Targets, rows: number, argument: string): readonly Matrix[] {
  const { targets } = engine.training;
  const [only] = targets as readonly [BoundTarget];
  // Small steps take this path, which names would slow down.
  if (targets.length === 1 && !isByName(y)) return [readTargets(engine, only, y as MatrixLike, rows, argument)];
  const parts = split(
    y,
    targets.map(({ name }) => name),
    argument,
  );
  return targets.map((target, i) => {
    const { data, label } = parts[i] as Part;
    return readTargets(engine, target, data, rows, label);
  });
}

/** Reads and checks inputs and their targets. */
export function readPair(
  engine: Engine,
  x: Data,
  y: Targets,
  sampleWeight?: SampleWeight,
  xName = 'x',
  yName = 'y',
  weightName = 'sampleWeight',
): Pair {
  const inputs = readInputs(engine, x, xName);
  const { rows } = inputs[0] as Matrix;
  const read = readAllTargets(engine, y, rows, yName);
  if (sampleWeight === undefined) return { x: inputs, y: read, rows, weighted: false };
  return { x: inputs, y: [...read, ...readRowWeights(engine, sampleWeight, rows, weightName)], rows, weighted: true };
}

/** Refuses a training batch that a layer cannot take. @throws ShapeError for fewer rows than a layer needs in training. */
export function checkBatch({ minimumBatch }: Engine, rows: number, argument = 'x'): void {
  if (rows >= minimumBatch) return;
  throw new ShapeError({
    argument,
    given: `${rows} row`,
    expected: `at least ${minimumBatch} rows`,
    hint: 'Batch normalization has no variance to divide by in a batch of one row.',
  });
}

/** Puts one batch into its program, which is then ready to run. */
export function stageBatch(
  engine: Engine,
  mode: Extract<Mode, 'train' | 'accumulate' | 'gradients'>,
  x: Data,
  y: Targets,
  sampleWeight?: SampleWeight,
): LinkedProgram {
  const batch = readPair(engine, x, y, sampleWeight);
  const { rows } = batch;
  checkBatch(engine, rows);
  const program = engine.programFor(mode, rows, batch.weighted, batch.x, 0);
  engine.stageBatch(program, batch.x, batch.y, 0);
  return program;
}

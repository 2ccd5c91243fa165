import type { FitOptions } from '../callbacks/interfaces.js';
import type { Engine } from '../engine/engine.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import { show, ValueError } from '../errors.js';
import { isSparse, type Matrix, makeMatrix } from '../matrix.js';
import type { Blocks } from '../passes/evaluation.js';
import { type Data, isByName, type Pair, readPair, type Targets } from '../rows/arrays.js';
import { type Batches, isBatches } from '../rows/batches.js';
import type { Origin } from '../rows/changed.js';
import type { SampleWeight } from '../rows/sample-weights.js';
import { OPTIONS, optionalCount } from './fit-options.js';

/** Holds what validation evaluates. */
export type ValidationSource =
  | { readonly pair: Pair; readonly blocks: Blocks; readonly origin: Origin }
  | { readonly batches: Batches; readonly blocks: Blocks };

/** Refuses options where targets should be. */
function checkTargets({ training }: Engine, y: Targets | undefined): void {
  const given = y !== undefined && isByName(y) ? Object.keys(y) : [];
  const outputs = training.targets.map(({ name }) => name);
  const options: readonly string[] = OPTIONS.filter((name) => !outputs.includes(name));
  const misplaced = given.length > 0 && given.every((key) => options.includes(key));
  if (y !== undefined && !misplaced) return;
  throw new ValueError({
    argument: 'y',
    given: misplaced ? `the options ${given.join(', ')}` : 'nothing',
    expected: 'targets, one for each row of x',
    hint: 'fit(x, y, { epochs: 10 }); only of a stream of batches options come second: fit(batches, { epochs: 10 }).',
  });
}

/**
 * Reads what to train on and what to validate on.
 * @throws ValueError for validation data of two sources, and for a share that leaves no row on one side.
 */
export async function planData(
  engine: Engine,
  x: Data | Batches,
  y: Targets | undefined,
  options: FitOptions,
  seed: number,
): Promise<{ readonly train: Pair | Batches; readonly validation: ValidationSource | undefined }> {
  const { validationData, validationSplit = 0, stratify = false } = options;
  const blocks = {
    rows: optionalCount(options.validationBatchSize, 'validationBatchSize') ?? INFERENCE_ROWS,
    most: optionalCount(options.validationSteps, 'validationSteps') ?? Infinity,
  };
  if (stratify && validationSplit === 0) {
    const expected = 'a share as validationSplit as well';
    throw new ValueError({ argument: 'stratify', given: 'true', expected });
  }
  const other =
    validationData !== undefined ? 'validationData' : (options.rows ?? undefined) !== undefined ? 'rows' : undefined;
  if (other !== undefined && validationSplit > 0) {
    throw new ValueError({
      argument: 'validationSplit',
      given: `${validationSplit} with ${other}`,
      expected: `one of ${other} and validationSplit, not both`,
    });
  }
  if (!isBatches(x)) checkTargets(engine, y);
  const train = isBatches(x) ? x : readPair(engine, x, y as Targets, options.sampleWeight);
  if (validationData !== undefined) return { train, validation: readValidation(engine, validationData, blocks) };
  if (validationSplit === 0 || isBatches(train)) return { train, validation: undefined };
  const rest = Math.floor(train.rows * (1 - validationSplit));
  if (rest === 0 || rest === train.rows) {
    throw new ValueError({
      argument: 'validationSplit',
      given: `${validationSplit} of ${train.rows} ${train.rows === 1 ? 'row' : 'rows'}`,
      expected: 'a share that leaves at least one row to train on and one to validate on',
      hint: `floor(rows (1 - share)) = ${rest} are trained on, the others validate.`,
    });
  }
  if (stratify) {
    const { stratified } = await import('../rows/stratify.js');
    const [learned, drawn] = await stratified(engine, train, train.rows - rest, seed);
    const rowOf = (row: number) => drawn.origin?.[row] ?? row;
    return { train: learned, validation: { pair: drawn, blocks, origin: { x: 'x', y: 'y', rowOf } } };
  }
  const pair = slice(train, rest, train.rows);
  const origin = { x: 'x', y: 'y', rowOf: (row: number) => rest + row };
  return { train: slice(train, 0, rest), validation: { pair, blocks, origin } };
}

function readValidation(
  engine: Engine,
  data: NonNullable<FitOptions['validationData']>,
  blocks: Blocks,
): ValidationSource {
  if (isBatches(data)) return { batches: data, blocks };
  if (!Array.isArray(data) || data.length < 2 || data.length > 3) {
    const expected = '[x, y] or [x, y, sampleWeight], or a stream of them';
    throw new ValueError({ argument: 'validationData', given: show(data), expected });
  }
  const names = [0, 1, 2].map((i) => `validationData[${i}]`);
  const [x, y, weights] = data as unknown as readonly [Data, Targets, SampleWeight?];
  const [xName, yName] = names as [string, string];
  const origin = { x: xName, y: yName, rowOf: (row: number) => row };
  return { pair: readPair(engine, x, y, weights, ...names), blocks, origin };
}

/** Returns a stretch of rows, without copying them but for sparse ones. */
function slice({ x, y, weighted }: Pair, from: number, to: number): Pair {
  const rowsOf = (matrix: Matrix) => {
    if (isSparse(matrix)) return matrix.slice(from, to);
    const { data, columns } = matrix;
    return makeMatrix(data.subarray(from * columns, to * columns), to - from, columns);
  };
  return { x: x.map(rowsOf), y: y.map(rowsOf), rows: to - from, weighted };
}

import type { Engine } from '../../engine/engine.js';
import { INFERENCE_ROWS } from '../../engine/training-plan.js';
import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../../errors.js';
import { isMatrix, isSparse, type Matrix, type MatrixLike, type MatrixNumbers, makeMatrix } from '../../matrix.js';
import { copyRows } from '../../program/copy.js';
import { outputLayer } from '../../program/network.js';
import { isFloat32 } from '../../realms.js';
import { type Data, readInputs } from '../../rows/arrays.js';
import type { SparseMatrix } from '../../sparse-matrix.js';
import type { BatchSizeOption, PredictArguments } from '../predict.js';
import { sharesMemory } from './shared-memory.js';

/** Predicts one matrix per output, for models with any number of inputs and outputs. */
export function predictGraph(
  engine: Engine,
  x: Data,
  options?: PredictArguments,
): readonly (MatrixNumbers | Float32Array)[] {
  const most = options === undefined ? INFERENCE_ROWS : rowsAtOnce(options);
  const { network } = engine;
  const inputs = readInputs(engine, x, 'x');
  const { rows: total } = inputs[0] as Matrix;
  const widths = network.outputs.map((_, i) => outputLayer(network, i).units);
  const output = options?.output;
  if (output !== undefined)
    for (const each of inputs)
      checkOutput(output, isSparse(each) ? (each as SparseMatrix).values : each.data, total, widths[0] as number);
  const results = widths.map((units) => output ?? makeMatrix(new Float32Array(total * units), total, units));
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    const program = engine.programFor('predict', rows, false, inputs, start);
    engine.stageBatch(program, inputs, [], start);
    engine.runProgram(program);
    program.outputs.forEach(({ offset, stride }, i) => {
      const units = widths[i] as number;
      const result = results[i] as MatrixNumbers | Float32Array;
      const to = 'data' in result ? result.data : result;
      copyRows(engine.heap, offset, stride, to, start * units, units, rows, units);
    });
  }
  return results;
}

/** Predicts one matrix per output, by name. @throws UnknownNameError for an option that there is not */
export function predictOutputs(engine: Engine, x: Data, options: BatchSizeOption = {}): Record<string, Matrix> {
  checkOptions(options, ['batchSize'], 'predictOutputs');
  const predicted = predictGraph(engine, x, options) as readonly Matrix[];
  return Object.fromEntries(engine.network.outputs.map(({ name }, i) => [name, predicted[i] as Matrix]));
}

/**
 * Checks the options of `predict`, and returns the rows to compute at a time, for which there is memory. It makes no arrays of
 * keys, as `checkOptions` does, nor anything else.
 * @throws UnknownNameError, ValueError for options that are wrong.
 */
export function rowsAtOnce(options: PredictArguments): number {
  let known = typeof options === 'object' && options !== null && !Array.isArray(options);
  for (const key in options) known &&= key === 'output' || key === 'batchSize';
  if (!known) checkOptions(options, ['output', 'batchSize'], 'predict');
  const { batchSize } = options;
  if (batchSize === undefined) return INFERENCE_ROWS;
  return Math.min(checkNumber(batchSize, 'batchSize', { min: 1, integer: true }), INFERENCE_ROWS);
}

/** @throws ValueError, ShapeError for memory that cannot take the outputs */
export function checkOutput(output: MatrixNumbers | Float32Array, x: MatrixLike, rows: number, units: number): void {
  const flat = !isMatrix(output);
  if (!isFloat32(flat ? output : output.data)) {
    throw new ValueError({
      argument: 'output',
      given: show(output),
      expected: `a Float32Array, or a ${rows} x ${units} matrix of one`,
    });
  }
  const data = flat ? output : output.data;
  if (flat ? data.length < rows * units : output.rows !== rows || output.columns !== units) {
    throw new ShapeError({
      argument: 'output',
      given: flat ? `${data.length} numbers` : `${output.rows} x ${output.columns}`,
      expected: flat ? `at least ${rows} x ${units} = ${rows * units} numbers` : `${rows} x ${units}`,
    });
  }
  if (!flat && data.length !== rows * units) {
    throw new ShapeError({
      argument: 'output.data',
      given: `${data.length} numbers`,
      expected: `${rows} x ${units} = ${rows * units} numbers`,
    });
  }
  if (sharesMemory(x, data)) {
    throw new ValueError({
      argument: 'output',
      given: 'memory that is also part of x',
      expected: 'memory apart from x',
      hint: 'Inputs are never changed.',
    });
  }
}

declare module '../../rare.js' {
  interface RareParts {
    readonly predictGraph: typeof predictGraph;
    readonly predictOutputs: typeof predictOutputs;
    readonly rowsAtOnce: typeof rowsAtOnce;
    readonly checkOutput: typeof checkOutput;
  }
}

import type { Engine } from '../engine/engine.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import { checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { allFinite, isMatrix, type Matrix, type MatrixLike, type MatrixNumbers, makeMatrix } from '../matrix.js';
import { copyRows, SHORT } from '../program/copy.js';
import { outputLayer } from '../program/network.js';
import { isFloat32 } from '../realms.js';
import { type Data, readInput, readInputs } from '../rows/arrays.js';
import { checkBatchSize } from '../rows/sample-weights.js';
import { sharesMemory } from './shared-memory.js';

/** The number of rows that a prediction computes at a time. */
export interface BatchSizeOption {
  /**
   * Rows to compute at a time, as in Keras: an integer of at least 1, where more than 256 count as 256, for which there is
   * memory. Outputs are the same to the bit. Default 256.
   */
  readonly batchSize?: number;
}

/** Options of `predict`. */
export interface PredictOptions<Output extends MatrixNumbers | Float32Array> extends BatchSizeOption {
  /**
   * The memory to put the outputs in: a matrix of as many rows as `x` and a column per unit of the last layer, or a
   * Float32Array of at least that many numbers, of which those after the last row stay as they are. Filled and
   * returned. Apart from `x` in memory.
   */
  readonly output: Output;
}

type PredictArguments = Partial<PredictOptions<MatrixNumbers | Float32Array>>;

/**
 * Allocates the result and, of batches taken in turns, a view for each turn; with `output`, where `x` is float32 already,
 * nothing at all: no views, no closures, no rest arguments, and no numbers returned, which V8 would box.
 */
export function predict(
  engine: Engine,
  x: MatrixLike,
  options: PredictArguments | undefined,
): MatrixNumbers | Float32Array {
  const { network } = engine;
  const { width: inputs, ids } = network.inputs[0]!;
  const { units } = outputLayer(network, 0);
  const most = rowsAtOnce(options, KNOWN);
  const column = ids === undefined && inputs === 1 && x instanceof Float32Array && x.length > 0 && allFinite(x);
  const input = column ? undefined : readInput(x, network.inputs[0]!, 'x');
  const from = input ? input.data : (x as Float32Array);
  const rows = input ? input.rows : from.length;
  const output = options?.output;
  if (output !== undefined) checkOutput(output, x, rows, units);
  const result = output ?? makeMatrix(new Float32Array(rows * units), rows, units);
  const to = 'data' in result ? result.data : result;
  for (let start = 0; start < rows; start += most) {
    const count = Math.min(most, rows - start);
    const program = engine.program('predict', count);
    const { heap } = engine;
    const { offset, stride } = program.inputs[0]!;
    const whole = count === rows;
    if (stride === inputs && count * inputs >= SHORT && (whole || output === undefined)) {
      heap.set(whole ? from : from.subarray(start * inputs, (start + count) * inputs), offset);
    } else {
      copyRows(from, start * inputs, inputs, heap, offset, stride, count, inputs);
    }
    engine.runProgram(program);
    const made = program.outputs[0]!;
    const { outputRows } = program;
    if (made.stride === units && outputRows.length >= SHORT) to.set(outputRows, start * units);
    else copyRows(heap, made.offset, made.stride, to, start * units, units, count, units);
  }
  return result;
}

/** Predicts one matrix per output, for models with any number of inputs and outputs. */
export function predictGraph(
  engine: Engine,
  x: Data,
  options?: PredictArguments,
  known = KNOWN,
): readonly (MatrixNumbers | Float32Array)[] {
  const most = rowsAtOnce(options, known);
  const { network } = engine;
  const inputs = readInputs(engine, x, 'x');
  const { rows: total } = inputs[0] as Matrix;
  const widths = network.outputs.map((_, i) => outputLayer(network, i).units);
  const output = options?.output;
  if (output !== undefined) for (const { data } of inputs) checkOutput(output, data, total, widths[0] as number);
  const results = widths.map((units) => output ?? makeMatrix(new Float32Array(total * units), total, units));
  for (let start = 0; start < total; start += most) {
    const rows = Math.min(most, total - start);
    const program = engine.program('predict', rows);
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

const KNOWN: readonly string[] = ['output', 'batchSize'];

/** Checks options without `Object.keys`, which makes an array, and returns the rows to compute at a time. */
function rowsAtOnce(options: PredictArguments | undefined, names: readonly string[]): number {
  if (options === undefined) return INFERENCE_ROWS;
  let known = typeof options === 'object' && options !== null && !Array.isArray(options);
  for (const key in options) known &&= names.includes(key);
  if (!known) checkOptions(options, names, 'predict');
  checkBatchSize(options);
  return Math.min(options.batchSize ?? INFERENCE_ROWS, INFERENCE_ROWS);
}

function checkOutput(output: MatrixNumbers | Float32Array, x: MatrixLike, rows: number, units: number): void {
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

import type { Engine } from '../engine/engine.js';
import { INFERENCE_ROWS } from '../engine/training-plan.js';
import { allFinite, isSparse, type MatrixLike, type MatrixNumbers, makeMatrix } from '../matrix.js';
import { copyRows, SHORT } from '../program/copy.js';
import { outputLayer } from '../program/network.js';
import { rare } from '../rare.js';
import { readInput } from '../rows/arrays.js';

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

export type PredictArguments = Partial<PredictOptions<MatrixNumbers | Float32Array>>;

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
  const most = options === undefined ? INFERENCE_ROWS : rare().rowsAtOnce(options);
  const column = ids === undefined && inputs === 1 && x instanceof Float32Array && x.length > 0 && allFinite(x);
  const input = column ? undefined : readInput(x, network.inputs[0]!, 'x');
  if (isSparse(input)) return rare().predictGraph(engine, x, options)[0]!;
  const from = input ? input.data : (x as Float32Array);
  const rows = input ? input.rows : from.length;
  const output = options?.output;
  if (output !== undefined) rare().checkOutput(output, x, rows, units);
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

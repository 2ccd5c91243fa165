import { checkOptions, ShapeError, ValueError } from '../errors.js';
import { type Matrix, type MatrixLike, toMatrix } from '../matrix.js';

/**
 * Reads and checks one weight for each row: finite, and not below 0.
 * @throws ShapeError for anything but one number per row; ValueError for a number that is negative or not finite.
 */
export function readWeights(given: MatrixLike, rows: number, argument: string): Matrix {
  const weights = toMatrix(given, argument);
  if (weights.rows !== rows || weights.columns !== 1) {
    throw new ShapeError({
      argument,
      given: weights.columns === 1 ? `${weights.rows} rows` : `${weights.columns} columns`,
      expected: `${rows} numbers, one for each input row`,
    });
  }
  const bad = weights.data.findIndex((weight) => !(weight >= 0 && weight < Infinity));
  if (bad < 0) return weights;
  const expected = 'a finite number >= 0';
  throw new ValueError({ argument: `${argument}[${bad}]`, given: String(weights.data[bad]), expected });
}

/** A number for each row or, of several outputs by name, one for each row of some outputs; of the others 1. */
export type SampleWeight = MatrixLike | Readonly<Record<string, MatrixLike>>;

/** Options of what takes one batch, or evaluates. */
export interface WeightOptions {
  /**
   * A number for each row, finite and not below 0, by which its loss counts. The mean is still over the number of rows:
   * to double all weights doubles loss and gradient. The loss that is reported is the weighted one; metrics are not
   * weighted. Of several outputs for all, or by name (`{ kind: weights }`) for some, the others then unweighted.
   * Default 1.
   */
  readonly sampleWeight?: SampleWeight;
}

/** Options of `evaluate`. */
export interface EvaluateOptions extends WeightOptions {
  /**
   * Rows to compute at a time at most, as in Keras: an integer of at least 1. At most 256 are in any case, for which there is
   * memory, and sums are taken of blocks of 256 rows whatever it is, so that results are the same to the bit. Default 256.
   */
  readonly batchSize?: number;
}

export function sampleWeightOf(options: WeightOptions | undefined, argument: string): SampleWeight | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, ['sampleWeight'], argument);
  return options.sampleWeight;
}

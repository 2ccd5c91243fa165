import { checkNumber, checkOptions, ShapeError, show, UnknownNameError, ValueError } from '../errors.js';
import { type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../matrix.js';
import type { BoundLoss } from '../model/losses.js';

/** Weights of classes by index; of classes that are not named 1. */
export type ClassWeights = Readonly<Record<number, number>>;

/** Reads and checks one weight for each row: finite, and not below 0. */
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

/** The weight of each row's class, times its own weight if it has one. */
export function weighClasses(
  { name, classOf, definition, units }: BoundLoss,
  targets: Matrix,
  given: ClassWeights,
  own: Matrix | undefined,
): Matrix {
  if (classOf === undefined) {
    throw new ValueError({
      argument: 'classWeight',
      given: `weights with the loss '${name}' of ${units} ${units === 1 ? 'output' : 'outputs'}`,
      expected: 'targets of one class per row',
      hint: 'sampleWeight takes a weight for each row.',
    });
  }
  const classes = definition.targets === 'yesNo' ? 2 : units;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    const expected = 'an object of weights by class index, such as { 0: 1, 1: 5 }';
    throw new ValueError({ argument: 'classWeight', given: show(given), expected });
  }
  const weights = new Float64Array(classes).fill(1);
  for (const [key, weight] of Object.entries(given)) {
    const index = Number(key);
    if (!(Number.isInteger(index) && index >= 0 && index < classes)) {
      const expected = `class indices from 0 to ${classes - 1}`;
      throw new UnknownNameError({ argument: 'classWeight', given: `the class ${show(key)}`, expected });
    }
    weights[index] = checkNumber(weight, `classWeight[${key}]`, { min: 0 });
  }
  const data = new Float32Array(targets.rows);
  for (let r = 0; r < data.length; r++) {
    data[r] = (weights[classOf(targets, r)] as number) * (own ? (own.data[r] as number) : 1);
  }
  return makeMatrix(data, data.length, 1);
}

/** Options of what takes one batch, or evaluates. */
export interface WeightOptions {
  /**
   * A number for each row, finite and not below 0, by which its loss counts. The mean is still over the number of rows: to
   * double all weights doubles loss and gradient. The loss that is reported is the weighted one; metrics are not weighted.
   */
  readonly sampleWeight?: MatrixLike;
}

export function sampleWeightOf(options: WeightOptions | undefined, argument: string): MatrixLike | undefined {
  if (options === undefined) return undefined;
  checkOptions(options, ['sampleWeight'], argument);
  return options.sampleWeight;
}

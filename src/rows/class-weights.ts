import { checkNumber, show, UnknownNameError, ValueError } from '../errors.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import type { BoundLoss } from '../nn/bound-loss.js';
import { rare } from '../rare.js';

/** Weights of classes by index; of classes that are not named 1. */
export type ClassWeights = Readonly<Record<number, number>>;

type ClassReader = (targets: Matrix, row: number) => number;

/** Returns a function that tells the class of a row of targets; undefined where rows have none. */
export function classReader({ definition: { targets: kind }, units: columns }: BoundLoss): ClassReader | undefined {
  if (kind === 'label') return ({ data }, row) => data[row] as number;
  if (kind === 'yesNo' && columns === 1) return ({ data }, row) => ((data[row] as number) > 0.5 ? 1 : 0);
  if (kind !== 'class') return undefined;
  return ({ data }, row) => {
    const first = row * columns;
    let best = 0;
    for (let c = 1; c < columns; c++) if ((data[first + c] as number) > (data[first + best] as number)) best = c;
    return best;
  };
}

/**
 * Returns the weight of each row's class, times its own weight if it has one.
 * @throws ValueError for targets that are not one class per row, and for anything but an object of weights; UnknownNameError
 * for a class that does not exist.
 */
export function weighClasses(loss: BoundLoss, targets: Matrix, given: ClassWeights, own: Matrix | undefined): Matrix {
  const { name, definition, units } = loss;
  const classOf = classReader(loss);
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
      const hint = rare().labelHint(Object.keys(given).map(Number), classes);
      const complaint = { argument: 'classWeight', given: `the class ${show(key)}`, expected };
      throw new UnknownNameError(hint === undefined ? complaint : { ...complaint, hint });
    }
    weights[index] = checkNumber(weight, `classWeight[${key}]`, { min: 0 });
  }
  const data = new Float32Array(targets.rows);
  for (let r = 0; r < data.length; r++) {
    data[r] = (weights[classOf(targets, r)] as number) * (own ? (own.data[r] as number) : 1);
  }
  return makeMatrix(data, data.length, 1);
}

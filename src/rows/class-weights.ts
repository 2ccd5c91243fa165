import { checkNumber, ShapeError, show, suggest, UnknownNameError, ValueError } from '../errors.js';
import { type Matrix, makeMatrix } from '../matrix.js';
import type { BoundLoss } from '../nn/bound-loss.js';
import type { ClassName } from '../nn/class-names.js';
import { rare } from '../rare.js';

/**
 * Weights of classes, for targets of one class per row; they multiply those of rows, and validation is not weighted. Finite and
 * not below 0: an object by the names of the model's `classNames` or by index, where classes that are not named have 1, or an
 * array with one for each class; or 'balanced': rows / (classes x rows of the class) as in scikit-learn, counted over the rows that are trained on and the classes they have.
 */
export type ClassWeights = Readonly<Record<string | number, number>> | readonly number[] | 'balanced';

/** Weights of the classes of one output, or of several outputs by name, of which those that are not named have none. */
export type ClassWeightOption = ClassWeights | Readonly<Record<string, ClassWeights>>;

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

/** Reads one weight for each class. @throws ValueError, UnknownNameError */
function readClassWeights(
  given: ClassWeights,
  classes: number,
  argument: string,
  names: readonly ClassName[] = [],
): Float64Array {
  const weights = new Float64Array(classes).fill(1);
  if (typeof given !== 'object' || given === null) {
    const expected = "weights by class index, such as { 0: 1, 1: 5 } or [1, 5], or 'balanced'";
    throw new ValueError({ argument, given: show(given), expected });
  }
  if (Array.isArray(given) && given.length !== classes) {
    const expected = `${classes}, one for each class`;
    throw new ShapeError({ argument, given: `an array of ${given.length} weights`, expected });
  }
  // A hole of an array is no weight either.
  const entries = Array.isArray(given) ? [...given.entries()] : Object.entries(given);
  for (const [key, weight] of entries) {
    // A name that is a number goes before an index.
    const place = typeof key === 'string' ? names.findIndex((name) => String(name) === key) : -1;
    const index = place < 0 ? Number(key) : place;
    if (!(Number.isInteger(index) && index >= 0 && index < classes)) {
      const indices = `class indices from 0 to ${classes - 1}`;
      const expected = names.length > 0 ? `one of ${rare().listNames(names)}, or ${indices}` : indices;
      const hint = suggest(key, names.map(String)) ?? rare().labelHint(Object.keys(given).map(Number), classes);
      const complaint = { argument, given: `the class ${show(key)}`, expected };
      throw new UnknownNameError(hint === undefined ? complaint : { ...complaint, hint });
    }
    weights[index] = checkNumber(weight, `${argument}[${key}]`, { min: 0 });
  }
  return weights;
}

/** Returns n / (k count) for each of the k classes that have rows. */
function balance(classOf: (row: number) => number, rows: Iterable<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  let total = 0;
  for (const row of rows) {
    const index = classOf(row);
    counts[index] = counts[index]! + 1;
    total++;
  }
  const present = counts.filter((count) => count > 0).length;
  return counts.map((count) => (count > 0 ? total / (present * count) : 1));
}

/** Tells `weighClasses` what it needs beyond targets and weights. */
export interface Weighing {
  /** The name of the argument in errors. */
  readonly argument: string;
  /** The weight of each row, if it has one. */
  readonly own: Matrix | undefined;
  /** The rows that are trained on, whose classes count for 'balanced'; default all. */
  readonly chosen: ArrayLike<number> | undefined;
  /** The names of the classes, where the model has some. */
  readonly names?: readonly ClassName[] | undefined;
}

/**
 * Returns the weight of each row's class, times its own weight if it has one.
 * @throws ValueError for targets that are not one class per row, and for anything but weights of classes; ShapeError for an
 * array with other than one weight for each class; UnknownNameError for a class that does not exist.
 */
export function weighClasses(
  loss: BoundLoss,
  targets: Matrix,
  given: ClassWeights,
  { argument, own, chosen, names }: Weighing,
): Matrix {
  const { name, definition, units } = loss;
  const classOf = classReader(loss);
  if (classOf === undefined) {
    throw new ValueError({
      argument,
      given: `${given === 'balanced' ? "'balanced'" : 'weights'} with the loss '${name}' of ${units} ${units === 1 ? 'output' : 'outputs'}`,
      expected: 'targets of one class per row',
      hint: 'sampleWeight takes a weight for each row.',
    });
  }
  const classes = definition.targets === 'yesNo' ? 2 : units;
  const rows = chosen ? Array.from(chosen) : Array(targets.rows).keys();
  const weights =
    given === 'balanced'
      ? balance((row) => classOf(targets, row), rows, classes)
      : readClassWeights(given, classes, argument, names);
  const data = new Float32Array(targets.rows);
  for (let r = 0; r < data.length; r++) {
    data[r] = (weights[classOf(targets, r)] as number) * (own ? (own.data[r] as number) : 1);
  }
  return makeMatrix(data, data.length, 1);
}

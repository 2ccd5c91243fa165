import { checkOptions, ShapeError, show, ValueError } from '../errors.js';
import { type Matrix, type MatrixLike, toMatrix } from '../matrix.js';
import { checkCodes, type LintData, lintData, type Task } from './checks.js';
import type { Finding, LintCode } from './finding.js';

/** Options of `lint`. */
export interface LintOptions {
  /**
   * The task that is trained for; default 'classification' where all targets are whole numbers from 0 to 99, else 'regression'.
   */
  readonly task?: Task;
  /** Inputs and targets to validate on, rows x columns each; default none. */
  readonly validation?: readonly [MatrixLike, MatrixLike];
  /** Codes of findings not to look for; default none. */
  readonly ignore?: readonly LintCode[];
}

function guessTask({ data }: Matrix): Task {
  return data.every((v) => Number.isNaN(v) || (v >= 0 && v < 100 && v === Math.floor(v)))
    ? 'classification'
    : 'regression';
}

/**
 * Looks for faults in data, before a model is trained on it: missing values, constant columns, columns and targets far
 * from -1..1, labels that are no classes, classes that are rare, or missing on one side, and rows for validation that
 * are rows for training. `fit` does the same before its first step and warns.
 * @throws ShapeError, ValueError for data that is no rows of numbers; UnknownNameError for unknown codes.
 */
export function lint(x: MatrixLike, y?: MatrixLike, options: LintOptions = {}): readonly Finding[] {
  checkOptions(options, ['task', 'validation', 'ignore'], 'lint');
  const { task, validation } = options;
  const ignore = checkCodes(options.ignore, 'lint.ignore');
  if (task !== undefined && task !== 'classification' && task !== 'regression') {
    const expected = "'classification' or 'regression'";
    throw new ValueError({ argument: 'lint.task', given: show(task), expected });
  }
  const inputs = toMatrix(x, 'x');
  const targets = y === undefined ? undefined : readLike(y, 'y', inputs.rows);
  let held: LintData['validation'];
  if (validation !== undefined) {
    if (!Array.isArray(validation) || validation.length !== 2) {
      throw new ValueError({ argument: 'lint.validation', given: show(validation), expected: '[x, y]' });
    }
    const vx = toMatrix(validation[0], 'lint.validation[0]');
    const vy = readLike(validation[1], 'lint.validation[1]', vx.rows);
    checkColumns(vx, inputs, 'lint.validation[0]');
    if (targets) checkColumns(vy, targets, 'lint.validation[1]');
    held = { x: [vx], y: targets ? [vy] : [] };
  }
  const steps = lintData(
    {
      x: [{ label: 'x', data: inputs }],
      y: targets ? [{ label: 'y', data: targets, task: task ?? guessTask(targets) }] : [],
      validation: held,
    },
    ignore,
  );
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

function readLike(given: MatrixLike, argument: string, rows: number): Matrix {
  const read = toMatrix(given, argument);
  if (read.rows === rows) return read;
  throw new ShapeError({ argument, given: `${read.rows} rows`, expected: `${rows}, as many as there are input rows` });
}

function checkColumns({ columns }: Matrix, like: Matrix, argument: string): void {
  if (columns === like.columns) return;
  throw new ShapeError({ argument, given: `${columns} columns`, expected: `${like.columns}, as for training` });
}

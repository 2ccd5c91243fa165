import { checkNumber, checkOptions, ShapeError, show, ValueError } from '../../errors.js';
import { carry, type Maker, makerOf } from '../../kernels/definition.js';
import { allFinite, type MatrixLike, toMatrix } from '../../matrix.js';
import { initializerNames } from '../names.js';
import { initializerFunctions } from '../rare/function-names.js';
import { FAMILY, type Family, findRegistered, type Registrable } from '../registrations.js';
import type { Draws, InitializerDefinition, Seeded } from './initializers.js';

/**
 * Draws random numbers from the stream of a parameter: the seed of the model, or of the initializer, and the number of the
 * parameter say which, so that they are the same bits on every backend.
 */
export interface InitializerRandom {
  /** Returns a number from `low`, default 0, up to and not including `high`, default 1. */
  uniform(low?: number, high?: number): number;
  /** Returns a number of the normal distribution with this mean, default 0, and standard deviation, default 1. */
  normal(mean?: number, deviation?: number): number;
  /** Returns an integer from 0 up to and not including `below`, which is at most 2^32. @throws ValueError */
  integer(below: number): number;
}

/**
 * Returns the values of a parameter, row by row: as a flat list or as rows. A kernel is inputs x units, a bias 1 x units, an
 * embedding ids x columns.
 */
export type InitializerFunction = (
  shape: readonly [rows: number, columns: number],
  random: InitializerRandom,
) => ArrayLike<number> | MatrixLike;

/** An initializer of your own; as plain data it tells its name only. */
export interface CustomInitializer extends Registrable, Seeded {}

const INITIALIZERS: Family = {
  family: 'initializer',
  names: initializerNames,
  functions: initializerFunctions,
  functional: true,
};

/** Draws as the initializers of the library do: normal numbers by Marsaglia's polar method, in pairs. */
function randomOf(draws: Draws): InitializerRandom {
  let spare: number | undefined;
  const standard = (): number => {
    const kept = spare;
    spare = undefined;
    if (kept !== undefined) return kept;
    for (;;) {
      const a = 2 * draws.uniform() - 1;
      const b = 2 * draws.uniform() - 1;
      const s = a * a + b * b;
      if (s >= 1 || s === 0) continue;
      const scale = Math.sqrt((-2 * draws.log(Math.fround(s))) / s);
      spare = b * scale;
      return a * scale;
    }
  };
  return {
    uniform: (low = 0, high = 1) => low + (high - low) * draws.uniform(),
    normal: (mean = 0, deviation = 1) => mean + deviation * standard(),
    integer(below) {
      checkNumber(below, 'random.integer, below', { min: 1, max: 2 ** 32, integer: true });
      return draws.integer(below);
    },
  };
}

/** Reads what the function of an initializer returned. @throws ShapeError, ValueError */
function readValues(given: unknown, rows: number, columns: number, argument: string): Float32Array {
  const flat = Array.isArray(given) || ArrayBuffer.isView(given);
  const nested = Array.isArray(given) && given.some((row) => typeof row === 'object' && row !== null);
  const expected = `${rows * columns} numbers, or ${rows} rows of ${columns}`;
  if (!flat && !(typeof given === 'object' && given !== null && 'data' in given)) {
    throw new ValueError({
      argument,
      given: show(given),
      expected,
      ...(given === undefined ? { hint: 'Is a return missing?' } : {}),
    });
  }
  const values = toMatrix(given as MatrixLike, argument);
  const fits =
    flat && !nested ? values.data.length === rows * columns : values.rows === rows && values.columns === columns;
  if (!fits) {
    const came = flat && !nested ? `${values.data.length} numbers` : `${values.rows} rows of ${values.columns}`;
    throw new ShapeError({ argument, given: came, expected });
  }
  if (allFinite(values.data)) return values.data;
  const bad = values.data.findIndex((value) => !Number.isFinite(value));
  throw new ValueError({
    argument: `${argument}, row ${Math.floor(bad / columns)}, column ${bad % columns}`,
    given: String(values.data[bad]),
    expected: 'a number that is finite in float32',
  });
}

function carrying(data: object, fill: InitializerDefinition['fill']): CustomInitializer {
  const definition: InitializerDefinition = { options: {}, random: true, fill };
  const item: CustomInitializer = { name: 'custom', ...data, [FAMILY]: INITIALIZERS };
  const made = Object.assign((options: object) => carry({ ...item, ...options }, made), { definition });
  return carry(item, made);
}

/**
 * An initializer of your own, for `kernelInitializer` and wherever else initializers go: a function of the shape and a
 * generator of random numbers.
 *
 *     customInitializer(([rows, columns], random) => Float32Array.from({ length: rows * columns }, () => random.uniform(-0.1, 0.1)))
 *
 * The same seed gives the same bits on every backend and engine as long as the function computes by + - * / and Math.sqrt:
 * Math.sin and its like differ between engines. Files hold the weights and, for the initializer, the name that `register`
 * gave it. Where that name is not registered they load all the same, and only a model made anew from their `spec` is
 * refused.
 * @throws ValueError for anything but a function, and for a seed out of range. Where weights are drawn: ShapeError for other
 * than as many numbers as the shape has, ValueError for what is not finite.
 */
export function customInitializer(define: InitializerFunction, options: Seeded = {}): CustomInitializer {
  if (typeof define !== 'function') {
    const expected = 'a function of shape and random that returns numbers';
    throw new ValueError({ argument: 'customInitializer', given: show(define), expected });
  }
  checkOptions(options, ['seed'], 'customInitializer');
  const { seed } = options;
  if (seed !== undefined) {
    checkNumber(seed, 'customInitializer.seed', { min: 0, max: Number.MAX_SAFE_INTEGER, integer: true });
  }
  return carrying(seed === undefined ? {} : { seed }, (weights, draws, rows, columns) => {
    const values = define([rows, columns], randomOf(draws));
    weights.set(readValues(values, rows, columns, `customInitializer of ${rows} x ${columns}`));
  });
}

/** Makes an initializer of plain data. One that is not registered has a name, and fails where it is to draw. */
export function initializerFromData(data: CustomInitializer): CustomInitializer {
  checkOptions(data, ['name', 'registered', 'seed'], 'initializer');
  return carrying(data, (...args) => {
    const made = findRegistered('initializer', data) as CustomInitializer;
    (makerOf(made) as Maker<InitializerDefinition>).definition.fill(...args);
  });
}

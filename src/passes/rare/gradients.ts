import type { Engine } from '../../engine/engine.js';
import { readOutcome } from '../../engine/outcome.js';
import { readFused } from '../../engine/rare/fused-outputs.js';
import { nextBatch } from '../../engine/steps.js';
import { checkBoolean, checkOptions, ShapeError, show, ValueError } from '../../errors.js';
import { checkFinite, type Matrix, type MatrixLike, makeMatrix, toMatrix } from '../../matrix.js';
import { readParameter, type Weights } from '../../nn/parameters.js';
import { outputLayer } from '../../program/network.js';
import type { Wish } from '../../program/rare/backward-program.js';
import { type Data, isByName, readInputs, readPair, type Targets } from '../../rows/arrays.js';
import type {
  Backward,
  BackwardOptions,
  GradientOptions,
  Gradients,
  OutputGradientOptions,
  OutputGradients,
} from '../gradient-options.js';
import { logsOf } from '../one-batch.js';
import { type GradientProgram, gradientProgram } from './gradient-program.js';
import { gradientsPerRow } from './per-row.js';

const FLAGS = ['nodes', 'inputs', 'perRow', 'training'] as const;

/** Inputs and what takes the place of targets, read and checked. */
interface Batch {
  readonly x: readonly Matrix[];
  readonly y: readonly Matrix[];
  readonly rows: number;
  readonly weighted: boolean;
}

/** Tells options with an `outputGradient` from targets, of which one might have that name. */
function isOutputGradient(engine: Engine, given: unknown, options: unknown): given is OutputGradientOptions {
  if (options !== undefined || typeof given !== 'object' || given === null) return false;
  return 'outputGradient' in given && !engine.network.outputs.some(({ name }) => name === 'outputGradient');
}

/** @throws ShapeError for a batch of fewer rows than layers take in training, ValueError for `perRow` with such layers. */
function checkRows({ network }: Engine, rows: number, { perRow, training = true }: BackwardOptions): void {
  if (!training) return;
  const strict = network.nodes.find(({ layer }) => (layer.minimumBatch ?? 1) > 1);
  if (!strict) return;
  const hint = 'training: false takes the moving moments of batch normalization.';
  if (perRow) {
    const given = `true with ${strict.label}, which takes moments of the batch`;
    throw new ValueError({
      argument: 'gradients.perRow',
      given,
      expected: 'layers that take rows by themselves',
      hint,
    });
  }
  const least = strict.layer.minimumBatch as number;
  if (rows >= least) return;
  throw new ShapeError({ argument: 'x', given: `${rows} row`, expected: `at least ${least} rows`, hint });
}

/** Reads the gradients by the outputs, zeros for those that are left out. */
function readOutputGradients({ network }: Engine, given: Data, rows: number): readonly Matrix[] {
  const argument = 'outputGradient';
  const names = network.outputs.map(({ name }) => name);
  const named = isByName(given);
  if (named) {
    checkOptions(given, names, argument);
    if (names.every((name) => given[name] === undefined)) {
      throw new ValueError({ argument, given: 'an object without any', expected: `one of ${names.join(', ')}` });
    }
  }
  if (!named && names.length > 1 && !(Array.isArray(given) && given.length === names.length)) {
    throw new ShapeError({
      argument,
      given: Array.isArray(given) ? `an array of ${given.length}` : show(given),
      expected: `an array of ${names.length}, or an object with ${names.join(', ')}`,
    });
  }
  return names.map((name, i) => {
    const { units } = outputLayer(network, i);
    const own = named ? given[name] : names.length > 1 ? (given as readonly MatrixLike[])[i] : (given as MatrixLike);
    if (named && own === undefined) return makeMatrix(new Float32Array(rows * units), rows, units);
    const label = named ? `${argument}.${name}` : names.length > 1 ? `${argument}[${i}]` : argument;
    const read = toMatrix(own, label);
    if (read.rows !== rows || read.columns !== units) {
      const expected = `${rows} x ${units}, a number for each row of x and each unit`;
      throw new ShapeError({ argument: label, given: `${read.rows} x ${read.columns}`, expected });
    }
    checkFinite(read, label);
    return read;
  });
}

function readGradients(engine: Engine, program: GradientProgram): Weights {
  const learning = engine.network.parameters.filter(({ trainable }) => trainable);
  return Object.fromEntries(
    learning.map((parameter) => {
      const place = program.parameters.get(parameter);
      const read = place ? readParameter(engine.heap, parameter, place) : engine.readGradient(program, parameter);
      return [parameter.name, read];
    }),
  );
}

function readInputGradients(engine: Engine, { kept }: GradientProgram): Weights {
  return Object.fromEntries(
    engine.network.inputs.flatMap(({ name, ids }) => {
      const gradient = ids ? undefined : kept.find((value) => value.name === name)?.gradient;
      return gradient ? [[name, engine.read(gradient)]] : [];
    }),
  );
}

function readNodes(engine: Engine, program: GradientProgram): Backward['nodes'] {
  const nodes = program.kept.map(({ name, value, gradient, fusion }) => {
    if (fusion) return [name, readFused(engine, program, fusion)] as const;
    const kept = { value: engine.read(value) };
    return [name, gradient ? { ...kept, gradient: engine.read(gradient) } : kept] as const;
  });
  return Object.fromEntries(nodes.reverse());
}

/** Has layers with random numbers draw those of the step to come; gradients that no layer writes are 0. */
function prepare(engine: Engine, program: GradientProgram): void {
  for (const { offset, size } of program.parameters.values()) engine.heap.fill(0, offset, offset + size);
  if (program.stochastic) engine.writeRandomState(engine.compiled ? nextBatch(engine) : engine.steps.taken + 1);
}

/** Computes a batch, and each of its rows where that is asked for; `report` reads what else the batch has left. */
function compute<T>(
  engine: Engine,
  { x, y, rows, weighted }: Batch,
  loss: boolean,
  { nodes = false, inputs = false, perRow = false, training = true }: BackwardOptions,
  report: (program: GradientProgram) => T,
): Backward & T {
  const wish: Wish = { loss, weighted, nodes, inputs, inference: !training };
  const whole = gradientProgram(engine, wish, rows);
  engine.stageBatch(whole, x, y, 0);
  prepare(engine, whole);
  engine.runProgram(whole);
  const read = {
    ...report(whole),
    gradients: readGradients(engine, whole),
    inputs: inputs ? readInputGradients(engine, whole) : {},
    nodes: nodes ? readNodes(engine, whole) : {},
  };
  if (!perRow) return { ...read, perRow: {} };
  const single = gradientProgram(engine, { ...wish, nodes: false, inputs: false }, 1);
  prepare(engine, single);
  return { ...read, perRow: gradientsPerRow(engine, single, x, y, rows) };
}

/** Computes gradients from a loss, as a step would, without taking it; or from given gradients of the outputs. */
export function gradientsOf(
  engine: Engine,
  x: Data,
  y: Targets | OutputGradientOptions,
  options?: GradientOptions,
): Gradients | OutputGradients {
  const free = isOutputGradient(engine, y, options);
  const given: BackwardOptions = free ? y : (options ?? {});
  checkOptions(given, [...FLAGS, free ? 'outputGradient' : 'sampleWeight'], 'gradients');
  for (const flag of FLAGS) if (given[flag] !== undefined) checkBoolean(given[flag], `gradients.${flag}`);
  if (!free) {
    const batch = readPair(engine, x, y as Targets, options?.sampleWeight);
    checkRows(engine, batch.rows, given);
    return compute(engine, batch, true, given, (program) => ({
      logs: logsOf(engine, program, readOutcome(engine)),
    }));
  }
  const inputs = readInputs(engine, x, 'x');
  const { rows } = inputs[0] as Matrix;
  checkRows(engine, rows, given);
  const batch = { x: inputs, y: readOutputGradients(engine, y.outputGradient, rows), rows, weighted: false };
  return compute(engine, batch, false, given, (program) => ({
    outputs: Object.fromEntries(
      engine.network.outputs.map(({ name }, i) => [
        name,
        engine.read(program.outputs[i] as (typeof program.outputs)[number]),
      ]),
    ),
  }));
}

declare module '../../rare.js' {
  interface RareParts {
    readonly gradientsOf: typeof gradientsOf;
  }
}

import type { Engine } from '../../engine/engine.js';
import { isTable } from '../../engine/parameter-layout.js';
import { ownProgram } from '../../engine/rare/own-programs.js';
import { HISTORY } from '../../engine/step-counts.js';
import { nextMode, takeStep } from '../../engine/steps.js';
import { NonFiniteError, ShapeError, StateError, show, suggest, UnknownNameError, ValueError } from '../../errors.js';
import { allFinite, type MatrixLike, toMatrix } from '../../matrix.js';
import { rowGradientsOf } from '../../nn/layers/table-learning.js';
import { writeParameter } from '../../nn/parameters.js';
import { emitter } from '../../program/compile.js';
import type { Program } from '../../program/emitter.js';
import { FiniteChecks } from '../../program/finite-checks.js';
import type { Parameter, RowGradients, UpdateGroup } from '../../program/parameter.js';
import { emitAccumulation, emitUpdate } from '../../program/parameter-update.js';
import { rangeTensor, type Tensor } from '../../program/plan.js';
import type { Training } from '../../program/training.js';
import type { UpdateLogs } from '../gradient-options.js';

/** A parameter with the gradient that was given for it; of a table the numbers of the rows that have one. */
interface Given {
  readonly parameter: Parameter;
  readonly data: Float32Array;
  readonly rows?: readonly number[];
}

/** Says why a parameter takes no gradient. */
function refuse(argument: string, { learnable }: Parameter): never {
  throw new ValueError({
    argument,
    given: learnable ? 'a gradient of a frozen layer' : 'a gradient of what is counted along the way',
    expected: 'gradients of what learns, as gradients() returns them',
    hint: learnable ? 'setTrainable(layer, true) and compile have it learn.' : undefined,
  });
}

function rowsOf({ columns, rows }: Parameter, data: Float32Array): readonly number[] {
  const found: number[] = [];
  for (let r = 0; r < rows; r++) {
    if (data.subarray(r * columns, (r + 1) * columns).some((value) => value !== 0)) found.push(r);
  }
  return found;
}

/** Reads and checks gradients by name. @throws UnknownNameError, ShapeError, ValueError */
function read({ network }: Engine, gradients: unknown): readonly Given[] {
  if (typeof gradients !== 'object' || gradients === null || Array.isArray(gradients)) {
    const expected = 'an object with a matrix by the name of each parameter, as gradients() returns it';
    throw new ValueError({ argument: 'gradients', given: show(gradients), expected });
  }
  const known = new Map(network.parameters.map((parameter) => [parameter.name, parameter]));
  for (const [name, given] of Object.entries(gradients)) {
    const parameter = known.get(name);
    const argument = `gradients['${name}']`;
    if (!parameter) {
      const names = network.parameters.filter(({ trainable }) => trainable).map((each) => each.name);
      throw new UnknownNameError({
        argument,
        given: 'a name that no parameter has',
        expected: `one of ${names.join(', ')}`,
        hint: suggest(name, names),
      });
    }
    if (given !== undefined && !parameter.trainable) refuse(argument, parameter);
  }
  const record = gradients as Readonly<Record<string, MatrixLike | undefined>>;
  return network.parameters.flatMap((parameter): readonly Given[] => {
    const { name, rows, columns } = parameter;
    if (!Object.hasOwn(record, name) || record[name] === undefined) return [];
    const argument = `gradients['${name}']`;
    const matrix = toMatrix(record[name], argument);
    const fits =
      (matrix.rows === rows && matrix.columns === columns) || (rows === 1 && matrix.rows * matrix.columns === columns);
    if (!fits) {
      const given = `${matrix.rows} x ${matrix.columns}`;
      throw new ShapeError({ argument, given, expected: `${rows} x ${columns}, the shape of the weights` });
    }
    const { data } = matrix;
    return [isTable(parameter) ? { parameter, data, rows: rowsOf(parameter, data) } : { parameter, data }];
  });
}

/** Returns the part of a group from one place of the flat parameters to another. */
function partOf(group: UpdateGroup, start: number, end: number): UpdateGroup {
  const { parameters, kernels } = group;
  const part = (tensor: Tensor) => {
    const shift = tensor.offset - parameters.offset;
    return rangeTensor(tensor.name, start + shift, end + shift);
  };
  const decayed = Math.max(start, Math.min(end, kernels.offset + kernels.size));
  return {
    ...group,
    parameters: part(parameters),
    kernels: rangeTensor(kernels.name, start, decayed),
    gradients: part(group.gradients),
    states: group.states.map(part),
  };
}

/** The groups of an update, cut down to those parameters that have gradients. */
function groupsOf({ network, training }: Engine, given: ReadonlySet<Parameter>): readonly UpdateGroup[] {
  return training.groups.flatMap((group) => {
    const { offset, size } = group.parameters;
    const members = network.parameters.filter(
      (each) => each.trainable && !isTable(each) && each.value.offset >= offset && each.value.offset < offset + size,
    );
    const there = members.filter((member) => given.has(member));
    if (there.length === members.length) return [group];
    return there.map(({ value }) => partOf(group, value.offset, value.offset + value.size));
  });
}

/** An update alone, without what computes gradients. */
interface Update {
  /** Places for the gradients of tables that have some. */
  readonly tables: readonly RowGradients[];
}

/** A parameter to update; of a table for how many rows: a power of two, so that few programs serve all numbers of rows. */
interface Planned {
  readonly parameter: Parameter;
  readonly room: number | undefined;
}

const planOf = ({ parameter, rows }: Given): Planned => ({
  parameter,
  room: rows && 2 ** Math.ceil(Math.log2(Math.max(1, rows.length))),
});

/** No batch has as few rows, so that nothing takes the program for one that computes gradients. */
const ROWS = 0;

function compile(
  engine: Engine,
  mode: 'train' | 'accumulate',
  given: readonly Planned[],
  base: number,
): Program & Update {
  const { network, training } = engine;
  const parameters = given.map(({ parameter }) => parameter);
  const part = { ...network, parameters };
  const emit = emitter(mode, ROWS, network);
  emit.guard = new FiniteChecks(emit, part, training);
  const tables = given.flatMap(({ parameter, room }) => (room ? [rowGradientsOf(emit, parameter, room)] : []));
  const groups = groupsOf(engine, new Set(parameters));
  const update: Training['update'] = {
    ...training.update,
    emit(into) {
      for (const group of groups) training.optimizer.emit(into, group);
      for (const rows of tables) training.tables.find(({ table }) => table === rows.table)?.emit(into, rows);
    },
  };
  if (mode === 'accumulate') emitAccumulation(emit, part, training);
  else emitUpdate(emit, part, { ...training, update });
  const inputs = tables.flatMap(({ distinct, gradients }) => [distinct, gradients]);
  return { ...emit.finish({ inputs, outputs: [training.gradients] }, base), tables };
}

/** Puts gradients where a backward pass leaves them, with reports of a loss that is 0. */
function stage({ heap, training }: Engine, { tables }: Update, given: readonly Given[]): void {
  const { gradients, penaltySlots, targets } = training;
  heap.fill(0, gradients.offset, gradients.offset + gradients.size);
  for (const { offset } of [...penaltySlots, ...targets.flatMap(({ report }) => Object.values(report) as Tensor[])]) {
    heap[offset] = 0;
  }
  for (const { parameter, data, rows } of given) {
    if (!rows) {
      writeParameter(heap, parameter, data, parameter.gradient);
      continue;
    }
    const { columns } = parameter;
    const place = tables.find(({ table }) => table === parameter) as RowGradients;
    const from = place.gradients.offset;
    heap.fill(-1, place.distinct.offset, place.distinct.offset + place.distinct.size);
    heap.set(rows, place.distinct.offset);
    heap.fill(0, from, from + place.gradients.size);
    rows.forEach((row, i) => {
      heap.set(data.subarray(row * columns, (row + 1) * columns), from + i * columns);
    });
  }
}

/** Refuses to leave some parameters out where gradients accumulate. */
function checkComplete({ network, training }: Engine, given: readonly Given[]): void {
  if (given.length === 0) {
    throw new ValueError({ argument: 'gradients', given: 'none', expected: 'the gradient of at least one parameter' });
  }
  if (training.accumulationSteps === 1) return;
  const there = new Set(given.map(({ parameter }) => parameter));
  const missing = network.parameters.find((parameter) => parameter.trainable && !there.has(parameter));
  if (!missing) return;
  throw new ValueError({
    argument: `gradients['${missing.name}']`,
    given: 'nothing',
    expected: 'a gradient of every parameter, since gradientAccumulationSteps takes their mean',
  });
}

/** Returns the error of gradients that were refused. */
function refusal({ network, steps }: Engine, tensor: 'gradient' | 'weight', name: string): NonFiniteError {
  const what =
    tensor === 'gradient' ? `The gradient of ${name} is not finite` : `The update would make ${name} infinite`;
  const layer = network.nodes.find((node) => node.layer.parameters.some((each) => each.name === name))?.label;
  return new NonFiniteError(
    `${what} in step ${steps.taken + 1}. The step was not applied: weights and state are those of the step before.`,
    { tensor, ...(layer === undefined ? {} : { layer }) },
  );
}

/**
 * Takes one step of the optimizer, or its share of one where gradients accumulate, by gradients that are given.
 * @throws StateError for a solver, NonFiniteError unless such batches are skipped; what `read` and `checkComplete` throw.
 */
export function applyGradients(engine: Engine, gradients: Readonly<Record<string, MatrixLike>>): UpdateLogs {
  const { training, steps } = engine;
  if (training.optimizer.solver) {
    throw new StateError(
      `applyGradients: ${training.optimizer.spec.name} computes losses and gradients by itself in each step. Compile with an optimizer such as adam.`,
    );
  }
  const given = read(engine, gradients);
  checkComplete(engine, given);
  const skips = training.onNonFinite === 'skip';
  const bad = given.find(({ data }) => !allFinite(data));
  if (bad) {
    if (skips) return { skippedBatches: 1 };
    throw refusal(engine, 'gradient', bad.parameter.name);
  }
  const mode = nextMode(engine);
  const plan = given.map(planOf);
  const key = plan.map(({ parameter, room = '' }) => `${parameter.name} ${room}`).join();
  const program = ownProgram(engine, `${mode} ${key}`, ROWS, (_, base) => compile(engine, mode, plan, base));
  stage(engine, program, given);
  const { trouble, norm } = takeStep(engine, program);
  if (trouble && !skips) throw refusal(engine, 'weight', trouble.name ?? 'the norm of the gradient');
  // The loss of this step is not known.
  if (!trouble && mode === 'train') steps.recent[steps.taken & (HISTORY - 1)] = Number.NaN;
  return {
    ...(norm === undefined ? {} : { gradientNorm: norm }),
    ...(skips ? { skippedBatches: trouble ? 1 : 0 } : {}),
  };
}

declare module '../../rare.js' {
  interface RareParts {
    readonly applyGradients: typeof applyGradients;
  }
}

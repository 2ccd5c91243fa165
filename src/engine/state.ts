import { FileFormatError, StateError } from '../errors.js';
import type { Heap } from '../kernels/contract.js';
import { allFinite } from '../matrix.js';
import type { SolverState, Vector } from '../nn/optimizers/solver.js';
import { place, writeParameter } from '../nn/parameters.js';
import type { Parameter } from '../program/parameter.js';
import type { Engine } from './engine.js';
import { isTable } from './parameter-layout.js';
import { fillStates } from './training-plan.js';

/** A row-major matrix of what belongs to a parameter. The state of solvers is in float64. */
export interface StateTensor {
  readonly data: Float32Array | Float64Array;
  readonly rows: number;
  readonly columns: number;
}

/** Numbers of the training state, as JSON has them. */
export interface StateScalars {
  readonly optimizer: string;
  /** Optimizer steps since `compile`. */
  readonly taken: number;
  /** Batches whose gradients wait for the update. */
  readonly accumulated: number;
  /** Set by hand in place of the optimizer's, or null. */
  readonly learningRate: number | null;
  /** Numbers of a solver, as decimal text since some may be infinite or NaN. */
  readonly solver?: readonly string[];
}

/** Everything that training needs in addition to the weights. */
export interface EngineState {
  /** `optimizer.<state>.<parameter>`, `accumulated.<parameter>`, `average.<parameter>`. */
  readonly tensors: Readonly<Record<string, StateTensor>>;
  readonly scalars: StateScalars;
}

/** Says where elements that belong to a parameter lie: in its layout, from `offset` on. */
export interface Part {
  readonly name: string;
  readonly parameter: Parameter;
  readonly memory: Heap;
  readonly offset: number;
  readonly dtype: 'F32' | 'F64';
}

/** Lists weights and moving moments. */
export function weightParts({ heap, network }: Engine): Part[] {
  return network.parameters.map((parameter) => {
    const { name, value } = parameter;
    return { name, parameter, memory: heap, offset: value.offset, dtype: 'F32' };
  });
}

/** Returns what belongs to each trainable parameter in a vector parallel to the flat parameters. */
function parallelParts(engine: Engine, prefix: string, memory: Heap, start: number, dtype: 'F32' | 'F64'): Part[] {
  return engine.network.parameters
    .filter((parameter) => parameter.trainable && !isTable(parameter))
    .map((parameter) => ({
      name: `${prefix}.${parameter.name}`,
      parameter,
      memory,
      offset: start + parameter.value.offset - engine.flatParameters.offset,
      dtype,
    }));
}

/** Before the first batch the state is what `compile` makes, and is left out. */
const isFresh = ({ taken, accumulated }: Pick<StateScalars, 'taken' | 'accumulated'>) =>
  taken === 0 && accumulated === 0;

/** Lists the training state on the heap. */
function heapParts(engine: Engine, scalars: Pick<StateScalars, 'taken' | 'accumulated'>): Part[] {
  if (isFresh(scalars)) return [];
  engine.reserve();
  const { accumulated } = scalars;
  const { heap, training } = engine;
  const { optimizer, states, tables, update } = training;
  const parallel = (prefix: string, start: number) => parallelParts(engine, prefix, heap, start, 'F32');
  return [
    ...optimizer.states.flatMap(({ name }, i) => parallel(`optimizer.${name}`, states[i]!.offset)),
    ...tables.flatMap(({ table, states }) =>
      states.map(({ offset }, i): Part => {
        const name = `optimizer.${optimizer.states[i]!.name}.${table.name}`;
        return { name, parameter: table, memory: heap, offset, dtype: 'F32' };
      }),
    ),
    ...(accumulated > 0 && update.accumulation ? parallel('accumulated', update.accumulation.sum.offset) : []),
    ...(update.average ? parallel('average', update.average.values.offset) : []),
  ];
}

const solverParts = (engine: Engine, vectors: SolverState['vectors']) =>
  Object.entries(vectors).flatMap(([name, vector]) => parallelParts(engine, `optimizer.${name}`, vector, 0, 'F64'));

/**
 * Copies rows `first` to `last` of a part, row by row. Two numbers at a time where that is possible: no two floats that are
 * finite or infinite make a double that is NaN, so that the bits stay.
 */
export function readRows(part: Part, first: number, last: number, into: Float32Array | Float64Array): void {
  const { parameter, memory, offset } = part;
  const { rows, columns, layout } = parameter;
  if (layout !== 'panels') {
    into.set(memory.subarray(offset + first * columns, offset + last * columns));
    return;
  }
  const floats = memory instanceof Float32Array && into instanceof Float32Array;
  const whole = columns & ~7;
  if (floats && columns % 2 === 0 && (memory.byteOffset + 4 * offset) % 8 === 0 && into.byteOffset % 8 === 0) {
    const from = new Float64Array(memory.buffer, memory.byteOffset + 4 * offset, (rows * ((columns + 7) & ~7)) / 2);
    const to = new Float64Array(into.buffer, into.byteOffset, into.length / 2);
    const stride = columns / 2;
    // Two rows share a cache line.
    for (let r = first; r < last; r += 2) {
      const two = r + 1 < last;
      let at = (r - first) * stride;
      for (let c = 0, source = r * 4; c < whole; c += 8, source += rows * 4, at += 4) {
        to[at] = from[source]!;
        to[at + 1] = from[source + 1]!;
        to[at + 2] = from[source + 2]!;
        to[at + 3] = from[source + 3]!;
        if (!two) continue;
        to[at + stride] = from[source + 4]!;
        to[at + stride + 1] = from[source + 5]!;
        to[at + stride + 2] = from[source + 6]!;
        to[at + stride + 3] = from[source + 7]!;
      }
    }
  } else {
    for (let r = first; r < last; r++) {
      for (let c = 0; c < whole; c++) into[(r - first) * columns + c] = memory[offset + place(parameter, r, c)]!;
    }
  }
  for (let r = first; r < last; r++) {
    for (let c = whole; c < columns; c++) into[(r - first) * columns + c] = memory[offset + place(parameter, r, c)]!;
  }
}

/**
 * Returns what `exportState` would copy as ranges of the heap, which hold it until the next step. @throws StateError during
 * a step.
 */
export function describeState(engine: Engine): { readonly parts: readonly Part[]; readonly scalars: StateScalars } {
  checkBetweenSteps(engine);
  const { optimizer } = engine.training;
  const { taken, accumulated, ownRate: learningRate = null } = engine.steps;
  const solver = optimizer.solver?.state();
  return {
    parts: [...heapParts(engine, { taken, accumulated }), ...(solver ? solverParts(engine, solver.vectors) : [])],
    scalars: {
      optimizer: optimizer.spec.name,
      taken,
      accumulated,
      learningRate,
      ...(solver ? { solver: solver.numbers.map(String) } : {}),
    },
  };
}

function checkBetweenSteps(engine: Engine): void {
  if (!engine.steps.midway) return;
  throw new StateError('A training step of fit is under way: save from a callback, or after fit.');
}

/**
 * Everything that training needs in addition to weights and moving moments, as copies: state of the optimizer, accumulated
 * gradients, averages and counts, from which the draws of dropout follow. Row-major, whatever the layout of the heap.
 * @throws StateError before `compile` and during a step.
 */
export function exportState(engine: Engine): EngineState {
  const { parts, scalars } = describeState(engine);
  const tensors = parts.map((part): [string, StateTensor] => {
    const { rows, columns } = part.parameter;
    const data = part.dtype === 'F32' ? new Float32Array(rows * columns) : new Float64Array(rows * columns);
    readRows(part, 0, rows, data);
    return [part.name, { data, rows, columns }];
  });
  return { tensors: Object.fromEntries(tensors), scalars };
}

/**
 * Checks the numbers of a state, and returns them.
 * @throws FileFormatError for numbers that are absent, or not those of this state.
 */
export function readScalars(engine: Engine, given: Partial<StateScalars>): StateScalars {
  const fail = (name: string, what: string): never => {
    throw new FileFormatError(`training state, ${name}`, what);
  };
  const { optimizer, accumulationSteps } = engine.training;
  const { taken, accumulated, learningRate, solver } = given;
  if (given.optimizer !== optimizer.spec.name) fail('optimizer', `not the model's, which is ${optimizer.spec.name}`);
  if (!Number.isSafeInteger(taken) || taken! < 0) fail('taken', 'no whole number');
  if (!Number.isSafeInteger(accumulated) || accumulated! < 0 || accumulated! >= accumulationSteps) {
    fail('accumulated', `no whole number below ${accumulationSteps}`);
  }
  if (learningRate !== null && !(Number.isFinite(learningRate) && learningRate! >= 0)) {
    fail('learningRate', 'neither null nor a number >= 0');
  }
  if (optimizer.solver) {
    const fine = Array.isArray(solver) && solver.every((text) => typeof text === 'string');
    if (!fine || !optimizer.solver.vectorNames(solver.map(Number))) fail('solver', 'not what the optimizer remembers');
  }
  return given as StateScalars;
}

/** Returns where a state with these numbers goes, and what makes it the present one once the parts are written. */
export function planImport(engine: Engine, scalars: StateScalars): { parts: readonly Part[]; commit(): void } {
  checkBetweenSteps(engine);
  const { solver } = engine.training.optimizer;
  const numbers = scalars.solver?.map(Number) ?? [];
  const names = solver?.vectorNames(numbers) ?? [];
  const vectors = Object.fromEntries(
    names.map((name): [string, Vector] => [name, new Float64Array(engine.flatParameters.size)]),
  );
  return {
    parts: [...heapParts(engine, scalars), ...solverParts(engine, vectors)],
    commit() {
      const { taken, accumulated, learningRate } = scalars;
      if (isFresh(scalars) && !isFresh(engine.steps)) {
        const { training, heap } = engine;
        fillStates(heap, training);
        const average = training.update.average?.values;
        if (average) heap.fill(0, average.offset, average.offset + average.size);
      }
      Object.assign(engine.steps, { taken, accumulated, ownRate: learningRate ?? undefined });
      // The recent losses are those of other steps.
      engine.steps.recent.fill(Number.NaN);
      solver?.restore({ numbers, vectors });
    },
  };
}

/**
 * Takes what `exportState` returned, on a model of the same layers that was compiled alike.
 * @throws FileFormatError for a state of another model, before anything is changed; StateError during a step.
 */
export function importState(engine: Engine, state: EngineState): void {
  const { parts, commit } = planImport(engine, readScalars(engine, state.scalars));
  const known = new Set(parts.map(({ name }) => name));
  const unknown = Object.keys(state.tensors).find((name) => !known.has(name));
  if (unknown !== undefined) throw new FileFormatError(`training state, ${unknown}`, 'no state of this model');
  const data = parts.map(({ name, parameter: { rows, columns } }) => {
    const tensor = Object.hasOwn(state.tensors, name) ? state.tensors[name] : undefined;
    if (!tensor) throw new FileFormatError(`training state, ${name}`, 'missing');
    const bad = firstNaN(tensor.data);
    if (bad >= 0) throw new FileFormatError(`training state, ${name}`, `NaN at element ${bad}`);
    if (tensor.rows === rows && tensor.columns === columns && tensor.data.length === rows * columns) return tensor.data;
    const what = `${tensor.rows} x ${tensor.columns} in place of ${rows} x ${columns}`;
    throw new FileFormatError(`training state, ${name}`, what);
  });
  parts.forEach((part, i) => {
    writeParameter(part.memory, part.parameter, data[i]!, part);
  });
  commit();
}

/** Returns the first NaN, which no state that can still train has, or -1; sums of squares may have become infinite. */
export function firstNaN(data: Float32Array | Float64Array): number {
  if (data instanceof Float32Array && allFinite(data)) return -1;
  return data.findIndex(Number.isNaN);
}

/** Returns the first number that is not finite, or -1. */
export function firstNonFinite(data: Float32Array | Float64Array): number {
  if (data instanceof Float32Array && allFinite(data)) return -1;
  return data.findIndex((value) => !Number.isFinite(value));
}

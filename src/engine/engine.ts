import { StateError } from '../errors.js';
import { type Backend, type BackendFactory, heapElements, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { words } from '../kernels/lib/philox.js';
import { isSparse, type Matrix, matrix } from '../matrix.js';
import type { ClassNames } from '../nn/class-names.js';
import type { BuiltGraph } from '../nn/graph.js';
import { initializeParameters, readParameter } from '../nn/parameters.js';
import { compilePredict, compileTraining } from '../program/compile.js';
import { copyRows } from '../program/copy.js';
import type { Program, ProgramName } from '../program/emitter.js';
import { BOUND, CEILING } from '../program/finite-checks.js';
import type { Network } from '../program/network.js';
import type { Constant, Parameter } from '../program/parameter.js';
import { Arena, checkHeapSize, panelColumns, type Tensor, vectorTensor } from '../program/plan.js';
import { type CutCall, type JoinCalls, type LinkedProgram, link, run } from '../program/run.js';
import { makeSlots, placeSlots } from '../program/slots.js';
import { rare } from '../rare.js';
import { placeParameters } from './parameter-layout.js';
import { stageRows } from './staging.js';
import { StepCounts } from './step-counts.js';
import {
  type Compiled,
  fillStates,
  INFERENCE_ROWS,
  lossConstants,
  planTraining,
  type TrainingOptions,
} from './training-plan.js';

const refuseDisposed = (): never => {
  throw new StateError('The model was disposed: its memory is given back. Build another.');
};

/**
 * Compiles a program that no mode names, in place of one: into the workspace of training or that of inference, each from its base
 * on; that of training is 0 before `compile`. The program's mode is 'own', and its rows are those that are asked for.
 */
export type OwnProgram = (rows: number, trainingBase: number, inferenceBase: number) => Program;

/** In place of a memory that was given back. */
const disposed: Backend = {
  get heap() {
    return refuseDisposed();
  },
  get kernels() {
    return refuseDisposed();
  },
  longestCall: 1,
};

/**
 * A model's heap from one end to the other: slots, zeros, parameters (kernels, then vectors, penalized ones
 * first), tables, moving moments and what is frozen, inference workspace; once compiled also gradients and optimizer
 * state (vectors parallel to the flat parameters, states of tables), evaluation workspace, training workspace. Inference has a
 * workspace of its own so that it can run while a step is under way.
 */
export class Engine {
  readonly network: Network;
  readonly slots = makeSlots();
  readonly steps = new StepCounts();
  /** The model, which knows the names of its classes. */
  named!: { readonly classNames?: ClassNames | undefined };
  /** Rows that every training batch must have. */
  minimumBatch = 1;
  /** All trainable parameters. */
  #flatParameters: Tensor;
  /** True where the plan of `compile` is out of date. */
  #outdated = false;
  readonly #factory: BackendFactory;
  #backend: Backend;
  readonly #firstParameter: number;
  readonly #inferenceBase: number;
  readonly #compiledBase: number;
  /** By mode and rows, rows with weights as negative numbers, with the non-zeros that there is room for as a text. */
  readonly #programs = new Map<ProgramName | OwnProgram, Map<number | string, LinkedProgram>>();
  /** The one asked for last, to save small networks the look-up. */
  #latest: LinkedProgram | undefined;
  #latestKey: number | string | undefined;
  #evaluationBase = 0;
  #trainingBase = 0;
  #end: number;
  #training: Compiled | undefined;
  /** Cuts the long calls of programs, once a caller wants to wait between them. */
  #cut: CutCall | undefined;
  #join: JoinCalls | undefined;
  /** The backend has compiled what kernels the model needs. */
  #prepared = false;

  constructor(
    { inputs, nodes, outputs }: BuiltGraph,
    readonly seed: number,
    factory: BackendFactory,
    initialize = true,
  ) {
    const parameters = nodes.flatMap(({ layer }) => layer.parameters);
    const widest = nodes.reduce((most, { layer }) => Math.max(most, layer.units), 0);
    const arena = new Arena(RESERVED_ELEMENTS);
    arena.take(this.slots.block);
    placeSlots(this.slots);
    const zeros = arena.take(vectorTensor('zeros', panelColumns(widest)));
    this.#firstParameter = arena.end;
    const { flatParameters, end } = placeParameters(parameters, this.#firstParameter);
    this.#flatParameters = flatParameters;
    arena.end = end;
    const constants = nodes.flatMap(({ layer }) => layer.constants ?? []);
    for (const { value } of constants) arena.take(value);
    this.network = { inputs, nodes, outputs, parameters, slots: this.slots, zeros, threads: factory.threads };
    this.#inferenceBase = arena.end;
    this.#compiledBase = compilePredict(this.network, INFERENCE_ROWS, this.#inferenceBase).end;
    this.#end = this.#compiledBase;
    checkHeapSize(this.#end);
    this.#factory = factory;
    this.#backend = factory.open(this.#end, true);
    this.#write(constants);
    this.heap[this.slots.bound.offset] = BOUND;
    this.heap[this.slots.ceiling.offset] = CEILING;
    this.writeRandomState(0);
    if (!initialize) return;
    initializeParameters(this.#backend, parameters, { seed, state: this.slots.random, scratch: this.#inferenceBase });
  }

  get heap(): Float32Array | Float64Array {
    return this.#backend.heap;
  }

  get training(): Compiled {
    if (!this.#training) this.checkCompiled();
    return this.#training as Compiled;
  }

  checkCompiled(): void {
    if (this.#training) return;
    throw new StateError(
      this.#outdated
        ? 'setTrainable was called since compile: call compile({ optimizer, loss }) again.'
        : 'The model has no loss and no optimizer yet: call compile({ optimizer, loss }) first.',
    );
  }

  get flatParameters(): Tensor {
    return this.#flatParameters;
  }

  /** Gives back the memory, which another model may have next. */
  dispose(): void {
    this.#forgetPrograms();
    this.#backend.dispose?.();
    this.#backend = disposed;
  }

  get compiled(): boolean {
    return this.#training !== undefined;
  }

  /** Bytes that the plan takes; the heap is exactly as large. */
  get plannedBytes(): number {
    return heapElements(this.#end) * 4;
  }

  configure(options: TrainingOptions): void {
    this.#arrange();
    const plan = planTraining(this.network, this.#flatParameters, this.#compiledBase, options);
    const { training, evaluationBase, trainingBase } = plan;
    const constants = lossConstants(options);
    if (constants.length > 0 || options.optimizer.states.some(({ initial }) => initial !== 0)) {
      this.#grow(evaluationBase);
    }
    // Only the part within the heap is cleared, since memory that it grows by is zero.
    this.heap.fill(0, this.#compiledBase, evaluationBase);
    fillStates(this.heap, training);
    this.heap[this.slots.factor.offset] = 1;
    this.minimumBatch = this.network.nodes.reduce((most, { layer }) => Math.max(most, layer.minimumBatch ?? 1), 1);
    this.#training = training;
    this.#prepared = false;
    this.#evaluationBase = evaluationBase;
    this.#trainingBase = trainingBase;
    this.#forgetPrograms();
    this.#write(constants);
    this.steps.restart();
  }

  #write(constants: readonly Constant[]): void {
    for (const { value, data } of constants) this.heap.set(data, value.offset);
  }

  /** Forgets what `compile` planned, because other parameters are to be trained from now on. */
  forgetTraining(): void {
    this.#outdated ||= this.compiled;
    this.#training = undefined;
  }

  /** Moves the parameters to where they lie best, the trainable ones together. */
  #arrange(): void {
    const { parameters } = this.network;
    const before = parameters.map(({ value }) => value.offset);
    this.#flatParameters = placeParameters(parameters, this.#firstParameter).flatParameters;
    if (parameters.every(({ value }, i) => value.offset === before[i])) return;
    this.#forgetPrograms();
    const values = this.heap.slice(this.#firstParameter, this.#inferenceBase);
    parameters.forEach(({ value }, i) => {
      const from = (before[i] as number) - this.#firstParameter;
      this.heap.set(values.subarray(from, from + value.size), value.offset);
    });
  }

  /**
   * Moves to a larger heap, with all that outlives a call. A WebAssembly memory could grow in place, but that detaches
   * its buffer, after which V8 checks every access to any typed array of the process.
   */
  #grow(end: number): void {
    if (end <= this.#end) return;
    checkHeapSize(end);
    const larger = this.#factory.open(end, true);
    larger.heap.set(this.heap.subarray(RESERVED_ELEMENTS, this.#inferenceBase), RESERVED_ELEMENTS);
    larger.heap.set(this.heap.subarray(this.#compiledBase, this.#evaluationBase), this.#compiledBase);
    this.#backend.dispose?.();
    this.#backend = larger;
    this.#end = end;
    this.#forgetPrograms();
  }

  /** Lets the backend compile what kernels the model needs without blocking; undefined where there is nothing to wait for. */
  prepare(): Promise<void> | undefined {
    if (this.#prepared) return undefined;
    const modes: readonly ProgramName[] = this.compiled ? ['predict', 'train'] : ['predict'];
    const waiting = this.#factory.prepare?.(() =>
      modes.flatMap((mode) => this.compileProgram(mode, this.minimumBatch).calls.map(([kernel]) => kernel)),
    );
    this.#prepared = true;
    return waiting;
  }

  /** Makes room for the training state, which otherwise the first step does. */
  reserve(): void {
    this.#grow(this.#evaluationBase);
  }

  /** Has steps from now on consist of short calls, so that others have a turn in between; bits stay the same. */
  cutCalls(cut: CutCall): void {
    if (this.#cut) return;
    this.#cut = cut;
    this.#forgetPrograms();
  }

  /** Has programs from now on run as `join` makes one call of them, or again as many. */
  joinCalls(join?: JoinCalls): void {
    this.#join = join;
    this.#forgetPrograms();
  }

  #forgetPrograms(): void {
    this.#programs.clear();
    this.#latest = undefined;
  }

  /** Returns the program for a mode and a number of rows, with weights or without, linked once and kept; `nonZeros` as in `Network`. */
  program(
    mode: ProgramName | OwnProgram,
    rows: number,
    weighted = false,
    nonZeros?: readonly number[] | undefined,
  ): LinkedProgram {
    const latest = this.#latest;
    const count = weighted ? -rows : rows;
    const key = nonZeros ? `${count} ${nonZeros}` : count;
    if (latest !== undefined && latest.mode === mode && this.#latestKey === key) return latest;
    this.#latestKey = key;
    const known = this.#programs.get(mode)?.get(key);
    if (known) {
      this.#latest = known;
      return known;
    }
    const program = this.compileProgram(mode, rows, weighted, nonZeros);
    this.#grow(program.end);
    const linked = link(program, this.#backend, this.network.threads, this.#cut, this.#join);
    this.#programs.set(mode, (this.#programs.get(mode) ?? new Map()).set(key, linked));
    this.#latest = linked;
    return linked;
  }

  /** Returns the program for rows of `x`, those that `order` names from `start` on: by their non-zeros where it is sparse. */
  programFor(
    mode: ProgramName,
    rows: number,
    weighted: boolean,
    x: readonly Matrix[],
    start: number,
    order?: Uint32Array,
  ): LinkedProgram {
    return x.some(isSparse)
      ? rare().sparseProgram(this, mode, rows, weighted, x, start, order)
      : this.program(mode, rows, weighted);
  }

  compileProgram(
    mode: ProgramName | OwnProgram,
    rows: number,
    weighted = false,
    nonZeros?: readonly number[] | undefined,
  ): Program {
    const network = nonZeros ? { ...this.network, nonZeros } : this.network;
    if (mode === 'predict') return compilePredict(network, rows, this.#inferenceBase);
    if (typeof mode === 'function') return mode(rows, this.#trainingBase, this.#inferenceBase);
    const base = mode === 'evaluate' ? this.#evaluationBase : this.#trainingBase;
    return compileTraining(network, this.training, mode, rows, base, weighted);
  }

  /** Copies rows into a program's input or targets: those that `order` names from `start` on, or as they come. */
  stage(tensor: Tensor, from: Matrix, start: number, order?: Uint32Array): void {
    stageRows(this.heap, tensor, from, start, order);
  }

  /** Copies a matrix out of the heap. */
  read({ offset, rows, columns, stride }: Tensor): Matrix {
    const data = new Float32Array(rows * columns);
    copyRows(this.heap, offset, stride, data, 0, columns, rows, columns);
    return matrix(data, rows, columns);
  }

  /** Reads the gradient of a parameter after `program` ran, as a row-major matrix. */
  readGradient({ rowGradients }: LinkedProgram, parameter: Parameter): Matrix {
    const rows = rowGradients.find(({ table }) => table === parameter);
    return rows?.read(this.heap) ?? readParameter(this.heap, parameter, parameter.gradient);
  }

  /** Copies a batch into a program; after the targets come the rows' weights, if it takes them. */
  stageBatch(
    { inputs, targets }: LinkedProgram,
    x: readonly Matrix[],
    y: readonly Matrix[],
    start: number,
    order?: Uint32Array,
  ): void {
    for (let i = 0; i < inputs.length; i++) this.stage(inputs[i] as Tensor, x[i] as Matrix, start, order);
    for (let i = 0; i < targets.length; i++) this.stage(targets[i] as Tensor, y[i] as Matrix, start, order);
  }

  /** Runs a staged program that changes no weights. */
  runProgram(program: LinkedProgram): void {
    run(program);
  }

  /** Returns what a profile of a staged training step needs. */
  withBackend(program: LinkedProgram): [Program, Backend, BackendFactory] {
    return [program, this.#backend, this.#factory];
  }

  /** Writes seed and step, 16 bits in an element. */
  writeRandomState(step: number): void {
    const { heap, seed } = this;
    const { offset } = this.slots.random;
    [...words(seed), ...words(step)].forEach((word, i) => {
      heap[offset + 2 * i] = word & 0xffff;
      heap[offset + 2 * i + 1] = word >>> 16;
    });
  }
}

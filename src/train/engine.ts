import { StateError } from '../errors.js';
import { type Backend, type BackendFactory, PAGE_ELEMENTS, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { words } from '../kernels/philox.js';
import { type Matrix, matrix } from '../matrix.js';
import type { BuiltGraph } from '../model/graph.js';
import type { BoundLoss } from '../model/losses.js';
import type { Kind } from '../model/metrics/sample.js';
import { type BoundMetric, outputKind } from '../model/metrics/table.js';
import { emitRowUpdate, type Optimizer, type Pace, type TableUpdate, type UpdateGroup } from '../model/optimizers.js';
import { initializeParameters, readParameter, readRowGradients } from '../model/weights.js';
import {
  compileMoments,
  compilePredict,
  compileTraining,
  type Network,
  outputLayer,
  type Target,
  type Training,
  type Update,
} from '../program/compile.js';
import type { Mode, Program } from '../program/emitter.js';
import type { Constant, Parameter } from '../program/layer.js';
import { Arena, checkHeapSize, panelColumns, type Tensor, vectorTensor } from '../program/plan.js';
import { type Profile, type ProfileOptions, profileProgram } from '../program/profile.js';
import { type LinkedProgram, link, run } from '../program/run.js';
import { makeSlots, placeSlots } from '../program/slots.js';
import { copyRows } from './copy.js';
import {
  activityPenalties,
  isTable,
  penaltyGroups,
  placeParameters,
  tableUpdates,
  takeNorms,
  updateGroups,
} from './slab.js';
import { stageRows } from './staging.js';
import type { UpdatePlan } from './update-options.js';

/** Rows of one inference call; more rows are taken in turns. */
export const INFERENCE_ROWS = 256;

export interface TrainingOptions extends UpdatePlan {
  /** One per output. */
  readonly losses: readonly BoundLoss[];
  readonly optimizer: Optimizer;
  /** Those of each output; default none. */
  readonly metrics?: readonly (readonly BoundMetric[])[];
}

/** An output of the model with its loss. */
export interface BoundTarget extends Target {
  readonly objective: BoundLoss;
  readonly metrics: readonly BoundMetric[];
  readonly kind: Kind;
}

interface Compiled extends Training, TrainingOptions {
  readonly targets: readonly BoundTarget[];
  readonly groups: readonly UpdateGroup[];
  /** Those of the groups and of tables, one for each learning rate. */
  readonly paces: readonly Pace[];
  /** Where a step leaves the parts of the penalty. */
  readonly penaltySlots: readonly Tensor[];
}

/** What one step or one evaluation reports. `loss` is the weighted sum of `losses`, and `penalty`; `losses` and `hits` have one entry per output. */
export interface Outcome {
  loss: number;
  penalty: number;
  losses: number[];
  hits: number[];
  /** Of the gradient of an update, before clipping, where it is measured. */
  norm: number | undefined;
  /** The norm was not finite and stopped the update. */
  refused: boolean;
}

/**
 * A model's heap from one end to the other: slots, zeros, parameters (kernels, then vectors, penalized ones
 * first), tables, moving moments and what is frozen, inference workspace; once compiled also gradients and optimizer
 * state (slabs parallel to the parameters, states of tables), evaluation workspace, training workspace. Inference has a
 * workspace of its own so that it can run while a step is under way.
 */
export class Engine {
  readonly network: Network;
  readonly slots = makeSlots();
  /** Rows that every training batch must have. */
  minimumBatch = 1;
  /** Optimizer steps taken since `compile`. */
  step = 0;
  /** Set in place of the optimizer's own. */
  #learningRate: number | undefined;
  /** A training step is between two of its calls. */
  midStep = false;
  /** Batches whose gradients wait for the update. */
  #accumulated = 0;
  /** All trainable parameters. */
  #slab: Tensor;
  /** What `compile` planned is out of date. */
  #outdated = false;
  readonly #factory: BackendFactory;
  #backend: Backend;
  readonly #firstParameter: number;
  readonly #inferenceBase: number;
  readonly #compiledBase: number;
  /** By mode and rows, rows with weights as negative numbers. */
  readonly #programs = new Map<Mode, Map<number, LinkedProgram>>();
  /** The one asked for last, to save small networks the look-up. */
  #latest: LinkedProgram | undefined;
  #evaluationBase = 0;
  #trainingBase = 0;
  #end: number;
  #training: Compiled | undefined;

  constructor(
    { inputs, nodes, outputs }: BuiltGraph,
    readonly seed: number,
    factory: BackendFactory,
  ) {
    const parameters = nodes.flatMap(({ layer }) => layer.parameters);
    const widest = Math.max(...nodes.map(({ layer }) => layer.units));
    const arena = new Arena(RESERVED_ELEMENTS);
    arena.take(this.slots.block);
    placeSlots(this.slots);
    const zeros = arena.take(vectorTensor('zeros', panelColumns(widest)));
    this.#firstParameter = arena.end;
    const { slab, end } = placeParameters(parameters, this.#firstParameter);
    this.#slab = slab;
    arena.end = end;
    const constants = nodes.flatMap(({ layer }) => layer.constants ?? []);
    for (const { value } of constants) arena.take(value);
    this.network = { inputs, nodes, outputs, parameters, slots: this.slots, zeros, threads: factory.threads };
    this.#inferenceBase = arena.end;
    this.#compiledBase = compilePredict(this.network, INFERENCE_ROWS, this.#inferenceBase).end;
    this.#end = this.#compiledBase;
    checkHeapSize(this.#end);
    this.#factory = factory;
    this.#backend = factory.open(this.#end);
    this.#write(constants);
    this.#writeRandomState(0);
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

  get slab(): Tensor {
    return this.#slab;
  }

  /** Gives back what a backend with threads holds for this model. */
  dispose(): void {
    this.#backend.dispose?.();
    this.#forgetPrograms();
  }

  /** Of the step to come. */
  get learningRate(): number {
    return this.#learningRate ?? this.#training?.optimizer.rate(this.step) ?? 0;
  }

  set learningRate(value: number) {
    this.#learningRate = value;
  }

  get compiled(): boolean {
    return this.#training !== undefined;
  }

  /** Bytes that the plan takes, in whole pages; the heap is exactly as large. */
  get plannedBytes(): number {
    return Math.ceil(this.#end / PAGE_ELEMENTS) * PAGE_ELEMENTS * 4;
  }

  configure(options: TrainingOptions): void {
    const { nodes, outputs, parameters } = this.network;
    this.#arrange();
    const arena = new Arena(this.#compiledBase);
    const { slab } = this;
    const parallel = (name: string) => arena.take(vectorTensor(name, slab.size));
    const gradients = parallel('gradients');
    for (const parameter of parameters) {
      const { trainable, value, gradient } = parameter;
      if (trainable && !isTable(parameter)) gradient.offset = gradients.offset + value.offset - slab.offset;
    }
    const { optimizer, accumulationSteps, averaging } = options;
    const states = optimizer.states.map(({ name }) => parallel(name));
    const accumulation = accumulationSteps > 1 ? { steps: accumulationSteps, sum: parallel('sum') } : undefined;
    const average = averaging && { values: parallel('average'), share: arena.take(vectorTensor('share', 1)) };
    const groups = updateGroups(parameters, slab, gradients, states, arena);
    const tables = tableUpdates(parameters, groups, optimizer, arena);
    const targets = options.losses.map((objective, i): BoundTarget => {
      const name = outputs[i]?.name ?? '';
      const label = (report: string) => (outputs.length > 1 ? `${name}.${report}` : report);
      const slot = (report: string) => arena.take(vectorTensor(label(report), 1));
      const metrics = options.metrics?.[i] ?? [];
      const { activation = 'linear' } = outputLayer(this.network, i);
      return {
        name,
        objective,
        report: { loss: slot('loss'), hits: slot('hits') },
        metrics,
        kind: outputKind({ name, units: objective.units, targets: objective.targets, activation }),
        counted: metrics.some(({ compute }) => !compute),
        gathered: metrics.some(({ compute }) => compute),
      };
    });
    const penalties = {
      penalties: penaltyGroups(parameters, slab, gradients, arena),
      activityPenalties: activityPenalties(nodes, arena),
    };
    const constants = options.losses.flatMap((loss) => loss.constants ?? []);
    for (const { value } of constants) arena.take(value);
    const training = {
      ...options,
      ...penalties,
      targets,
      penaltySlots: [...penalties.penalties, ...penalties.activityPenalties].map(({ penalty }) => penalty),
      slab,
      gradients,
      groups,
      paces: [...new Set<Pace>([...groups, ...tables.map(({ pace }) => pace)])],
      norms: takeNorms(arena, tables.length),
      update: {
        clip: options.clip,
        trackGradientNorm: options.trackGradientNorm,
        accumulation,
        average,
        emit: (emit) => {
          for (const group of groups) optimizer.emit(emit, group);
          for (const rows of emit.rowGradients) {
            const update = tables.find(({ table }) => table === rows.table) as TableUpdate;
            emitRowUpdate(emit, optimizer, update, rows);
          }
        },
      },
    } satisfies Compiled;
    const evaluationEnds = [false, true].map(
      (weighted) => compileTraining(this.network, training, 'evaluate', INFERENCE_ROWS, arena.end, weighted).end,
    );
    const evaluationEnd = Math.max(...evaluationEnds);
    checkHeapSize(evaluationEnd);
    const initials = optimizer.states.map(({ initial }) => initial);
    if (initials.some((initial) => initial !== 0)) this.#grow(arena.end);
    // As far as the heap goes; what it grows by is zero.
    this.heap.fill(0, this.#compiledBase, arena.end);
    for (const parts of [states, ...tables.map((update) => update.states)]) {
      parts.forEach(({ offset, size }, i) => {
        this.heap.fill(initials[i] as number, offset, offset + size);
      });
    }
    this.heap[this.slots.factor.offset] = 1;
    this.minimumBatch = Math.max(1, ...nodes.map(({ layer }) => layer.minimumBatch ?? 1));
    this.#training = training;
    this.#evaluationBase = arena.end;
    this.#trainingBase = evaluationEnd;
    this.#forgetPrograms();
    if (constants.length > 0) this.#grow(arena.end);
    this.#write(constants);
    this.#learningRate = undefined;
    this.#accumulated = 0;
    this.step = 0;
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
    this.#slab = placeParameters(parameters, this.#firstParameter).slab;
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
    const larger = this.#factory.open(end);
    larger.heap.set(this.heap.subarray(0, this.#inferenceBase));
    larger.heap.set(this.heap.subarray(this.#compiledBase, this.#evaluationBase), this.#compiledBase);
    this.#backend.dispose?.();
    this.#backend = larger;
    this.#end = end;
    this.#forgetPrograms();
  }

  #forgetPrograms(): void {
    this.#programs.clear();
    this.#latest = undefined;
  }

  /** The program for a mode and a number of rows, with weights or without, linked once and kept. */
  program(mode: Mode, rows: number, weighted = false): LinkedProgram {
    const latest = this.#latest;
    const same = latest !== undefined && latest.mode === mode && latest.rows === rows;
    if (same && latest.weighted === weighted) return latest;
    const key = weighted ? -rows : rows;
    const known = this.#programs.get(mode)?.get(key);
    if (known) {
      this.#latest = known;
      return known;
    }
    const program = this.compileProgram(mode, rows, weighted);
    this.#grow(program.end);
    const linked = link(program, this.#backend, this.network.threads);
    this.#programs.set(mode, (this.#programs.get(mode) ?? new Map()).set(key, linked));
    this.#latest = linked;
    return linked;
  }

  compileProgram(mode: Mode, rows: number, weighted = false): Program {
    if (mode === 'predict') return compilePredict(this.network, rows, this.#inferenceBase);
    if (mode === 'moments') return compileMoments(this.network, rows, this.#trainingBase);
    const base = mode === 'evaluate' ? this.#evaluationBase : this.#trainingBase;
    return compileTraining(this.network, this.training, mode, rows, base, weighted);
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

  /** The gradient of a parameter after `program` ran, as a row-major matrix. */
  readGradient({ rowGradients }: LinkedProgram, parameter: Parameter): Matrix {
    const rows = rowGradients.find(({ table }) => table === parameter);
    return rows ? readRowGradients(this.heap, rows) : readParameter(this.heap, parameter, parameter.gradient);
  }

  /** Copies a batch into a program; behind the targets come the rows' weights, if it takes them. */
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

  /** Copies tensors; what it returns puts them back. */
  #copy(tensors: readonly Tensor[]): () => void {
    const kept = tensors.map(({ offset, size }) => this.heap.slice(offset, offset + size));
    return () => {
      tensors.forEach(({ offset }, i) => {
        this.heap.set(kept[i] as Float32Array, offset);
      });
    };
  }

  /** What a step reports: loss and metrics have slots that evaluations share. */
  get #reports(): readonly Tensor[] {
    const { targets, penaltySlots } = this.training;
    return [this.slots.block, ...penaltySlots, ...targets.flatMap(({ report }) => [report.loss, report.hits])];
  }

  /** Does `work` and puts back what a step under way has reported so far. */
  keepingReports<T>(work: () => T): T {
    const putBack = this.#copy(this.#reports);
    try {
      return work();
    } finally {
      putBack();
    }
  }

  /** What the next batch does: update, or add its gradient to those that wait for the update. */
  get stepMode(): 'train' | 'accumulate' {
    return this.#accumulated + 1 < this.training.accumulationSteps ? 'accumulate' : 'train';
  }

  /** Counts the batches of all updates from 1 on, those that were refused left out; draws of dropout differ by it. */
  get #batch(): number {
    return this.step * this.training.accumulationSteps + this.#accumulated + 1;
  }

  /** Counts a step and writes its numbers into the slots. */
  #beginStep({ mode, stochastic }: LinkedProgram): void {
    if (stochastic) this.#writeRandomState(this.#batch);
    const { optimizer, paces, update, averaging } = this.training;
    if (mode === 'accumulate') {
      const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
      if (this.#accumulated === 0) this.heap.fill(0, sum.offset, sum.offset + sum.size);
      return;
    }
    const { learningRate } = this;
    this.step++;
    for (let i = 0; i < paces.length; i++) {
      const pace = paces[i] as Pace;
      optimizer.fill(this.heap, pace, learningRate * pace.multiplier, this.step);
    }
    if (averaging && update.average) this.heap[update.average.share.offset] = averaging.share(this.step);
  }

  /** Seed and step, 16 bits an element. */
  #writeRandomState(step: number): void {
    const { heap, seed } = this;
    const { offset } = this.slots.random;
    [...words(seed), ...words(step)].forEach((word, i) => {
      heap[offset + 2 * i] = word & 0xffff;
      heap[offset + 2 * i + 1] = word >>> 16;
    });
  }

  /** Runs a staged training step. */
  runStep(program: LinkedProgram): Outcome {
    if (this.training.optimizer.solver) {
      for (const _ of this.#solve(program)) run(program);
    } else {
      this.#beginStep(program);
      run(program);
    }
    return this.#finishStep(program);
  }

  /** The same, handing over to `pause` between calls. */
  async runStepInParts(program: LinkedProgram, pause: () => Promise<void> | undefined): Promise<Outcome> {
    this.midStep = true;
    try {
      for (const _ of this.#solve(program)) {
        for (const step of program.steps) {
          step();
          const pausing = pause();
          if (pausing) await pausing;
        }
      }
    } finally {
      this.midStep = false;
    }
    return this.#finishStep(program);
  }

  /**
   * A step that yields wherever the program is to run: once, or as often as a solver asks. A program may write over its
   * inputs, so they are put back; the step reports what it found at first.
   */
  *#solve(program: LinkedProgram): Generator<void, void> {
    const { optimizer, gradients } = this.training;
    const { learningRate, slab } = this;
    this.#beginStep(program);
    if (!optimizer.solver) {
      yield;
      return;
    }
    const restage = this.#copy([...program.inputs, ...program.targets]);
    const copy = ({ offset, size }: Tensor) => Float64Array.from(this.heap.subarray(offset, offset + size));
    const solution = optimizer.solver.step(
      {
        weights: () => copy(slab),
        setWeights: (x) => this.heap.set(x, slab.offset),
        gradient: () => copy(gradients),
      },
      learningRate,
    );
    let report: (() => void) | undefined;
    for (let wanted = solution.next(); !wanted.done; wanted = solution.next(this.outcome().loss)) {
      if (report) restage();
      yield;
      report ??= this.#copy(this.#reports);
    }
    report?.();
  }

  /** A batch whose gradient's norm is not finite leaves weights, state and all counts as they were. */
  #finishStep({ mode }: LinkedProgram): Outcome {
    const outcome = this.outcome();
    const { clip, trackGradientNorm, averaging } = this.training;
    if (clip || trackGradientNorm) {
      const norm = this.heap[this.slots.norm.offset] as number;
      outcome.refused = clip !== undefined && !Number.isFinite(norm);
      if (mode === 'train' || outcome.refused) outcome.norm = norm;
    }
    if (outcome.refused) {
      if (mode === 'train') this.step--;
    } else if (mode === 'accumulate') {
      this.#accumulated++;
    } else {
      this.#accumulated = 0;
      if (averaging?.overwrites(this.step)) this.applyAverage();
    }
    return outcome;
  }

  /** Averages as far as there are any, where the parameters' tensors say with `shift` added to their offsets. */
  averageShift(): number {
    const { averaging, update } = this.training;
    if (!averaging || !update.average) {
      throw new StateError('The model keeps no averages: compile({ averaging }) asks for them.');
    }
    if (!averaging.begun(this.step)) {
      throw new StateError(`No weights have been averaged yet, after ${this.step} updates.`);
    }
    return update.average.values.offset - this.slab.offset;
  }

  /** Puts the averages in place of the weights. */
  applyAverage(): void {
    const { offset, size } = this.slab;
    const from = offset + this.averageShift();
    this.heap.copyWithin(offset, from, from + size);
  }

  /** Times the calls of a staged training step, which leaves weights, state and the count of steps as they were. */
  profile(program: LinkedProgram, options?: ProfileOptions): Profile {
    this.#beginStep(program);
    if (program.mode === 'train') this.step--;
    return profileProgram(program, this.#backend, this.#factory, options);
  }

  /** Runs a staged program that leaves the batch's moments in place of the moving ones. */
  runMoments(program: LinkedProgram, batch: number): void {
    if (program.stochastic) this.#writeRandomState(this.#batch + batch);
    this.heap[this.slots.factor.offset] = 1;
    run(program);
  }

  /** Runs a staged program that changes no weights. */
  runProgram(program: LinkedProgram): void {
    run(program);
  }

  /** Computes the gradients of the step to come, without taking it. */
  runGradients(program: LinkedProgram): void {
    if (program.stochastic) this.#writeRandomState(this.#batch);
    run(program);
  }

  outcome(): Outcome {
    const { heap } = this;
    const { targets } = this.training;
    let penalty = 0;
    const parts = this.training.penaltySlots;
    for (let i = 0; i < parts.length; i++) penalty += heap[(parts[i] as Tensor).offset] as number;
    if (targets.length === 1) {
      const { report, objective } = targets[0] as BoundTarget;
      const loss = heap[report.loss.offset] as number;
      const hits = [heap[report.hits.offset] as number];
      return {
        loss: loss * objective.weight + penalty,
        penalty,
        losses: [loss],
        hits,
        norm: undefined,
        refused: false,
      };
    }
    const losses = targets.map(({ report }) => heap[report.loss.offset] as number);
    const hits = targets.map(({ report }) => heap[report.hits.offset] as number);
    const loss = targets.reduce((sum, { objective }, i) => sum + objective.weight * (losses[i] as number), penalty);
    return { loss, penalty, losses, hits, norm: undefined, refused: false };
  }
}

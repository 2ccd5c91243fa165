import { StateError } from '../errors.js';
import { type Backend, type BackendFactory, PAGE_ELEMENTS, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { BLOCK_SIZE } from '../kernels/optimizers.js';
import { words } from '../kernels/philox.js';
import { type Matrix, matrix } from '../matrix.js';
import type { BuiltGraph } from '../model/graph.js';
import type { BoundLoss } from '../model/losses.js';
import type { Kind } from '../model/metrics/sample.js';
import { type BoundMetric, outputKind } from '../model/metrics/table.js';
import type { Optimizer, UpdateGroup } from '../model/optimizers.js';
import { initializeParameters } from '../model/weights.js';
import {
  compilePredict,
  compileTraining,
  type Network,
  outputLayer,
  type PenaltyGroup,
  type Target,
  type Training,
} from '../program/compile.js';
import type { Mode, Program } from '../program/emitter.js';
import type { Parameter } from '../program/layer.js';
import { Arena, checkHeapSize, panelColumns, type Tensor, vectorTensor } from '../program/plan.js';
import { type Profile, type ProfileOptions, profileProgram } from '../program/profile.js';
import { type LinkedProgram, link, run } from '../program/run.js';
import { makeSlots, placeSlots } from '../program/slots.js';

/** Rows of one inference call; more rows are taken in turns. */
export const INFERENCE_ROWS = 256;

export interface TrainingOptions {
  /** One per output. */
  readonly losses: readonly BoundLoss[];
  readonly optimizer: Optimizer;
  /** Those of each output; default none. */
  readonly metrics?: readonly (readonly BoundMetric[])[];
  readonly globalClipNorm: number | undefined;
}

/** An output of the model with its loss. */
interface BoundTarget extends Target {
  readonly objective: BoundLoss;
  readonly metrics: readonly BoundMetric[];
  readonly kind: Kind;
}

interface Compiled extends Training, TrainingOptions {
  readonly targets: readonly BoundTarget[];
  readonly groups: readonly UpdateGroup[];
}

/** What one step or one evaluation reports. `loss` includes `penalty`; `losses` and `hits` have one entry per output. */
export interface Outcome {
  loss: number;
  penalty: number;
  losses: number[];
  hits: number[];
  norm: number;
}

/**
 * A model's heap from one end to the other: slots, zeros, parameters (penalized kernels first, then kernels, then
 * vectors), moving moments, inference workspace; once compiled also gradients and optimizer state (slabs parallel to
 * the parameters), evaluation workspace, training workspace. Inference has a workspace of its own so that it can run
 * while a step is under way.
 */
export class Engine {
  readonly network: Network;
  readonly slots = makeSlots();
  readonly slab: Tensor;
  /** Rows that every training batch must have. */
  readonly minimumBatch: number;
  /** Optimizer steps taken since `compile`. */
  step = 0;
  learningRate = 0;
  /** A training step is between two of its calls. */
  midStep = false;
  readonly #factory: BackendFactory;
  #backend: Backend;
  readonly #inferenceBase: number;
  readonly #compiledBase: number;
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
    const layers = nodes.map(({ layer }) => layer);
    const parameters = layers.flatMap((layer) => layer.parameters);
    this.minimumBatch = Math.max(1, ...layers.map(({ minimumBatch = 1 }) => minimumBatch));
    const widest = Math.max(...layers.map((layer) => layer.units));
    const arena = new Arena(RESERVED_ELEMENTS);
    arena.take(this.slots.block);
    placeSlots(this.slots);
    const zeros = arena.take(vectorTensor('zeros', panelColumns(widest)));
    const first = arena.end;
    for (const parameter of slabOrder(parameters)) arena.take(parameter.value);
    this.slab = vectorTensor('parameters', arena.end - first);
    this.slab.offset = first;
    for (const parameter of parameters) if (!parameter.trainable) arena.take(parameter.value);
    this.network = { inputs, nodes, outputs, parameters, slots: this.slots, zeros, threads: factory.threads };
    this.#inferenceBase = arena.end;
    this.#compiledBase = compilePredict(this.network, INFERENCE_ROWS, this.#inferenceBase).end;
    this.#end = this.#compiledBase;
    checkHeapSize(this.#end);
    this.#factory = factory;
    this.#backend = factory.open(this.#end);
    this.#writeRandomState(0);
    initializeParameters(this.#backend, parameters, { seed, state: this.slots.random, scratch: this.#inferenceBase });
  }

  get heap(): Float32Array | Float64Array {
    return this.#backend.heap;
  }

  get training(): Compiled {
    if (this.#training) return this.#training;
    throw new StateError('The model has no loss and no optimizer yet: call compile({ optimizer, loss }) first.');
  }

  /** Gives back what a backend with threads holds for this model. */
  dispose(): void {
    this.#backend.dispose?.();
    this.#forgetPrograms();
  }

  get compiled(): boolean {
    return this.#training !== undefined;
  }

  /** Bytes that the plan takes, in whole pages; the heap is exactly as large. */
  get plannedBytes(): number {
    return Math.ceil(this.#end / PAGE_ELEMENTS) * PAGE_ELEMENTS * 4;
  }

  configure(options: TrainingOptions): void {
    const arena = new Arena(this.#compiledBase);
    const { slab } = this;
    const parallel = (name: string) => arena.take(vectorTensor(name, slab.size));
    const gradients = parallel('gradients');
    for (const { trainable, value, gradient } of this.network.parameters) {
      if (trainable) gradient.offset = gradients.offset + value.offset - slab.offset;
    }
    const states = options.optimizer.states.map(parallel);
    const block = arena.take(vectorTensor('block', BLOCK_SIZE));
    const groups: readonly UpdateGroup[] = [{ parameters: slab, gradients, states, block }];
    const { outputs } = this.network;
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
    const training = {
      ...options,
      targets,
      penalties: this.#penaltyGroups(arena, gradients),
      gradients,
      groups,
      update: {
        clipNorm: options.globalClipNorm,
        emit: (emit) => {
          for (const group of groups) options.optimizer.emit(emit, group);
        },
      },
    } satisfies Compiled;
    const evaluation = compileTraining(this.network, training, 'evaluate', INFERENCE_ROWS, arena.end);
    checkHeapSize(evaluation.end);
    // As far as the heap goes; what it grows by is zero.
    this.heap.fill(0, this.#compiledBase, arena.end);
    this.heap[this.slots.factor.offset] = 1;
    this.#training = training;
    this.#evaluationBase = arena.end;
    this.#trainingBase = evaluation.end;
    this.#forgetPrograms();
    this.learningRate = options.optimizer.spec.learningRate;
    this.step = 0;
  }

  #penaltyGroups(arena: Arena, gradients: Tensor): readonly PenaltyGroup[] {
    const penalized = slabOrder(this.network.parameters).filter(({ l2 }) => l2 > 0);
    const strengths = [...new Set(penalized.map(({ l2 }) => l2))];
    return strengths.map((strength, i) => {
      const members = penalized.filter(({ l2 }) => l2 === strength);
      const [first, last] = [members[0] as Parameter, members.at(-1) as Parameter];
      const values = vectorTensor(`penalized.${i}`, last.value.offset + last.value.size - first.value.offset);
      values.offset = first.value.offset;
      const groupGradients = vectorTensor(`penalized.${i}.gradients`, values.size);
      groupGradients.offset = gradients.offset + values.offset - this.slab.offset;
      return { strength, values, gradients: groupGradients, penalty: arena.take(vectorTensor(`penalty.${i}`, 1)) };
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

  /** The program for a mode and a number of rows, linked once and kept. */
  program(mode: Mode, rows: number): LinkedProgram {
    const latest = this.#latest;
    if (latest !== undefined && latest.mode === mode && latest.rows === rows) return latest;
    const known = this.#programs.get(mode)?.get(rows);
    if (known) {
      this.#latest = known;
      return known;
    }
    const program = this.compileProgram(mode, rows);
    this.#grow(program.end);
    const linked = link(program, this.#backend, this.network.threads);
    this.#programs.set(mode, (this.#programs.get(mode) ?? new Map()).set(rows, linked));
    this.#latest = linked;
    return linked;
  }

  compileProgram(mode: Mode, rows: number): Program {
    if (mode === 'predict') return compilePredict(this.network, rows, this.#inferenceBase);
    const base = mode === 'evaluate' ? this.#evaluationBase : this.#trainingBase;
    return compileTraining(this.network, this.training, mode, rows, base);
  }

  /** Copies rows into a program's input or targets: those that `order` names from `start` on, or as they come. */
  stage(tensor: Tensor, { data, columns }: Matrix, start: number, order?: Uint32Array): void {
    const { heap } = this;
    const { offset, stride, rows } = tensor;
    if (!order && stride === columns) {
      const whole = data.length === rows * columns;
      heap.set(whole ? data : data.subarray(start * columns, (start + rows) * columns), offset);
      return;
    }
    if (columns >= 8 && columns < 64) {
      if (order) heap[offset] = touchRows(data, columns, order, start, rows);
      copyRows(heap, tensor, data, columns, start, order);
      return;
    }
    for (let r = 0; r < rows; r++) {
      const from = (order ? (order[start + r] as number) : start + r) * columns;
      const to = offset + r * stride;
      if (columns >= 64) heap.set(data.subarray(from, from + columns), to);
      else for (let c = 0; c < columns; c++) heap[to + c] = data[from + c] as number;
    }
  }

  /** Copies a matrix out of the heap. */
  read({ offset, rows, columns, stride }: Tensor): Matrix {
    const data = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) data[r * columns + c] = this.heap[offset + r * stride + c] as number;
    }
    return matrix(data, rows, columns);
  }

  /** Copies a batch into a program. */
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

  /** Does `work` and puts back what a step under way has reported so far: loss and metrics share their slots. */
  keepingReports<T>(work: () => T): T {
    const { penalties, targets } = this.training;
    const reports = [
      this.slots.block,
      ...penalties.map(({ penalty }) => penalty),
      ...targets.flatMap(({ report }) => [report.loss, report.hits]),
    ];
    const kept = reports.map(({ offset, size }) => this.heap.slice(offset, offset + size));
    try {
      return work();
    } finally {
      reports.forEach(({ offset }, i) => {
        this.heap.set(kept[i] as Float32Array, offset);
      });
    }
  }

  /** Counts a step and writes its numbers into the slots. */
  #beginStep({ stochastic }: LinkedProgram): void {
    this.step++;
    const { optimizer, groups } = this.training;
    for (const { block } of groups) optimizer.fill(this.heap, block.offset, this.learningRate, this.step);
    if (stochastic) this.#writeRandomState(this.step);
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
    this.#beginStep(program);
    run(program);
    return this.#finishStep();
  }

  /** The same, handing over to `pause` between calls. */
  async runStepInParts(program: LinkedProgram, pause: () => Promise<void> | undefined): Promise<Outcome> {
    this.#beginStep(program);
    this.midStep = true;
    try {
      for (const step of program.steps) {
        step();
        const pausing = pause();
        if (pausing) await pausing;
      }
    } finally {
      this.midStep = false;
    }
    return this.#finishStep();
  }

  /** A step that its gradient's norm refused leaves weights, state and the count of steps as they were. */
  #finishStep(): Outcome {
    const outcome = this.outcome();
    if (this.training.globalClipNorm !== undefined && !Number.isFinite(outcome.norm)) this.step--;
    return outcome;
  }

  /** Times the calls of a staged training step, which leaves weights, state and the count of steps as they were. */
  profile(program: LinkedProgram, options?: ProfileOptions): Profile {
    this.#beginStep(program);
    this.step--;
    return profileProgram(program, this.#backend, this.#factory, options);
  }

  /** Runs a staged program that changes no weights. */
  runProgram(program: LinkedProgram): void {
    run(program);
  }

  /** Computes the gradients of the step to come, without taking it. */
  runGradients(program: LinkedProgram): void {
    if (program.stochastic) this.#writeRandomState(this.step + 1);
    run(program);
  }

  outcome(): Outcome {
    const { heap } = this;
    const { penalties, targets } = this.training;
    let penalty = 0;
    for (const group of penalties) penalty += heap[group.penalty.offset] as number;
    let loss = 0;
    const losses: number[] = [];
    const hits: number[] = [];
    for (const { report } of targets) {
      losses.push(heap[report.loss.offset] as number);
      hits.push(heap[report.hits.offset] as number);
      loss += heap[report.loss.offset] as number;
    }
    return { loss: loss + penalty, penalty, losses, hits, norm: heap[this.slots.norm.offset] as number };
  }
}

/**
 * Reads something of every cache line of rows that are about to be copied: misses that nothing waits for overlap. The
 * sum has no meaning; to be stored, so that no compiler leaves the reads out.
 */
function touchRows(data: Float32Array, columns: number, order: Uint32Array, start: number, rows: number): number {
  let sum = 0;
  for (let r = 0; r < rows; r++) {
    const from = (order[start + r] as number) * columns;
    for (let c = 0; c < columns; c += 16) sum += data[from + c] as number;
    sum += data[from + columns - 1] as number;
  }
  return sum;
}

/** Copies rows for which `set` is slow and one element at a time, too. */
function copyRows(
  heap: Float32Array | Float64Array,
  { offset, stride, rows }: Tensor,
  data: Float32Array,
  columns: number,
  start: number,
  order?: Uint32Array,
): void {
  const whole = columns & ~3;
  for (let r = 0; r < rows; r++) {
    let from = (order ? (order[start + r] as number) : start + r) * columns;
    let to = offset + r * stride;
    const four = to + whole;
    const end = to + columns;
    for (; to < four; to += 4, from += 4) {
      const a = data[from] as number;
      const b = data[from + 1] as number;
      const c = data[from + 2] as number;
      const d = data[from + 3] as number;
      heap[to] = a;
      heap[to + 1] = b;
      heap[to + 2] = c;
      heap[to + 3] = d;
    }
    for (; to < end; to++, from++) heap[to] = data[from] as number;
  }
}

/** Trainable parameters as they lie in the slab: penalized kernels by strength, other kernels, vectors. */
function slabOrder(parameters: readonly Parameter[]): readonly Parameter[] {
  const rank = ({ layout }: Parameter) => (layout === 'panels' ? 0 : 1);
  return parameters.filter(({ trainable }) => trainable).sort((a, b) => rank(a) - rank(b) || b.l2 - a.l2);
}

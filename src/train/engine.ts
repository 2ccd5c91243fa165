import { StateError } from '../errors.js';
import { type Backend, type BackendFactory, PAGE_ELEMENTS, RESERVED_ELEMENTS } from '../kernels/contract.js';
import { BLOCK_SIZE } from '../kernels/optimizers.js';
import { words } from '../kernels/philox.js';
import type { Matrix } from '../matrix.js';
import type { BoundLoss } from '../model/losses.js';
import type { Optimizer, UpdateGroup } from '../model/optimizers.js';
import { initializeParameters } from '../model/weights.js';
import {
  type ActivityPenalty,
  compilePredict,
  compileTraining,
  type Network,
  PENALTY_KINDS,
  type PenaltyGroup,
  type Training,
} from '../program/compile.js';
import type { Mode, Program } from '../program/emitter.js';
import type { Layer, Parameter } from '../program/layer.js';
import { Arena, checkHeapSize, panelColumns, type Tensor, vectorTensor } from '../program/plan.js';
import { type Profile, type ProfileOptions, profileProgram } from '../program/profile.js';
import { type LinkedProgram, link, run } from '../program/run.js';
import { makeSlots, placeSlots } from '../program/slots.js';

/** Rows of one inference call; more rows are taken in turns. */
export const INFERENCE_ROWS = 256;

export interface TrainingOptions {
  readonly loss: BoundLoss;
  readonly optimizer: Optimizer;
  readonly accuracy: boolean;
  readonly globalClipNorm: number | undefined;
}

interface Compiled extends Training, TrainingOptions {
  readonly groups: readonly UpdateGroup[];
}

/** What one step or one evaluation reports. `loss` includes `penalty`. */
export interface Outcome {
  loss: number;
  penalty: number;
  hits: number;
  norm: number;
}

/**
 * A model's heap from one end to the other: slots, zeros, parameters (kernels, then vectors, penalized ones
 * first), moving moments, inference workspace; once compiled also gradients and optimizer state (slabs parallel to
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
  #evaluationBase = 0;
  #trainingBase = 0;
  #end: number;
  #training: Compiled | undefined;

  constructor(
    inputs: number,
    layers: readonly Layer[],
    readonly seed: number,
    factory: BackendFactory,
  ) {
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
    this.network = { inputs, layers, parameters, slots: this.slots, zeros, threads: factory.threads };
    this.#inferenceBase = arena.end;
    this.#compiledBase = compilePredict(this.network, INFERENCE_ROWS, this.#inferenceBase).end;
    this.#end = this.#compiledBase;
    checkHeapSize(this.#end);
    this.#factory = factory;
    this.#backend = factory.open(this.#end);
    initializeParameters(this.heap, parameters, seed);
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
    this.#programs.clear();
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
    const training = {
      ...options,
      objective: options.loss,
      penalties: this.#penaltyGroups(arena, gradients),
      activityPenalties: this.#activityPenalties(arena),
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
    for (const mode of ['train', 'gradients', 'validate', 'evaluate'] as const) this.#programs.delete(mode);
    this.learningRate = options.optimizer.spec.learningRate;
    this.step = 0;
  }

  #penaltyGroups(arena: Arena, gradients: Tensor): readonly PenaltyGroup[] {
    return PENALTY_KINDS.flatMap((kind) => {
      return penaltyRuns(slabOrder(this.network.parameters), kind).map((members, i) => {
        const [first, last] = [members[0] as Parameter, members.at(-1) as Parameter];
        const values = vectorTensor(`${kind}.${i}`, last.value.offset + last.value.size - first.value.offset);
        values.offset = first.value.offset;
        const groupGradients = vectorTensor(`${kind}.${i}.gradients`, values.size);
        groupGradients.offset = gradients.offset + values.offset - this.slab.offset;
        const penalty = arena.take(vectorTensor(`${kind}.${i}.penalty`, 1));
        return { kind, strength: first.penalty[kind], values, gradients: groupGradients, penalty };
      });
    });
  }

  #activityPenalties(arena: Arena): readonly ActivityPenalty[] {
    return this.network.layers.flatMap((layer) => {
      const { name, activityPenalty } = layer;
      return PENALTY_KINDS.flatMap((kind) => {
        const strength = activityPenalty?.[kind] ?? 0;
        return strength > 0 ? [{ kind, strength, layer, penalty: arena.take(vectorTensor(`${name}.${kind}`, 1)) }] : [];
      });
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
    this.#programs.clear();
  }

  /** The program for a mode and a number of rows, linked once and kept. */
  program(mode: Mode, rows: number): LinkedProgram {
    const known = this.#programs.get(mode)?.get(rows);
    if (known) return known;
    const program = this.compileProgram(mode, rows);
    this.#grow(program.end);
    const linked = link(program, this.#backend, this.network.threads);
    this.#programs.set(mode, (this.#programs.get(mode) ?? new Map()).set(rows, linked));
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
      heap.set(data.subarray(start * columns, (start + rows) * columns), offset);
      return;
    }
    for (let r = 0; r < rows; r++) {
      const from = (order ? (order[start + r] as number) : start + r) * columns;
      const to = offset + r * stride;
      if (columns >= 64) heap.set(data.subarray(from, from + columns), to);
      else for (let c = 0; c < columns; c++) heap[to + c] = data[from + c] as number;
    }
  }

  /** Copies a batch into a program. */
  stageBatch(program: LinkedProgram, x: Matrix, y: Matrix, start: number, order?: Uint32Array): void {
    this.stage(program.input, x, start, order);
    if (program.targets) this.stage(program.targets, y, start, order);
  }

  /** Does `work` and puts back what a step under way has reported so far: loss and metrics share their slots. */
  keepingReports<T>(work: () => T): T {
    const reports = [this.slots.block, ...this.#penalties];
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

  /** Where a step leaves the parts of the penalty. */
  get #penalties(): readonly Tensor[] {
    const { penalties, activityPenalties } = this.training;
    return [...penalties, ...activityPenalties].map(({ penalty }) => penalty);
  }

  outcome(): Outcome {
    const { heap, slots } = this;
    let penalty = 0;
    for (const { offset } of this.#penalties) penalty += heap[offset] as number;
    return {
      loss: (heap[slots.loss.offset] as number) + penalty,
      penalty,
      hits: heap[slots.hits.offset] as number,
      norm: heap[slots.norm.offset] as number,
    };
  }
}

/** Trainable parameters as they lie in the slab: kernels, then vectors, each by the strengths of their penalties. */
function slabOrder(parameters: readonly Parameter[]): readonly Parameter[] {
  const rank = ({ layout }: Parameter) => (layout === 'panels' ? 0 : 1);
  return parameters
    .filter(({ trainable }) => trainable)
    .sort((a, b) => rank(a) - rank(b) || b.penalty.l2 - a.penalty.l2 || b.penalty.l1 - a.penalty.l1);
}

/** Neighbours in the slab with the same strength of a penalty, those without left out. */
function penaltyRuns(slab: readonly Parameter[], kind: PenaltyGroup['kind']): readonly (readonly Parameter[])[] {
  const runs: Parameter[][] = [];
  slab.forEach((parameter, i) => {
    const strength = parameter.penalty[kind];
    if (strength === 0) return;
    if (slab[i - 1]?.penalty[kind] === strength) runs.at(-1)?.push(parameter);
    else runs.push([parameter]);
  });
  return runs;
}

import { expect } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import { learningRate } from '../../../src/engine/steps.js';
import { type CustomOptimizer, dense } from '../../../src/index.js';
import type { BackendFactory, KernelName } from '../../../src/kernels/contract.js';
import { type UpdateSpec, updateLoops } from '../../../src/kernels/tables.js';
import { makeEngine } from './models.js';

/** A model of 8 weights and 8 biases, and its updates without the rest of a step. */
export class Updater {
  readonly engine: Engine;
  readonly #updates: readonly (() => void)[];
  #t = 0;

  constructor(spec: UpdateSpec | CustomOptimizer, backend: BackendFactory) {
    const layers = [dense({ units: 8, inputShape: 1 })];
    this.engine = makeEngine({ name: '', layers, compile: { loss: 'meanSquaredError', optimizer: spec } }, backend);
    const { calls, steps } = this.engine.program('train', 1);
    const isUpdate = (kernel: KernelName) =>
      ['decayWeights', 'customUpdate'].includes(kernel) || Object.hasOwn(updateLoops, kernel);
    this.#updates = steps.filter((_, i) => isUpdate(calls[i]![0]));
    expect(this.#updates.length).toBe(spec.weightDecay > 0 ? 2 : 1);
  }

  set weights(values: readonly (readonly number[])[]) {
    const { heap, network } = this.engine;
    for (const [i, { value }] of network.parameters.entries()) heap.set(values[i]!, value.offset);
  }

  get weights(): number[][] {
    return this.engine.network.parameters.map(({ value }) => [
      ...this.engine.heap.subarray(value.offset, value.offset + 8),
    ]);
  }

  /** All numbers of all states. */
  get states(): Float32Array | Float64Array {
    const { states } = this.engine.training.groups[0]!;
    if (states.length === 0) return new Float32Array();
    return this.engine.heap.subarray(states[0]!.offset, states.at(-1)!.offset + states.at(-1)!.size);
  }

  step(gradients: readonly (readonly number[])[]): void {
    const { heap, network, training } = this.engine;
    for (const [i, { gradient }] of network.parameters.entries()) heap.set(gradients[i]!, gradient.offset);
    for (const group of training.groups) training.optimizer.fill(heap, group, learningRate(this.engine), ++this.#t);
    for (const update of this.#updates) update();
  }
}

/** Takes the steps of a fixture, each from the reference's weights, and compares what each changed. */
export function expectSteps(
  updater: Updater,
  { weights, gradients }: { weights: Numbers; gradients: readonly Numbers[] },
  after: readonly Numbers[],
): void {
  updater.weights = weights;
  let before = weights;
  for (const [t, reference] of after.entries()) {
    updater.step(gradients[t]!);
    const old = before.flat();
    for (const [i, value] of updater.weights.flat().entries()) {
      const expected = reference.flat()[i]!;
      const [from, change] = [old[i]!, Math.abs(expected - old[i]!)];
      // Of what the step changed; and one and a half spacings of float32.
      const tolerance = 2e-6 * change + 1.5 * 2 ** -23 * Math.max(Math.abs(from), Math.abs(expected));
      const what = `step ${t + 1}, element ${i}: ${value} for ${expected} from ${from}`;
      expect(Math.abs(value - expected), what).toBeLessThanOrEqual(tolerance);
    }
    updater.weights = reference;
    before = reference;
  }
}

type Numbers = readonly (readonly number[])[];

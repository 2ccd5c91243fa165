import { Emitter, type KeptValue, type Mode, type Program } from './emitter.js';
import type { Layer, Parameter, Step } from './layer.js';
import type { Tensor } from './plan.js';
import type { Slots } from './slots.js';

/** How a loss enters a program. */
export interface Objective {
  /** The activation that is computed together with the loss, if any. */
  readonly fuses: string | undefined;
  /** Columns of the targets, one per unit, or 'labels' for one class index per row. */
  readonly targets: number | 'labels';
  /** Emits the loss, written to `report.loss`, and its gradient; returns the gradient. */
  emit(emit: Emitter, y: Tensor, targets: Tensor, report: Report): Tensor;
  /** Emits the count of right answers; `fused` says that `y` is from before the fused activation. */
  emitHits(emit: Emitter, y: Tensor, targets: Tensor, hits: Tensor, fused: boolean): void;
}

/** Where an output's loss and count of right answers are written. */
export interface Report {
  readonly loss: Tensor;
  readonly hits: Tensor;
}

/** An output of the model with its loss. */
export interface Target {
  readonly name: string;
  readonly objective: Objective;
  readonly report: Report;
  /** Right answers are counted. */
  readonly counted: boolean;
  /** What the output holds after its last activation, and the targets, are there when the program ends. */
  readonly gathered: boolean;
}

/** How a step updates parameters, once gradients are there. */
export interface Update {
  readonly clipNorm: number | undefined;
  emit(emit: Emitter): void;
}

/** A run of parameters, neighbours in the slab, that share one l2 strength. */
export interface PenaltyGroup {
  readonly strength: number;
  readonly values: Tensor;
  readonly gradients: Tensor;
  readonly penalty: Tensor;
}

/** A layer and the values that feed it: inputs of the model first, then what each node computes. */
export interface NetworkNode {
  readonly layer: Layer;
  readonly inputs: readonly number[];
  /** What users call it. */
  readonly label: string;
}

export interface Network {
  readonly inputs: readonly { readonly name: string; readonly width: number }[];
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly { readonly name: string; readonly value: number }[];
  readonly parameters: readonly Parameter[];
  readonly slots: Slots;
  readonly zeros: Tensor;
  readonly threads: number;
}

/** The layer that computes an output. */
export function outputLayer({ inputs, nodes, outputs }: Network, output: number): Layer {
  const { value } = outputs[output] as Network['outputs'][number];
  return (nodes[value - inputs.length] as NetworkNode).layer;
}

/** What `compile` adds to a network. */
export interface Training {
  /** One per output of the network. */
  readonly targets: readonly Target[];
  readonly penalties: readonly PenaltyGroup[];
  readonly gradients: Tensor;
  readonly update: Update;
}

/** Values and steps of a forward pass; a node without a step was left out. */
interface Pass {
  readonly values: (Tensor | undefined)[];
  readonly steps: readonly (Step | undefined)[];
}

/** `fused` are nodes that a loss computes: they are left out, unless others need what they compute. */
function forward(emit: Emitter, network: Network, inputs: readonly Tensor[], fused: readonly unknown[] = []): Pass {
  const values: (Tensor | undefined)[] = [...inputs];
  const steps = network.nodes.map(({ layer, inputs: sources }, i) => {
    const needed = network.nodes.some((other) => other.inputs.includes(inputs.length + i));
    if (fused.includes(i) && !needed) {
      values.push(undefined);
      return undefined;
    }
    const [x, ...others] = sources.map((source) => values[source] as Tensor);
    // The node may compute in place, and the loss needs what was there before.
    if (fused.includes(i)) values[sources[0] as number] = emit.copy(x as Tensor, `${layer.name}.logits`);
    const step = layer.forward(emit, x as Tensor, ...others);
    values.push(step.y);
    return step;
  });
  return { values, steps };
}

function stageInputs(emit: Emitter, { inputs }: Network): readonly Tensor[] {
  return inputs.map(({ name, width }) => emit.matrix(name, width));
}

export function compilePredict(network: Network, rows: number, base: number): Program {
  const emit = new Emitter('predict', rows, network.slots, network.zeros, network.threads);
  const inputs = stageInputs(emit, network);
  const { values } = forward(emit, network, inputs);
  return emit.finish({ inputs, outputs: network.outputs.map(({ value }) => values[value] as Tensor) }, base);
}

/** Sums up the gradients of a value that feeds several layers. Every gradient's tensor belongs to one value. */
class Gradients {
  readonly #tensors = new Map<number, Tensor>();

  constructor(private readonly emit: Emitter) {}

  add(value: number, gradient: Tensor): void {
    const sum = this.#tensors.get(value);
    if (sum) this.emit.call('add', sum, gradient, sum, sum.size);
    else this.#tensors.set(value, gradient);
  }

  of(value: number): Tensor | undefined {
    return this.#tensors.get(value);
  }
}

/** Values that something trainable stands before, and so need a gradient; all of them for 'inspect'. */
function learners({ inputs, nodes }: Network, everything: boolean): readonly boolean[] {
  const learns = inputs.map(() => everything);
  for (const { layer, inputs: sources } of nodes) {
    learns.push(layer.parameters.some(({ trainable }) => trainable) || sources.some((source) => learns[source]));
  }
  return learns;
}

/** What an output holds after the activation of a node that was left out. */
function activated(emit: Emitter, network: Network, node: number, x: Tensor): Tensor {
  const { layer } = network.nodes[node] as NetworkNode;
  return layer.forward(emit, emit.copy(x, `${layer.name}.predictions`)).y;
}

/** The node whose activation an output's loss contains, if any. */
function fusedNode({ inputs, outputs }: Network, { objective }: Target, output: number): number | undefined {
  return objective.fuses === undefined ? undefined : (outputs[output]?.value ?? 0) - inputs.length;
}

export function compileTraining(
  network: Network,
  training: Training,
  mode: Exclude<Mode, 'predict'>,
  rows: number,
  base: number,
): Program {
  const emit = new Emitter(mode, rows, network.slots, network.zeros, network.threads);
  const { nodes, inputs: named } = network;
  const { penalties, update } = training;
  const { norm, factor } = network.slots;
  const inputs = stageInputs(emit, network);
  const fused = training.targets.map((target, i) => fusedNode(network, target, i));
  const targets = training.targets.map(({ name, objective }) => {
    const label = training.targets.length > 1 ? `${name}.targets` : 'targets';
    return objective.targets === 'labels' ? emit.column(label) : emit.matrix(label, objective.targets);
  });
  const { values, steps } = forward(emit, network, inputs, fused);
  const gradients = new Gradients(emit);
  const outputs = training.targets.map(({ objective, report, counted, gathered }, i) => {
    const node = fused[i];
    const value = node === undefined ? (network.outputs[i]?.value ?? 0) : (nodes[node]?.inputs[0] as number);
    const y = values[value] as Tensor;
    gradients.add(value, objective.emit(emit, y, targets[i] as Tensor, report));
    if (counted) objective.emitHits(emit, y, targets[i] as Tensor, report.hits, node !== undefined);
    if (!gathered || node === undefined) return y;
    return values[named.length + node] ?? activated(emit, network, node, y);
  });
  for (const group of penalties) emit.call('l2Penalty', group.values, group.values.size, group.strength, group.penalty);
  const kept: KeptValue[] = [];
  if (emit.training) {
    const learns = learners(network, mode === 'inspect');
    const keep = (name: string, value: number) => {
      if (kept.some((other) => other.name === name)) return;
      const gradient = gradients.of(value);
      kept.push({
        name,
        value: values[value] as Tensor,
        gradient: gradient && emit.copy(gradient, `${name}.gradient`),
      });
    };
    for (let i = nodes.length - 1; i >= 0; i--) {
      const { label, inputs: sources } = nodes[i] as NetworkNode;
      const value = named.length + i;
      const dy = gradients.of(value);
      if (mode === 'inspect' && steps[i]) keep(label, value);
      if (!dy || !learns[value]) continue;
      const wanted = sources.map((source) => learns[source] as boolean);
      const backward = (steps[i] as Step).backward(dy, wanted);
      sources.forEach((source, k) => {
        const gradient = backward[k];
        if (gradient && wanted[k]) gradients.add(source, gradient);
      });
    }
    if (mode === 'inspect') for (const [value, { name }] of named.entries()) keep(name, value);
    for (const group of penalties) {
      emit.call('l2Gradient', group.values, group.gradients, group.values.size, group.strength);
    }
  }
  if (mode === 'train') {
    if (update.clipNorm !== undefined) {
      emit.call('gradientNorm', training.gradients, training.gradients.size, norm);
      emit.call('clipFactor', norm, factor, update.clipNorm);
    }
    update.emit(emit);
  }
  const lasting = targets.filter((_, i) => training.targets[i]?.gathered);
  return emit.finish({ inputs, targets, outputs, lasting, kept }, base);
}

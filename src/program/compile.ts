import { Emitter, type Fusion, type KeptValue, type Mode, type Program } from './emitter.js';
import { FiniteChecks } from './finite-checks.js';
import type { Layer, Step } from './layer.js';
import type { Network, NetworkNode } from './network.js';
import type { Parameter } from './parameter.js';
import type { Tensor } from './plan.js';
import type { ActivityPenalty, Target, Training, Update } from './training.js';

/** Penalties on outputs, by the layer that computes them. */
type LayerPenalties = ReadonlyMap<Layer, readonly ActivityPenalty[]>;

function byLayer(penalties: readonly ActivityPenalty[]): LayerPenalties {
  const found = new Map<Layer, ActivityPenalty[]>();
  for (const penalty of penalties) {
    const known = found.get(penalty.layer);
    if (known) known.push(penalty);
    else found.set(penalty.layer, [penalty]);
  }
  return found;
}

/** Values and steps of a forward pass; a node without a step was left out. */
interface Pass {
  readonly values: (Tensor | undefined)[];
  readonly steps: readonly (Step | undefined)[];
}

/** `fused` are nodes that a loss computes: they are left out, unless others need what they compute. */
function forward(
  emit: Emitter,
  network: Network,
  inputs: readonly Tensor[],
  fused: ReadonlySet<number | undefined> = new Set(),
  penalties: LayerPenalties = new Map(),
): Pass {
  const values: (Tensor | undefined)[] = [...inputs];
  const needed = new Set(fused.size > 0 ? network.nodes.flatMap((node) => node.inputs) : []);
  const steps = network.nodes.map(({ layer, inputs: sources }, i) => {
    if (fused.has(i) && !needed.has(inputs.length + i)) {
      values.push(undefined);
      return undefined;
    }
    const [x, ...others] = sources.map((source) => values[source] as Tensor);
    // The node may compute in place, and the loss needs what was there before.
    if (fused.has(i)) values[sources[0] as number] = emit.copy(x as Tensor, `${layer.name}.logits`);
    const step = layer.forward(emit, x as Tensor, ...others);
    const { y } = step;
    values.push(y);
    for (const { kind, strength, penalty } of penalties.get(layer) ?? []) {
      emit.call(`${kind}Penalty`, y, penalty, y.rows, y.columns, y.stride, strength / emit.rows);
    }
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

/** Returns the values that need a gradient, since they depend on trainable parameters; all of them for 'inspect'. */
function learners({ inputs, nodes }: Network, everything: boolean): readonly boolean[] {
  const learns = inputs.map(() => everything);
  for (const { layer, inputs: sources } of nodes) {
    learns.push(layer.parameters.some(({ trainable }) => trainable) || sources.some((source) => learns[source]));
  }
  return learns;
}

/** Returns the values of an output after the activation of a node that was left out. */
function activated(emit: Emitter, network: Network, node: number, x: Tensor): Tensor {
  const { layer } = network.nodes[node] as NetworkNode;
  return layer.forward(emit, emit.copy(x, `${layer.name}.predictions`)).y;
}

/** The node whose activation an output's loss contains, if any. */
function fusedNode({ inputs, outputs }: Network, { objective }: Target, output: number): number | undefined {
  return objective.fuses === undefined ? undefined : (outputs[output]?.value ?? 0) - inputs.length;
}

/** The norm of all gradients: of one part, or that of the norms of several. */
function emitNorm(emit: Emitter, { norms: { flat, all, norms } }: Training, norm: Tensor): void {
  const tensors = [...flat, ...emit.rowGradients.map((rows) => rows.gradients)];
  tensors.forEach((tensor, i) => {
    emit.call('gradientNorm', tensor, tensor.size, tensors.length === 1 ? norm : (norms[i] as Tensor));
  });
  if (tensors.length === 1) return;
  emit.call('gradientNorm', all, tensors.length, norm);
}

export function compileTraining(
  network: Network,
  training: Training,
  mode: Exclude<Mode, 'predict' | 'moments'>,
  rows: number,
  base: number,
  weighted = false,
): Program {
  const emit = new Emitter(mode, rows, network.slots, network.zeros, network.threads);
  const { nodes, inputs: named } = network;
  const { penalties } = training;
  const activityPenalties = byLayer(training.activityPenalties);
  const inputs = stageInputs(emit, network);
  if (training.update.guarded && (mode === 'train' || mode === 'accumulate')) {
    emit.guard = new FiniteChecks(emit, network, training);
  }
  const fused = training.targets.map((target, i) => fusedNode(network, target, i));
  const targets = training.targets.map(({ name, objective }) => {
    const label = training.targets.length > 1 ? `${name}.targets` : 'targets';
    return objective.targets === 'labels' ? emit.column(label) : emit.matrix(label, objective.targets);
  });
  const weights = weighted ? training.targets.map(() => emit.column('sampleWeight')) : [];
  const { values, steps } = forward(emit, network, inputs, new Set(fused), activityPenalties);
  const gradients = new Gradients(emit);
  const fusions = new Map<number, Fusion>();
  const outputs = training.targets.map(({ objective, report, counted, gathered }, i) => {
    const node = fused[i];
    const value = node === undefined ? (network.outputs[i]?.value ?? 0) : (nodes[node]?.inputs[0] as number);
    const y = values[value] as Tensor;
    const dy = objective.emit(emit, y, targets[i] as Tensor, weights[i], report);
    if (mode === 'inspect' && node !== undefined) {
      const { label } = nodes[node] as NetworkNode;
      const output = values[named.length + node] ?? activated(emit, network, node, y);
      fusions.set(node, { target: i, output, logits: y, gradient: emit.copy(dy, `${label}.logits.gradient`) });
    }
    gradients.add(value, dy);
    if (counted) objective.emitHits(emit, y, targets[i] as Tensor, report.hits, node !== undefined);
    if (!gathered || node === undefined) return y;
    return values[named.length + node] ?? activated(emit, network, node, y);
  });
  for (const { kind, values, penalty, strength } of penalties) {
    emit.call(`${kind}Penalty`, values, penalty, 1, values.size, values.size, strength);
  }
  const kept: KeptValue[] = [];
  if (emit.training) {
    const learns = learners(network, mode === 'inspect');
    const names = new Set<string>();
    const keep = (name: string, value: number) => {
      if (names.has(name)) return;
      names.add(name);
      const gradient = gradients.of(value);
      kept.push({
        name,
        value: values[value] as Tensor,
        gradient: gradient && emit.copy(gradient, `${name}.gradient`),
      });
    };
    for (let i = nodes.length - 1; i >= 0; i--) {
      const { label, layer, inputs: sources } = nodes[i] as NetworkNode;
      const value = named.length + i;
      const dy = gradients.of(value);
      const fusion = fusions.get(i);
      if (fusion) {
        const others = steps[i] && dy && emit.copy(dy, `${label}.gradient`);
        const { logits, gradient } = fusion;
        names.add(label);
        kept.push({ name: label, value: logits, gradient, fusion: { ...fusion, others } });
      } else if (mode === 'inspect' && steps[i]) keep(label, value);
      if (!dy || !learns[value]) continue;
      const step = steps[i] as Step;
      for (const { kind, strength } of activityPenalties.get(layer) ?? []) {
        emit.call(`${kind}Gradient`, step.y, dy, dy.size, strength / rows);
      }
      const wanted = sources.map((source) => learns[source] as boolean);
      const backward = step.backward(dy, wanted);
      sources.forEach((source, k) => {
        const gradient = backward[k];
        if (gradient && wanted[k]) gradients.add(source, gradient);
      });
    }
    if (mode === 'inspect') for (const [value, { name }] of named.entries()) keep(name, value);
    for (const { kind, values, gradients, strength } of penalties) {
      emit.call(`${kind}Gradient`, values, gradients, values.size, strength);
    }
  }
  if (mode === 'accumulate') emitAccumulation(emit, network, training);
  if (mode === 'train') emitUpdate(emit, network, training);
  const gathered = targets.filter((_, i) => training.targets[i]?.gathered);
  const lasting = mode === 'inspect' ? [...targets, ...weights] : gathered;
  return emit.finish({ inputs, targets: [...targets, ...weights], outputs, lasting, kept, weighted }, base);
}

function emitAccumulation(emit: Emitter, { parameters }: Network, training: Training): void {
  const { gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { sum } = update.accumulation as NonNullable<Update['accumulation']>;
  if (update.clip) {
    emitNorm(emit, training, norm);
    emit.call('clipFactor', norm, factor, Number.POSITIVE_INFINITY);
  }
  emit.guard?.finish(parameters);
  emit.beginUpdate();
  emit.call('accumulateGradients', sum, gradients, gradients.size, factor);
}

function emitUpdate(emit: Emitter, { parameters }: Network, training: Training): void {
  const { flatParameters, gradients, update } = training;
  const { norm, factor } = emit.slots;
  const { clip, trackGradientNorm, accumulation, average } = update;
  const { size } = gradients;
  if (accumulation) emit.call('meanGradients', accumulation.sum, gradients, size, 1 / accumulation.steps);
  if (clip || trackGradientNorm) emitNorm(emit, training, norm);
  if (clip) {
    // A norm that is not finite stops the update, whatever is clipped.
    emit.call('clipFactor', norm, factor, clip.by === 'globalNorm' ? clip.limit : Number.POSITIVE_INFINITY);
    const tables = emit.rowGradients.map((rows) => rows.gradients);
    if (clip.by === 'value')
      for (const part of [gradients, ...tables]) emit.call('clipValues', part, part.size, clip.limit);
    if (clip.by === 'norm') {
      const dense = parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
      for (const part of [...dense.map(({ gradient }) => gradient), ...tables]) {
        emit.call('clipGradient', part, part.size, clip.limit);
      }
    }
  }
  emit.guard?.finish(parameters);
  emit.beginUpdate();
  update.emit(emit);
  for (const parameter of parameters) if (parameter.trainable) emitConstraint(emit, parameter);
  if (average) emit.call('averageWeights', average.values, flatParameters, flatParameters.size, average.share, factor);
}

/** Norms are those of a unit's weights, or of a whole vector. */
function emitConstraint(emit: Emitter, { constraint, layout, rows, value }: Parameter): void {
  if (!constraint) return;
  const { kernel, value: bound } = constraint;
  const [inputs, joint] = layout === 'panels' ? [rows, 0] : [value.size / 8, 1];
  emit.call(kernel, value, value.size / (8 * inputs), inputs, joint, bound, emit.slots.factor);
}

/** The forward pass in training, as far as something counts along. */
export function compileMoments(network: Network, rows: number, base: number): Program {
  const emit = new Emitter('moments', rows, network.slots, network.zeros, network.threads);
  const inputs = stageInputs(emit, network);
  const last = network.nodes.findLastIndex(({ layer }) => layer.parameters.some(({ learnable }) => !learnable));
  const { values } = forward(emit, { ...network, nodes: network.nodes.slice(0, last + 1) }, inputs);
  return emit.finish({ inputs, outputs: [values.at(-1) as Tensor] }, base);
}

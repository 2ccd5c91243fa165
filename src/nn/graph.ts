import { checkBoolean, checkNumber, checkOptions, ShapeError, show, ValueError } from '../errors.js';
import type { Ids, Layer, OwnPenalty } from '../program/layer.js';
import type { NetworkInput, NetworkNode } from '../program/network.js';
import { inputWidth } from './layers/input.js';
import { copySpec, kindOf, type LayerSpec, SymbolicTensor, type TrainableLayerOptions } from './layers/kind.js';

/**
 * Layers and what feeds them. Values are numbered: the inputs first, then what each node computes, in an order in which
 * every node comes after those that feed it.
 */
export interface Graph {
  /** A stack of layers, each fed by the one before. */
  readonly sequential: boolean;
  readonly inputs: readonly { readonly name: string; readonly width: number }[];
  readonly nodes: readonly { readonly spec: LayerSpec; readonly inputs: readonly number[] }[];
  readonly outputs: readonly number[];
}

/** A model as plain data: a stack of layers, or a graph with named inputs, layers that name theirs, and outputs. */
export interface GraphSpec {
  /** The inputs of a graph in order; absent for a stack of layers. */
  readonly inputs?: readonly {
    /** The name by which layers and data refer to the input. */
    readonly name: string;
    /** Columns of the input. */
    readonly shape: number;
  }[];
  /** The layers in order, each with its options. */
  readonly layers: readonly {
    /** The kind of layer, such as 'dense'. */
    readonly type: string;
  }[];
  /** The names of the layers whose outputs are those of the model; absent for a stack of layers. */
  readonly outputs?: readonly string[];
}

/** A graph as plain data whose layers still know how to build themselves. */
export interface BuildableSpec extends GraphSpec {
  /** The layers in order, which `sequential` takes as they are. */
  readonly layers: readonly LayerSpec[];
}

/**
 * Returns a stack of layers as a graph.
 * @throws ShapeError where the first layer does not say how wide the input is.
 * @throws ValueError for anything but an array of at least one layer.
 */
export function sequence(specs: readonly LayerSpec[]): Graph {
  if (!Array.isArray(specs) || specs.length === 0) {
    throw new ValueError({ argument: 'layers', given: show(specs), expected: 'an array of at least one layer' });
  }
  const shape = specs[0]?.inputShape;
  specs.forEach(checkSpec);
  if (shape === undefined) {
    throw new ShapeError({
      argument: 'layers.0.inputShape',
      given: 'nothing',
      expected: 'the number of input columns on the first layer',
      hint: 'For instance dense({ units: 10, inputShape: 4 }).',
    });
  }
  return {
    sequential: true,
    inputs: [{ name: 'input', width: inputWidth(shape, 'layers.0.inputShape') }],
    nodes: specs.map((spec, i) => ({ spec, inputs: [i] })),
    outputs: [specs.length],
  };
}

function checkSpec(spec: LayerSpec, index: number): void {
  if (typeof spec === 'object' && spec !== null && kindOf(spec)) return;
  const plain = typeof spec === 'object' && spec !== null && typeof (spec as { type?: unknown }).type === 'string';
  throw new ValueError({
    argument: `layers.${index}`,
    given: plain ? `plain data (type '${(spec as { type: string }).type}')` : show(spec),
    expected: 'a layer, such as dense({ units: 10 })',
    hint: plain ? 'modelFromSpec({ layers }, { backend }) builds models from plain data.' : undefined,
  });
}

/** Returns the graph that leads to symbolic outputs. @throws ValueError for inputs that are missing or feed nothing. */
export function trace(inputs: readonly SymbolicTensor[], outputs: readonly SymbolicTensor[]): Graph {
  const values = new Map<SymbolicTensor, number>();
  inputs.forEach((item, i) => {
    if (!(item instanceof SymbolicTensor) || item.spec) {
      throw new ValueError({ argument: `inputs[${i}]`, given: show(item), expected: 'what input({ shape }) returns' });
    }
    values.set(item, i);
  });
  const named = inputs.map(({ name, width }, i) => ({ name: name ?? `input${i}`, width: width as number }));
  checkNames(named.map(({ name }) => name));
  const nodes: { spec: LayerSpec; inputs: readonly number[] }[] = [];
  const used = new Set<number>();
  const visit = (root: SymbolicTensor): void => {
    // An explicit stack is used because deep models would overflow the engine's.
    const pending = [root];
    while (pending.length > 0) {
      const item = pending.at(-1) as SymbolicTensor;
      const missing = values.has(item) ? [] : item.inputs.filter((source) => !values.has(source));
      if (missing.length > 0) {
        for (const source of missing.reverse()) pending.push(source);
        continue;
      }
      pending.pop();
      if (values.has(item)) continue;
      if (!item.spec) {
        throw new ValueError({
          argument: 'inputs',
          given: `${inputs.length} inputs, without ${item.name ? `'${item.name}'` : 'one'} that feeds an output`,
          expected: 'every input() that the outputs depend on',
        });
      }
      const sources = item.inputs.map((source) => values.get(source) as number);
      for (const source of sources) used.add(source);
      values.set(item, inputs.length + nodes.length);
      nodes.push({ spec: item.spec, inputs: sources });
    }
  };
  outputs.forEach((item, i) => {
    if (!(item instanceof SymbolicTensor) || !item.spec) {
      throw new ValueError({ argument: `outputs[${i}]`, given: show(item), expected: 'what apply() returned' });
    }
    visit(item);
  });
  inputs.forEach((_, i) => {
    if (used.has(i)) return;
    throw new ValueError({
      argument: `inputs[${i}]`,
      given: `'${named[i]?.name}', which feeds no output`,
      expected: 'inputs that the outputs depend on',
    });
  });
  const graph = { sequential: false, inputs: named, nodes, outputs: outputs.map((item) => values.get(item) as number) };
  checkApplications(graph);
  return graph;
}

/** Refuses a layer with weights in two places, which in Keras share them. */
function checkApplications(graph: Graph): void {
  const specs = graph.nodes.map(({ spec }) => spec);
  const places = new Map(specs.map((spec, i) => [spec, i]));
  if (places.size === specs.length) return;
  const { layers } = buildGraph(graph);
  specs.forEach((spec, i) => {
    const last = places.get(spec) as number;
    if (last === i || layers[i]?.every(({ parameters }) => parameters.length === 0)) return;
    throw new ValueError({
      argument: `layers.${last}`,
      given: `the ${spec.type} layer ${spec.name ? `'${spec.name}'` : `layers.${i}`}, applied a second time`,
      expected: 'a layer of its own in every place',
      hint: `Layers do not share weights: call ${spec.type}({ ... }) once for each place.`,
    });
  });
}

/**
 * Returns the graph as plain data; its layers still know how to build themselves. `specs` are those of a graph that has
 * been built.
 */
export function specOf(
  { sequential, inputs, nodes, outputs }: Graph,
  specs: readonly LayerSpec[] = nodes.map(({ spec }) => spec),
): BuildableSpec {
  const layers = specs.map(copySpec);
  if (sequential) return { layers };
  const nameOf = (value: number) => inputs[value]?.name ?? `layers.${value - inputs.length}`;
  nodes.forEach(({ inputs: sources }, i) => {
    Object.assign(layers[i] as LayerSpec, { inputs: sources.map(nameOf) });
  });
  return {
    inputs: inputs.map(({ name, width }) => ({ name, shape: width })),
    layers,
    outputs: outputs.map(nameOf),
  };
}

/** A graph with its layers built; values are numbered anew, since a spec may build more than one layer. */
export interface BuiltGraph {
  readonly inputs: readonly NetworkInput[];
  readonly nodes: readonly NetworkNode[];
  readonly outputs: readonly { readonly name: string; readonly value: number }[];
  /** The layers that each spec built. */
  readonly layers: readonly (readonly Layer[])[];
  /** The specs that they were built from, in which plain data replace functions. */
  readonly specs: readonly LayerSpec[];
}

/**
 * Builds the layers of a graph, checking every option on the way.
 * @throws ValueError for outputs that are absent or equal, and for ids that are not an input.
 */
export function buildGraph({ sequential, inputs, nodes, outputs }: Graph): BuiltGraph {
  if (outputs.length === 0) throw new ValueError({ argument: 'outputs', given: 'none', expected: 'at least one' });
  if (new Set(outputs).size < outputs.length) {
    throw new ValueError({ argument: 'outputs', given: 'one of them twice', expected: 'outputs that differ' });
  }
  const names = nodes.map(({ spec }, i) => spec.name ?? `layers.${i}`);
  // The user did not choose the name of a stack's only input.
  checkNames(sequential ? names : [...inputs.map(({ name }) => name), ...names]);
  const built: NetworkNode[] = [];
  // Each node of the graph has a value and a width.
  const values = inputs.map(({ width }, i) => ({ value: i, width }));
  const specs: LayerSpec[] = [];
  const layers = nodes.map(({ spec: given, inputs: sources }, index) => {
    const name = `layers.${index}`;
    const widths = sources.map((source) => (values[source] as { width: number }).width);
    const spec = kindOf(given)?.trace?.(given, name, widths) ?? given;
    specs.push(spec);
    const kind = kindOf(spec) as NonNullable<ReturnType<typeof kindOf>>;
    const options = ['type', 'name', 'inputShape', ...kind.options];
    checkOptions(spec, [...options, 'trainable', 'learningRateMultiplier'], name);
    checkInputShape(spec, name, widths, sources);
    const made = kind.build(spec, name, widths, index).map(withOwnPenalties);
    const ids = made[0]?.ids;
    const source = nodes[(sources[0] as number) - inputs.length];
    if (ids && source) throw ids.misplaced(name, `${spec.type} after ${source.spec.type}`);
    if (!made.some(learns)) checkOptions(spec, options, name);
    applyTraining(made, spec, name);
    made.forEach((layer, i) => {
      const from =
        i === 0 ? sources.map((s) => (values[s] as { value: number }).value) : [inputs.length + built.length - 1];
      built.push({ layer, inputs: from, label: names[index] as string });
    });
    values.push({ value: inputs.length + built.length - 1, width: (made.at(-1) as Layer).units });
    return made;
  });
  const tables = idsOf(built);
  return {
    inputs: inputs.map((item, i) => {
      const ids = tables.get(i);
      return ids ? { ...item, ids } : { ...item };
    }),
    nodes: built,
    outputs: outputs.map((value) => ({
      name: names[value - inputs.length] as string,
      value: (values[value] as { value: number }).value,
    })),
    layers,
    specs,
  };
}

function withOwnPenalties(layer: Layer): Layer {
  const penalties = [layer.activityPenalty, ...layer.parameters.map(({ penalty }) => penalty)];
  const own = penalties.find((penalty) => penalty?.own)?.own as OwnPenalty | undefined;
  return own?.apply(layer) ?? layer;
}

/** Results, gradients and what is frozen go by names. */
function checkNames(names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice === undefined) return;
  throw new ValueError({
    argument: 'name',
    given: `'${twice}' twice`,
    expected: 'names of inputs and layers that differ',
  });
}

/** Returns whether a layer has weights that gradients can change. */
export function learns({ parameters }: Layer): boolean {
  return parameters.some(({ learnable }) => learnable);
}

/** Freezes layers, or has them learn. */
export function setTrainable(layers: readonly Layer[], trainable: boolean): void {
  for (const parameter of layers.flatMap(({ parameters }) => parameters)) {
    parameter.trainable = trainable && parameter.learnable;
  }
}

function applyTraining(layers: readonly Layer[], spec: TrainableLayerOptions, name: string): void {
  const { trainable = true, learningRateMultiplier = 1 } = spec;
  checkBoolean(trainable, `${name}.trainable`);
  const argument = `${name}.learningRateMultiplier`;
  checkNumber(learningRateMultiplier, argument, { above: 0 });
  setTrainable(layers, trainable);
  for (const { parameters } of layers) {
    for (const parameter of parameters) parameter.learningRateMultiplier *= learningRateMultiplier;
  }
}

/** Returns the ids of the smallest table that each input feeds, if any. */
function idsOf(nodes: readonly NetworkNode[]): ReadonlyMap<number, Ids> {
  const smallest = new Map<number, Ids>();
  for (const { layer, inputs } of nodes) {
    const input = inputs[0] as number;
    const known = smallest.get(input);
    if (layer.ids && !(known && known.below <= layer.ids.below)) smallest.set(input, layer.ids);
  }
  return smallest;
}

function checkInputShape(spec: LayerSpec, name: string, widths: readonly number[], sources: readonly number[]): void {
  if (spec.inputShape === undefined) return;
  const width = inputWidth(spec.inputShape, `${name}.inputShape`);
  if (widths.length === 1 && width === widths[0]) return;
  throw new ShapeError({
    argument: `${name}.inputShape`,
    given: String(width),
    expected: `${widths.join(' and ')}, the width of ${sources.length === 1 ? 'what feeds it' : 'its inputs'}`,
  });
}

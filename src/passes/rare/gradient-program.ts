import type { Engine } from '../../engine/engine.js';
import type { Compiled } from '../../engine/training-plan.js';
import { emitBackward } from '../../program/backward-pass.js';
import { Emitter } from '../../program/emitter.js';
import { byLayer, emitForward, stageInputs } from '../../program/forward-pass.js';
import {
  emitLosses,
  emitPenalties,
  emitPenaltyGradients,
  fusedNode,
  Gradients,
  type Labels,
  type Losses,
  stageLabels,
} from '../../program/losses-and-penalties.js';
import { type Network, outputLayer } from '../../program/network.js';
import type { Parameter } from '../../program/parameter.js';
import { Arena, type Tensor, vectorTensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import { kept } from './kept.js';

/** Says what a program of gradients computes. */
export interface Wish {
  readonly rows: number;
  /** Begins from the loss; otherwise from gradients of the outputs, which take the place of the targets. */
  readonly loss: boolean;
  /** Rows have weights. */
  readonly weighted: boolean;
  /** Keeps every layer's output and its gradient. */
  readonly nodes: boolean;
  /** Computes the gradients of the inputs, too. */
  readonly inputs: boolean;
  /** Layers do what they do in prediction. */
  readonly inference: boolean;
}

/** A linked program of gradients, and where it leaves them. */
export interface GradientProgram {
  readonly program: LinkedProgram;
  /** By input; undefined for those that have none. */
  readonly inputs: readonly (Tensor | undefined)[];
  /** The gradients of trainable parameters, in the layout of each; those of tables are by row, in the program. */
  readonly parameters: ReadonlyMap<Parameter, Tensor>;
}

/** What the backward pass begins from. */
interface Begun {
  readonly losses: Losses;
  readonly kept: ReturnType<typeof emitBackward>;
  readonly targets: readonly Tensor[];
  /** Targets that metrics compare with at the end. */
  readonly lasting: readonly Tensor[];
}

/** The loss, the backward pass and the penalties, as in training. */
function fromLoss(emit: Emitter, network: Network, training: Compiled, inputs: readonly Tensor[], wish: Wish): Begun {
  const penalties = byLayer(training.activityPenalties);
  const fused = new Set(training.targets.map((target, i) => fusedNode(network, target, i)));
  const labels: Labels = stageLabels(emit, training, wish.weighted);
  const pass = emitForward(emit, network, inputs, fused, penalties);
  const losses = emitLosses(emit, network, training, pass, labels);
  emitPenalties(emit, training);
  const kept = emitBackward(emit, network, pass, losses, penalties);
  emitPenaltyGradients(emit, training);
  const targets = [...labels.targets, ...labels.weights];
  const gathered = labels.targets.filter((_, i) => training.targets[i]?.gathered);
  return { losses, kept, targets, lasting: wish.nodes ? targets : gathered };
}

/** The backward pass from gradients of the outputs, which are staged as targets are. */
function fromOutputs(emit: Emitter, network: Network, inputs: readonly Tensor[]): Begun {
  const targets = network.outputs.map(({ name }, i) => emit.matrix(`${name}.given`, outputLayer(network, i).units));
  const pass = emitForward(emit, network, inputs);
  const gradients = new Gradients(emit);
  network.outputs.forEach(({ value }, i) => {
    gradients.add(value, targets[i] as Tensor);
  });
  const outputs = network.outputs.map(({ value }) => pass.values[value] as Tensor);
  const losses = { outputs, gradients, fusions: new Map() };
  return { losses, kept: emitBackward(emit, network, pass, losses, new Map()), targets, lasting: [] };
}

/** Does `work` while the gradients of parameters have the places of `areas`. */
function placing<T>(areas: ReadonlyMap<Parameter, Tensor>, work: () => T): T {
  const before = [...areas.keys()].map(({ gradient }) => gradient.offset);
  for (const [{ gradient }, { offset }] of areas) gradient.offset = offset;
  try {
    return work();
  } finally {
    [...areas.keys()].forEach(({ gradient }, i) => {
      gradient.offset = before[i] as number;
    });
  }
}

function compile(engine: Engine, wish: Wish): GradientProgram {
  const { compiled, network } = engine;
  const emit = new Emitter(
    wish.nodes ? 'inspect' : 'gradients',
    wish.rows,
    network.slots,
    network.zeros,
    network.threads,
  );
  if (wish.inference) Object.assign(emit, { inference: true });
  const wanted = {
    ...network,
    inputs: network.inputs.map((input) => ({ ...input, wanted: wish.inputs && !input.ids })),
  };
  const inputs = stageInputs(emit, network);
  const { losses, kept, targets, lasting } = wish.loss
    ? fromLoss(emit, wanted, engine.training, inputs, wish)
    : fromOutputs(emit, wanted, inputs);
  const gradients = wanted.inputs.map((input, i) => (input.wanted ? losses.gradients.of(i) : undefined));
  // A model that is not compiled has no place for gradients.
  const arena = new Arena(engine.trainingBase);
  const learning = network.parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
  const parameters = new Map(
    learning.map((parameter) => {
      const { gradient, name, value } = parameter;
      return [parameter, compiled ? gradient : arena.take(vectorTensor(`${name}.gradient`, value.size))] as const;
    }),
  );
  const last = [...lasting, ...gradients.filter((tensor) => tensor !== undefined)];
  const ends = { inputs, targets, outputs: losses.outputs, lasting: last, kept, weighted: wish.weighted };
  const program = engine.link(placing(parameters, () => emit.finish(ends, arena.end)));
  return { program, inputs: gradients, parameters };
}

/** Returns the program of a wish, compiled once and kept as long as it holds. */
export function gradientProgram(engine: Engine, wish: Wish): GradientProgram {
  return kept(engine, `gradients ${Object.values(wish).join()}`, () => compile(engine, wish));
}

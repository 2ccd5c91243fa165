import type { Engine } from '../../engine/engine.js';
import { ownProgram } from '../../engine/rare/own-programs.js';
import { type Compiled, INFERENCE_ROWS } from '../../engine/training-plan.js';
import { emitBackward } from '../../program/backward-pass.js';
import { emitter } from '../../program/compile.js';
import type { Emitter, Program } from '../../program/emitter.js';
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

/** Says what a program of gradients computes. */
export interface Wish {
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

/** Says where a program leaves gradients. */
interface Places {
  /** By input; undefined for those that have none. */
  readonly inputGradients: readonly (Tensor | undefined)[];
  /** The gradients of trainable parameters, in the layout of each; those of tables are by row, in the program. */
  readonly parameters: ReadonlyMap<Parameter, Tensor>;
}

export type GradientProgram = LinkedProgram & Places;

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

function compile(engine: Engine, wish: Wish, rows: number, trainingBase: number): Program & Places {
  const { compiled, network } = engine;
  const emit = emitter(wish.nodes ? 'inspect' : 'gradients', rows, network);
  if (wish.inference) Object.assign(emit, { inference: true });
  const wanted = network.inputs.map((input) => ({ ...input, wanted: wish.inputs && !input.ids }));
  const part = { ...network, inputs: wanted };
  const inputs = stageInputs(emit, network);
  const { losses, kept, targets, lasting } = wish.loss
    ? fromLoss(emit, part, engine.training, inputs, wish)
    : fromOutputs(emit, part, inputs);
  const inputGradients = wanted.map((input, i) => (input.wanted ? losses.gradients.of(i) : undefined));
  // A model that is not compiled has no place for gradients.
  const arena = new Arena(trainingBase || engine.compileProgram('predict', INFERENCE_ROWS).end);
  const learning = network.parameters.filter(({ trainable, layout }) => trainable && layout !== 'table');
  const parameters = new Map(
    learning.map((parameter) => {
      const { gradient, name, value } = parameter;
      return [parameter, compiled ? gradient : arena.take(vectorTensor(`${name}.gradient`, value.size))] as const;
    }),
  );
  const last = [...lasting, ...inputGradients.filter((tensor) => tensor !== undefined)];
  const ends = { inputs, targets, outputs: losses.outputs, lasting: last, kept, weighted: wish.weighted };
  const program = placing(parameters, () => emit.finish(ends, arena.end));
  return { ...program, mode: 'own', inputGradients, parameters };
}

/** Returns the program of a wish for a number of rows. */
export function gradientProgram(engine: Engine, wish: Wish, rows: number): GradientProgram {
  const name = `gradients ${engine.compiled} ${Object.values(wish).join()}`;
  return ownProgram(engine, name, rows, (rows, base) => compile(engine, wish, rows, base), wish.weighted);
}

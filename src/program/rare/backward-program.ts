import { compileTraining, emitter } from '../compile.js';
import type { Emitter, Program } from '../emitter.js';
import { type Network, outputLayer } from '../network.js';
import type { Training } from '../training.js';
import { makeKeeper } from './keeper.js';

/** Says what a program of gradients computes. */
export interface Wish {
  /** Begins from the loss; otherwise from gradients of the outputs, which take the place of the targets. */
  readonly loss: boolean;
  /** Rows have weights. */
  readonly weighted: boolean;
  /** Keeps every layer's output and its gradient. */
  readonly nodes: boolean;
  /** Keeps the gradients of the inputs. */
  readonly inputs: boolean;
  /** Layers do what they do in prediction. */
  readonly inference: boolean;
}

/** In place of losses: takes what is staged as targets for the gradients. */
function withoutLoss(network: Network): Training {
  const targets = network.outputs.map(({ name }, i): Training['targets'][number] => ({
    name,
    objective: {
      fuses: undefined,
      targets: outputLayer(network, i).units,
      emit: (_, __, given) => given,
      emitHits() {},
    },
    report: { loss: network.slots.norm, hits: network.slots.norm },
    counted: false,
    gathered: false,
  }));
  // Nothing else of training is asked for where there is no loss, and no update.
  const nothing: Pick<Training, 'penalties' | 'activityPenalties'> = { penalties: [], activityPenalties: [] };
  return { ...nothing, targets, update: { guarded: false } } as unknown as Training;
}

/** Compiles a program of gradients; `training` is undefined where there is no loss. */
export function compileGradients(
  network: Network,
  training: Training | undefined,
  { weighted, nodes, inputs, inference }: Omit<Wish, 'loss'>,
  rows: number,
  base: number,
): Program {
  const mode = nodes ? 'inspect' : 'gradients';
  const emit: Emitter = emitter(mode, rows, network);
  Object.assign(emit, { inference }, nodes || inputs ? { keeper: makeKeeper(emit, network, nodes) } : {});
  return compileTraining(network, training ?? withoutLoss(network), mode, rows, base, weighted, emit);
}

/** Compiles the program that keeps every layer's output, and the gradient of the loss by it. */
export function compileInspect(
  network: Network,
  training: Training,
  rows: number,
  base: number,
  weighted = false,
): Program {
  return compileGradients(network, training, { weighted, nodes: true, inputs: false, inference: false }, rows, base);
}

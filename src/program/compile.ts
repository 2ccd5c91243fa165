import { emitBackward } from './backward-pass.js';
import { Emitter, type Mode, type Program } from './emitter.js';
import { FiniteChecks } from './finite-checks.js';
import { byLayer, emitForward, stageInputs } from './forward-pass.js';
import { emitLosses, emitPenalties, emitPenaltyGradients, fusedNode, stageLabels } from './losses-and-penalties.js';
import type { Network } from './network.js';
import { emitAccumulation, emitUpdate } from './parameter-update.js';
import type { Tensor } from './plan.js';
import type { Training } from './training.js';

export function emitter(mode: Mode, rows: number, { slots, zeros, threads }: Network): Emitter {
  return new Emitter(mode, rows, slots, zeros, threads);
}

export function compilePredict(network: Network, rows: number, base: number): Program {
  const emit = emitter('predict', rows, network);
  const inputs = stageInputs(emit, network);
  const { values } = emitForward(emit, network, inputs);
  return emit.finish({ inputs, outputs: network.outputs.map(({ value }) => values[value] as Tensor) }, base);
}

export function compileTraining(
  network: Network,
  training: Training,
  mode: Exclude<Mode, 'predict' | 'moments'>,
  rows: number,
  base: number,
  weighted = false,
  emit = emitter(mode, rows, network),
): Program {
  const updates = mode === 'train' || mode === 'accumulate';
  if (training.update.guarded && updates) emit.guard = new FiniteChecks(emit, network, training);
  const penalties = byLayer(training.activityPenalties);
  const fused = new Set(training.targets.map((target, i) => fusedNode(network, target, i)));

  const inputs = stageInputs(emit, network);
  const labels = stageLabels(emit, training, weighted);
  const pass = emitForward(emit, network, inputs, fused, penalties);
  const losses = emitLosses(emit, network, training, pass, labels);
  emitPenalties(emit, training);
  if (emit.training) {
    emitBackward(emit, network, pass, losses, penalties);
    emitPenaltyGradients(emit, training);
  }
  if (mode === 'accumulate') emitAccumulation(emit, network, training);
  if (mode === 'train') emitUpdate(emit, network, training);

  const targets = [...labels.targets, ...labels.weights];
  const gathered = targets.filter((_, i) => training.targets[i % training.targets.length]?.gathered);
  const lasting = emit.keeper ? targets : gathered;
  return emit.finish({ inputs, targets, outputs: losses.outputs, lasting, weighted }, base);
}

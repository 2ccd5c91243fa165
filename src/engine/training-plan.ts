import type { Heap } from '../kernels/contract.js';
import type { BoundLoss } from '../nn/bound-loss.js';
import type { BoundMetric, Kind } from '../nn/metrics/metric.js';
import { outputKind } from '../nn/metrics/registry.js';
import type { Optimizer } from '../nn/optimizers/optimizers.js';
import { compileTraining } from '../program/compile.js';
import type { TableUpdate } from '../program/layer.js';
import { type Network, outputLayer } from '../program/network.js';
import type { Constant, Pace, UpdateGroup } from '../program/parameter.js';
import { Arena, checkHeapSize, type Tensor, vectorTensor } from '../program/plan.js';
import type { Target, Training } from '../program/training.js';
import { activityPenalties, isTable, penaltyGroups, takeNorms, updateGroups } from './parameter-layout.js';
import { safeRate } from './safe-rate.js';
import type { UpdatePlan } from './update-options.js';

/** Rows of one inference call; more rows are taken in turns. */
export const INFERENCE_ROWS = 256;

export interface TrainingOptions extends UpdatePlan {
  /** One per output. */
  readonly losses: readonly BoundLoss[];
  readonly optimizer: Optimizer;
  /** Those of each output; default none. */
  readonly metrics?: readonly (readonly BoundMetric[])[];
}

/** An output of the model with its loss. */
export interface BoundTarget extends Target {
  readonly objective: BoundLoss;
  readonly metrics: readonly BoundMetric[];
  readonly kind: Kind;
}

export interface Compiled extends Training, TrainingOptions {
  readonly targets: readonly BoundTarget[];
  /** The optimizer's state, parallel to the flat parameters. */
  readonly states: readonly Tensor[];
  readonly tables: readonly TableUpdate[];
  readonly groups: readonly UpdateGroup[];
  /** Those of the groups and of tables, one for each learning rate. */
  readonly paces: readonly Pace[];
  /** Below this an update that the program's guard lets pass keeps everything finite. */
  readonly safeRate: number;
}

/** A compiled model's share of the heap. */
export interface TrainingPlan {
  readonly training: Compiled;
  /** The element where the workspace of evaluations starts, and all that outlives a call ends. */
  readonly evaluationBase: number;
  readonly trainingBase: number;
}

/** Places gradients, optimizer state and what steps report from `base` on; `flatParameters` holds all trainable ones but tables. */
export function planTraining(
  network: Network,
  flatParameters: Tensor,
  base: number,
  options: TrainingOptions,
): TrainingPlan {
  const { nodes, outputs, parameters } = network;
  const arena = new Arena(base);
  const parallel = (name: string) => arena.take(vectorTensor(name, flatParameters.size));
  const gradients = parallel('gradients');
  for (const parameter of parameters) {
    const { trainable, value, gradient } = parameter;
    if (trainable && !isTable(parameter)) gradient.offset = gradients.offset + value.offset - flatParameters.offset;
  }
  const { optimizer, accumulationSteps, averaging } = options;
  const states = optimizer.states.map(({ name }) => parallel(name));
  const accumulation = accumulationSteps > 1 ? { steps: accumulationSteps, sum: parallel('sum') } : undefined;
  const average = averaging && { values: parallel('average'), share: arena.take(vectorTensor('share', 1)) };
  const groups = updateGroups(parameters, flatParameters, gradients, states, arena, optimizer.blockSize);
  const learning = nodes.find(({ layer }) => layer.tables)?.layer.tables;
  const learned = parameters.filter((parameter) => parameter.trainable && isTable(parameter));
  const tables = learning?.plan(learned, groups, optimizer, arena) ?? [];
  const updates = new Map(tables.map((update) => [update.table, update]));
  const targets = options.losses.map((objective, i): BoundTarget => {
    const name = outputs[i]?.name ?? '';
    const label = (report: string) => (outputs.length > 1 ? `${name}.${report}` : report);
    const slot = (report: string) => arena.take(vectorTensor(label(report), 1));
    const metrics = options.metrics?.[i] ?? [];
    const { activation = 'linear' } = outputLayer(network, i);
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
  const penalties = {
    penalties: penaltyGroups(parameters, flatParameters, gradients, arena),
    activityPenalties: activityPenalties(nodes, arena),
  };
  for (const { value } of lossConstants(options)) arena.take(value);
  const training = {
    ...options,
    ...penalties,
    targets,
    penaltySlots: [
      ...[...penalties.penalties, ...penalties.activityPenalties].map(({ penalty }) => penalty),
      ...nodes.flatMap(({ layer }) => layer.penaltySlots ?? []),
    ],
    flatParameters,
    gradients,
    states,
    tables,
    groups,
    paces: [...new Set<Pace>([...groups, ...tables.map(({ pace }) => pace)])],
    // Looks are at the flat parameters alone.
    safeRate:
      optimizer.check && tables.length > 0
        ? 0
        : safeRate(
            optimizer,
            groups.map(({ multiplier }) => multiplier),
          ),
    norms: takeNorms(arena, gradients, tables.length),
    update: {
      clip: options.clip,
      trackGradientNorm: options.trackGradientNorm,
      guarded: !optimizer.solver,
      accumulation,
      average,
      check: (emit) => {
        for (const group of groups) optimizer.check?.(emit, group);
      },
      emit: (emit) => {
        for (const group of groups) optimizer.emit(emit, group);
        for (const rows of emit.rowGradients) updates.get(rows.table)?.emit(emit, rows);
      },
    },
  } satisfies Compiled;
  const evaluationEnds = [false, true].map(
    (weighted) => compileTraining(network, training, 'evaluate', INFERENCE_ROWS, arena.end, weighted).end,
  );
  const trainingBase = Math.max(...evaluationEnds);
  checkHeapSize(trainingBase);
  return { training, evaluationBase: arena.end, trainingBase };
}

/** Returns the constants that custom losses keep on the heap. */
export function lossConstants({ losses }: TrainingOptions): readonly Constant[] {
  return losses.flatMap(({ constants = [] }) => constants);
}

/** Fills the optimizer's state, that of tables as well, with what it holds at first. */
export function fillStates(heap: Heap, { optimizer, states, tables }: Compiled): void {
  for (const parts of [states, ...tables.map((update) => update.states)]) {
    parts.forEach(({ offset, size }, i) => {
      heap.fill(optimizer.states[i]?.initial as number, offset, offset + size);
    });
  }
}

import { type Matrix, makeMatrix } from '../../matrix.js';
import type { Fusion } from '../../program/emitter.js';
import type { Tensor } from '../../program/plan.js';
import type { LinkedProgram } from '../../program/run.js';
import type { Engine } from '../engine.js';
import type { BoundTarget } from '../training-plan.js';

/** Holds the output of a layer or an input for one batch, and the gradient of the loss by it, where it has one. */
export interface NodeValue {
  /** The output, rows x units. */
  readonly value: Matrix;
  /** The gradient of the loss by it, in the same shape; absent where none flows there. */
  readonly gradient?: Matrix;
}

/** Options of the losses that are computed together with softmax, as plain data. */
interface Spec {
  readonly labelSmoothing?: number;
  readonly gamma?: number;
  readonly alpha?: number;
}

/**
 * Returns the output of a layer whose activation is computed together with the loss, and the gradient of the loss by that
 * output, which training never computes: it goes from the loss to the logits at once.
 */
export function readFused(engine: Engine, program: LinkedProgram, fusion: Fusion): NodeValue {
  const { objective } = engine.training.targets[fusion.target] as BoundTarget;
  const value = engine.read(fusion.output);
  const logits = engine.read(fusion.logits);
  const by =
    objective.fuses === 'sigmoid'
      ? bySigmoid(logits, engine.read(fusion.gradient))
      : bySoftmax(engine, program, fusion.target, logits);
  const others = fusion.others && engine.read(fusion.others);
  const data = Float32Array.from(by, (gradient, i) => gradient + (others?.data[i] ?? 0));
  return { value, gradient: makeMatrix(data, value.rows, value.columns) };
}

/** Returns the gradient by z divided by p (1 - p), which is e^-|z| / (1 + e^-|z|)^2. */
function bySigmoid({ data }: Matrix, gradient: Matrix): Float64Array {
  return Float64Array.from(data, (z, i) => {
    const e = Math.exp(-Math.abs(z));
    const slope = gradient.data[i] as number;
    return slope === 0 ? 0 : (slope * (1 + e) ** 2) / e;
  });
}

/** Makes the gradient of each class by itself, as crossentropy and its focal form have it: of t -log p is that -t / p. */
function bySoftmax(
  engine: Engine,
  program: LinkedProgram,
  target: number,
  { data, rows, columns }: Matrix,
): Float64Array {
  const { objective } = engine.training.targets[target] as BoundTarget;
  const { labelSmoothing = 0, gamma = 0, alpha = 1 } = objective.spec as Spec;
  const targets = engine.read(program.targets[target] as Tensor);
  const weights = program.weighted
    ? engine.read(program.targets[engine.training.targets.length + target] as Tensor)
    : undefined;
  const scale = (objective.summed ? 1 : 1 / rows) * objective.weight * alpha;
  const gradient = new Float64Array(data.length);
  for (let r = 0; r < rows; r++) {
    const row = data.subarray(r * columns, (r + 1) * columns);
    const max = row.reduce((most, z) => Math.max(most, z), -Infinity);
    const total = max + Math.log(row.reduce((sum, z) => sum + Math.exp(z - max), 0));
    for (let c = 0; c < columns; c++) {
      const given =
        objective.targets === 'labels' ? Number(targets.data[r] === c) : (targets.data[r * columns + c] as number);
      const t = given * (1 - labelSmoothing) + labelSmoothing / columns;
      if (t === 0) continue;
      const logP = (row[c] as number) - total;
      const p = Math.exp(logP);
      const bend = gamma === 0 || logP === 0 ? 0 : gamma * (1 - p) ** (gamma - 1) * logP;
      gradient[r * columns + c] = scale * (weights?.data[r] ?? 1) * t * (bend - (1 - p) ** gamma / p);
    }
  }
  return gradient;
}

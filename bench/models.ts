import { type BackendFactory, type DenseOptions, type LayerSpec, type Model, sequential } from '../src/index.js';
import { type Batch, makeProblem } from './problem.js';
import type { Workload } from './workloads.js';

export function makeModel({ layers, training }: Workload, backend: BackendFactory): Model {
  const model = sequential({ layers, seed: 3, backend });
  model.compile(training);
  return model;
}

/** Whether a layer is a dense one. */
export function isDense(spec: LayerSpec): spec is LayerSpec & DenseOptions {
  return spec.type === 'dense';
}

/** Widths of the dense layers, inputs first. */
export function denseWidths(layers: readonly LayerSpec[]): readonly number[] {
  const units = layers.flatMap((spec) => (isDense(spec) ? [spec.units] : []));
  return [layers[0]!.inputShape as number, ...units];
}

/** A learnable problem of the workload's shape. */
export function problemFor({ layers, batch }: Workload, batches: number, noise = 1): readonly Batch[] {
  const widths = denseWidths(layers);
  return makeProblem(widths[0]!, Math.max(2, widths.at(-1)!), batch, batches, noise);
}

/** Floating point operations of the dense products, without the first layer's input gradient. */
export function stepFlops(layers: readonly LayerSpec[], rows: number): number {
  return denseWidths(layers).reduce((sum, units, i, widths) => {
    if (i === 0) return 0;
    return sum + 2 * rows * widths[i - 1]! * units * (i === 1 ? 2 : 3);
  }, 0);
}

export function forwardFlops(layers: readonly LayerSpec[], rows: number): number {
  return denseWidths(layers).reduce((sum, units, i, w) => (i === 0 ? 0 : sum + 2 * rows * w[i - 1]! * units), 0);
}

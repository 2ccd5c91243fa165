import type { Model } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import { checkNumber, checkOptions, StateError, ValueError } from '../errors.js';
import { log } from '../kernels/lib/logarithm.js';
import { stream } from '../kernels/lib/philox.js';
import { type Matrix, type MatrixLike, toMatrix } from '../matrix.js';
import { initialize } from '../nn/initializers/initialization.js';
import { orthogonal } from '../nn/initializers/initializers.js';
import type { LayerSpec } from '../nn/layers/index.js';
import { copySpec } from '../nn/layers/kind.js';
import type { Weights } from '../nn/parameters.js';
import type { Initializer } from '../program/parameter.js';
import { sequential } from './model.js';

/** Options of `layerSequentialUnitVariance`. */
export interface LsuvOptions {
  /** The largest distance from 1 that a variance may keep; above 0, default 0.01. */
  readonly tolerance?: number;
  /** Scalings of a layer at most; default 10. */
  readonly maxIterations?: number;
}

/** Reports on a dense layer. */
export interface LsuvLayer {
  /** `layers.0`, as in the names of weights. */
  readonly name: string;
  /** The variance of all outputs before the activation, over the rows of `x`. */
  readonly variance: number;
  /** The number of times that the kernel was scaled. */
  readonly iterations: number;
}

/**
 * Layer-sequential unit-variance initialization (Mishkin and Matas 2015): gives dense layers, one after the other,
 * orthonormal kernels drawn from the model's seed, and scales each so that its outputs on `x`, before the activation,
 * have variance 1. Biases and other layers stay as they are; dropout and batch normalization act as in inference. Makes
 * deep networks train that would not otherwise. Call it before `fit`, with a batch that looks like the data.
 *
 *     layerSequentialUnitVariance(model, matrix(x.data.subarray(0, 256 * x.columns), 256, x.columns));
 *
 * @throws ShapeError, ValueError for inputs that do not fit, or that leave a layer's outputs all alike; the weights then
 * are as before.
 * @throws StateError for a graph of layers.
 */
export function layerSequentialUnitVariance(
  model: Model,
  x: MatrixLike,
  options: LsuvOptions = {},
): readonly LsuvLayer[] {
  internalsOf(model);
  checkOptions(options, ['tolerance', 'maxIterations'], 'layerSequentialUnitVariance');
  const tolerance = checkNumber(options.tolerance ?? 0.01, 'tolerance', { above: 0 });
  const maxIterations = checkNumber(options.maxIterations ?? 10, 'maxIterations', { min: 0, integer: true });
  const { layers, seed, inputs } = model.spec;
  if (inputs !== undefined) {
    throw new StateError('layerSequentialUnitVariance: the model is a graph; it takes a stack, as `sequential` makes.');
  }
  const weights = model.getWeights();
  const layerWeights = weightsByLayer(weights);
  const done: LsuvLayer[] = [];
  let input = toMatrix(x, 'x');
  layers.forEach((spec, i) => {
    const name = `layers.${i}`;
    const { first = 0, own = {} } = layerWeights.get(name) ?? {};
    if (spec.type === 'dense') {
      const { rows, columns, data } = own['layers.0.kernel'] as Matrix;
      // The kernel is the first weight of its layer, and draws the numbers that it drew when the model was made.
      const from = stream('initialization', first);
      data.set(initialize(orthogonal() as unknown as Initializer, rows, columns, seed, from, log));
      const linear = Object.assign(copySpec(spec), { activation: 'linear' });
      let variance = varianceOf(output(model, linear, own, input), name);
      let iterations = 0;
      for (; Math.abs(variance - 1) >= tolerance && iterations < maxIterations; iterations++) {
        const scale = 1 / Math.sqrt(variance);
        for (let k = 0; k < data.length; k++) data[k] = (data[k] as number) * scale;
        variance = varianceOf(output(model, linear, own, input), name);
      }
      done.push({ name, variance, iterations });
    }
    if (i < layers.length - 1) input = output(model, spec, own, input);
  });
  model.setWeights(weights);
  return done;
}

/** A layer's weights under the names that they have where it is alone, and the place of the first of them among all. */
interface OwnWeights {
  readonly first: number;
  readonly own: Record<string, Matrix>;
}

/** Returns the weights of each layer. The arrays are the same. */
function weightsByLayer(weights: Weights): ReadonlyMap<string, OwnWeights> {
  const found = new Map<string, OwnWeights>();
  Object.entries(weights).forEach(([name, value], first) => {
    const [layer] = /^layers\.\d+/.exec(name) as RegExpExecArray;
    const known = found.get(layer) ?? { first, own: {} };
    found.set(layer, known);
    known.own[name.replace(layer, 'layers.0')] = value;
  });
  return found;
}

/** Returns what a layer alone makes of its input, in inference. */
function output(model: Model, spec: LayerSpec, weights: Weights, input: Matrix): Matrix {
  const undrawn = spec.type === 'dense' ? ({ kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const) : {};
  const layer = { ...spec, ...undrawn, inputShape: spec.inputShape ?? input.columns } as LayerSpec;
  const alone = sequential({ layers: [layer], backend: model.backend });
  try {
    alone.setWeights(weights);
    return alone.predict(input);
  } finally {
    alone.dispose();
  }
}

function varianceOf({ data }: Matrix, layer: string): number {
  let sum = 0;
  for (const v of data) sum += v;
  const mean = sum / data.length;
  let squares = 0;
  for (const v of data) squares += (v - mean) * (v - mean);
  const variance = squares / data.length;
  if (variance > 0 && Number.isFinite(variance)) return variance;
  throw new ValueError({
    argument: 'x',
    given: `rows on which the outputs of ${layer} have variance ${variance}`,
    expected: 'rows that differ, scaled to about -1..1',
  });
}

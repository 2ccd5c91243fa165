import { checkNumber, checkOptions, lookUp, ShapeError, show, ValueError } from '../errors.js';
import type { ActivationName, ActivationSpec } from '../kernels/activations.js';
import { stream } from '../kernels/philox.js';
import type { Layer, Parameter, Step } from '../program/layer.js';
import { denseScratch, panelColumns, type Tensor, vectorTensor } from '../program/plan.js';
import { activationLayer, differentiateFused, findActivation, fusedProduct } from './activations.js';
import { type InitializerName, initializers } from './initializers.js';
import { checkRegularizer, type Regularizer } from './regularizers.js';

/** Columns of the input: the first layer of a model must say. */
export type InputShape = number | readonly [number];

export interface DenseOptions {
  /** Width of the output. */
  readonly units: number;
  /** A name or what a function such as elu() returns; default 'linear'. */
  readonly activation?: ActivationName | ActivationSpec;
  readonly inputShape?: InputShape;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default 'heUniform' before relu and its like, 'lecunNormal' before selu, else 'glorotUniform'; see docs/activations.md. */
  readonly kernelInitializer?: InitializerName;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerName;
  readonly kernelRegularizer?: Regularizer;
}

export interface ActivationOptions {
  /** A name or what a function such as elu() returns. */
  readonly activation: ActivationName | ActivationSpec;
  readonly inputShape?: InputShape;
}

export interface BatchNormalizationOptions {
  /** Weight of the old value in the moving moments, as in Keras; from 0 to 1, default 0.9. */
  readonly momentum?: number;
  /** Added to the variance; default 1e-5. */
  readonly epsilon?: number;
  readonly inputShape?: InputShape;
}

export interface DropoutOptions {
  /** Share of the inputs that training drops, 0 <= rate < 1. */
  readonly rate: number;
  readonly inputShape?: InputShape;
}

/** A layer as plain data; what the functions of this file return and `sequential` takes. */
export type LayerSpec =
  | ({ readonly type: 'dense' } & DenseOptions)
  | ({ readonly type: 'activation' } & ActivationOptions)
  | ({ readonly type: 'batchNormalization' } & BatchNormalizationOptions)
  | ({ readonly type: 'dropout' } & DropoutOptions);

/** Fully connected: activation(x kernel + bias). Kernel: inputs x units. */
export function dense(options: DenseOptions): LayerSpec {
  return { type: 'dense', ...options };
}

/** An activation on its own, for instance after a normalization. */
export function activation(options: ActivationOptions): LayerSpec {
  return { type: 'activation', ...options };
}

/**
 * Normalizes each column by the batch's mean and biased variance in training and by the moving moments in inference,
 * then scales and shifts it (Ioffe and Szegedy 2015). The moving variance is the unbiased one, as in PyTorch.
 */
export function batchNormalization(options: BatchNormalizationOptions = {}): LayerSpec {
  return { type: 'batchNormalization', ...options };
}

/** Zeroes inputs at random in training and scales the rest by 1 / (1 - rate); does nothing in inference. */
export function dropout(options: DropoutOptions): LayerSpec {
  return { type: 'dropout', ...options };
}

type SpecOf<T extends LayerSpec['type']> = Extract<LayerSpec, { type: T }>;

interface Kind<T extends LayerSpec['type']> {
  readonly options: readonly (keyof SpecOf<T>)[];
  /** One or two layers of the program: a dense layer's activation may be a step of its own. */
  build(spec: SpecOf<T>, name: string, inputs: number, index: number): readonly Layer[];
}

function parameter(
  name: string,
  layout: Parameter['layout'],
  rows: number,
  columns: number,
  initializer: string,
  { trainable = true, l2 = 0 } = {},
): Parameter {
  const elements = rows * panelColumns(columns);
  return {
    name,
    rows,
    columns,
    layout,
    trainable,
    initializer,
    l2,
    value: vectorTensor(name, elements),
    gradient: vectorTensor(`${name}.gradient`, elements),
  };
}

const dense_: Kind<'dense'> = {
  options: ['units', 'activation', 'useBias', 'kernelInitializer', 'biasInitializer', 'kernelRegularizer'],

  build(spec, name, inputs, index) {
    const units = checkNumber(spec.units, `${name}.units`, { min: 1, integer: true });
    const { useBias = true, biasInitializer = 'zeros' } = spec;
    const activation = findActivation(spec.activation ?? 'linear', `${name}.activation`);
    if (typeof useBias !== 'boolean') {
      throw new ValueError({ argument: `${name}.useBias`, given: show(useBias), expected: 'true or false' });
    }
    const kernelInitializer = spec.kernelInitializer ?? activation.initializer;
    lookUp(initializers, kernelInitializer, `${name}.kernelInitializer`);
    lookUp(initializers, biasInitializer, `${name}.biasInitializer`);
    const l2 = checkRegularizer(spec.kernelRegularizer, `${name}.kernelRegularizer`);
    const kernel = parameter(`${name}.kernel`, 'panels', inputs, units, kernelInitializer, { l2 });
    const bias = useBias ? parameter(`${name}.bias`, 'vector', 1, units, biasInitializer) : undefined;
    const fused = fusedProduct(activation);
    const product = fused ?? 'denseForward';

    const layer: Layer = {
      name,
      units,
      parameters: bias ? [kernel, bias] : [kernel],
      activation: activation.spec.name,
      forward(emit, x): Step {
        const { rows } = emit;
        const y = emit.matrix(`${name}.y`, units);
        const offsets = bias?.value ?? emit.zeros;
        const tiles = emit.scratch(`${name}.tiles`, denseScratch.forward(rows, inputs));
        emit.call(product, x, kernel.value, offsets, y, tiles, rows, inputs, units, x.stride, y.stride);
        return {
          y,
          backward(dy, inputWanted) {
            if (fused) differentiateFused(emit, activation, y, dy);
            const panel = emit.scratch(`${name}.panel`, denseScratch.kernelGradient(rows, inputs));
            emit.call('denseKernelGradient', x, dy, kernel.gradient, panel, rows, inputs, units, x.stride, dy.stride);
            if (bias) emit.call('denseBiasGradient', dy, bias.gradient, rows, units, dy.stride);
            if (!inputWanted) return undefined;
            const dx = emit.matrix(`${name}.dx`, inputs);
            const transposed = emit.scratch(`${name}.transposed`, denseScratch.inputGradient(rows, units));
            emit.call(
              'denseInputGradient',
              dy,
              kernel.value,
              dx,
              transposed,
              rows,
              inputs,
              units,
              dy.stride,
              dx.stride,
              inputs * 8,
            );
            return dx;
          },
        };
      },
    };
    return fused || activation.plan.shape === 'identity'
      ? [layer]
      : [layer, activationLayer(name, activation, units, index, true)];
  },
};

const activation_: Kind<'activation'> = {
  options: ['activation'],
  build: (spec, name, inputs, index) => [
    activationLayer(name, findActivation(spec.activation, `${name}.activation`), inputs, index, false),
  ],
};

const batchNormalization_: Kind<'batchNormalization'> = {
  options: ['momentum', 'epsilon'],

  build(spec, name, units) {
    const momentum = checkNumber(spec.momentum ?? 0.9, `${name}.momentum`, { min: 0, max: 1 });
    const epsilon = checkNumber(spec.epsilon ?? 1e-5, `${name}.epsilon`, { above: 0 });
    const gamma = parameter(`${name}.gamma`, 'vector', 1, units, 'ones');
    const beta = parameter(`${name}.beta`, 'vector', 1, units, 'zeros');
    const movingMean = parameter(`${name}.movingMean`, 'vector', 1, units, 'zeros', { trainable: false });
    const movingVariance = parameter(`${name}.movingVariance`, 'vector', 1, units, 'ones', { trainable: false });
    return [
      {
        name,
        units,
        parameters: [gamma, beta, movingMean, movingVariance],
        minimumBatch: 2,
        forward(emit, x): Step {
          const { rows, slots, training } = emit;
          const y = emit.matrix(`${name}.y`, units);
          let mean: Tensor = movingMean.value;
          let variance: Tensor = movingVariance.value;
          if (training) {
            mean = emit.vector(`${name}.mean`, panelColumns(units));
            variance = emit.vector(`${name}.variance`, panelColumns(units));
            emit.call('batchNormalizationMoments', x, mean, variance, rows, units, x.stride);
            if (emit.mode === 'train') {
              emit.finally(
                'batchNormalizationUpdate',
                mean,
                variance,
                movingMean.value,
                movingVariance.value,
                slots.factor,
                rows,
                units,
                momentum,
              );
            }
          }
          emit.call(
            'batchNormalizationForward',
            x,
            mean,
            variance,
            gamma.value,
            beta.value,
            y,
            rows,
            units,
            x.stride,
            epsilon,
          );
          return {
            y,
            backward(dy) {
              emit.call(
                'batchNormalizationBackward',
                x,
                mean,
                variance,
                gamma.value,
                dy,
                dy,
                gamma.gradient,
                beta.gradient,
                rows,
                units,
                x.stride,
                epsilon,
              );
              return dy;
            },
          };
        },
      },
    ];
  },
};

const dropout_: Kind<'dropout'> = {
  options: ['rate'],

  build(spec, name, units, index) {
    const rate = checkNumber(spec.rate, `${name}.rate`, { min: 0, below: 1 });
    return [
      {
        name,
        units,
        parameters: [],
        forward(emit, x): Step {
          if (!emit.training || rate === 0) return { y: x, backward: (dy) => dy };
          const y = emit.matrix(`${name}.y`, units);
          const mask = emit.matrix(`${name}.mask`, units);
          emit.call('dropoutForward', x, y, mask, x.size, emit.slots.random, stream('dropout', index), rate, 0);
          return {
            y,
            backward(dy) {
              emit.call('dropoutBackward', mask, dy, dy, dy.size);
              return dy;
            },
          };
        },
      },
    ];
  },
};

const kinds = {
  dense: dense_,
  activation: activation_,
  batchNormalization: batchNormalization_,
  dropout: dropout_,
};

/** Builds the layers of a stack, checking every option on the way. */
export function buildLayers(specs: readonly LayerSpec[]): { inputs: number; layers: readonly (readonly Layer[])[] } {
  if (!Array.isArray(specs) || specs.length === 0) {
    throw new ValueError({ argument: 'layers', given: show(specs), expected: 'an array of at least one layer' });
  }
  let inputs = 0;
  let width = 0;
  const layers = specs.map((spec, index) => {
    const name = `layers.${index}`;
    if (typeof spec !== 'object' || spec === null) {
      throw new ValueError({ argument: name, given: show(spec), expected: 'a layer, such as dense({ units: 10 })' });
    }
    const kind = lookUp<Kind<LayerSpec['type']>>(
      kinds as unknown as Record<string, Kind<LayerSpec['type']>>,
      spec.type,
      `${name}.type`,
    );
    checkOptions(spec, ['type', 'inputShape', ...kind.options], name);
    const shape = spec.inputShape === undefined ? undefined : inputWidth(spec.inputShape, `${name}.inputShape`);
    if (index === 0) {
      if (shape === undefined) {
        throw new ShapeError({
          argument: `${name}.inputShape`,
          given: 'nothing',
          expected: 'the number of input columns on the first layer',
          hint: `For instance dense({ units: 10, inputShape: 4 }).`,
        });
      }
      inputs = shape;
      width = shape;
    } else if (shape !== undefined && shape !== width) {
      throw new ShapeError({
        argument: `${name}.inputShape`,
        given: String(shape),
        expected: `${width}, the width of layers.${index - 1}`,
      });
    }
    const built = kind.build(spec, name, width, index);
    width = (built.at(-1) as Layer).units;
    return built;
  });
  return { inputs, layers };
}

function inputWidth(shape: unknown, argument: string): number {
  const width = Array.isArray(shape) && shape.length === 1 ? shape[0] : shape;
  return checkNumber(width, argument, { min: 1, integer: true });
}

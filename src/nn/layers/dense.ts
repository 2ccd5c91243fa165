import { checkBoolean, checkNumber } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { ActivationSpec, ConstraintName, ConstraintSpec } from '../../kernels/tables.js';
import type { Layer, Step } from '../../program/layer.js';
import { denseScratch } from '../../program/plan.js';
import { activationLayer, differentiateFused, findActivation, fusedProduct } from '../activations.js';
import type { CustomActivation } from '../expressions/custom.js';
import { makeInitializer } from '../initializers/initialization.js';
import type { InitializerSpec } from '../initializers/spec.js';
import type { ActivationName, InitializerName, RegularizerName } from '../names.js';
import { makeConstraint, makePenalty } from '../penalties-and-constraints.js';
import type { Regularizer } from '../regularizers.js';
import { defineLayer, parameter, penalized, type TrainableLayerOptions } from './kind.js';

/** Options of the layer `dense`. */
export interface DenseOptions extends TrainableLayerOptions {
  /** Columns of the output, an integer of at least 1. */
  readonly units: number;
  /** A name or what a function such as elu() returns; default 'linear'. */
  readonly activation?: ActivationName | ActivationSpec | CustomActivation;
  /** Adds a bias for each unit; default true. */
  readonly useBias?: boolean;
  /**
   * The initializer of the weights, inputs x units; default 'heUniform' before relu and its like, 'lecunNormal' before
   * selu, else 'glorotUniform'; see docs/activations.md.
   */
  readonly kernelInitializer?: InitializerName | InitializerSpec;
  /** The initializer of the bias; default 'zeros'. To an initializer that asks for fans, a bias is 1 x units. */
  readonly biasInitializer?: InitializerName | InitializerSpec;
  /** A penalty on the weights: `l1`, `l2` or `l1l2`. Default: none. */
  readonly kernelRegularizer?: RegularizerName | Regularizer;
  /** A penalty on the bias, likewise; default none. */
  readonly biasRegularizer?: RegularizerName | Regularizer;
  /** A penalty on the output, after the activation: the mean over the rows of the batch. Default: none. */
  readonly activityRegularizer?: RegularizerName | Regularizer;
  /** Holds the weights of each unit in bounds, after every step: `maxNorm`, `unitNorm` or `nonNeg`. Default: none. */
  readonly kernelConstraint?: ConstraintName | ConstraintSpec;
  /** Holds the bias in bounds, likewise; its norm is that of all units together, as in Keras. Default: none. */
  readonly biasConstraint?: ConstraintName | ConstraintSpec;
}

/** Fully connected: activation(x kernel + bias). Kernel: inputs x units. */
export const dense = /* @__PURE__ */ defineLayer<'dense', DenseOptions>('dense', {
  options: [
    'units',
    'activation',
    'useBias',
    'kernelInitializer',
    'biasInitializer',
    'kernelRegularizer',
    'biasRegularizer',
    'activityRegularizer',
    'kernelConstraint',
    'biasConstraint',
  ],

  build(spec, name, [inputs]: readonly [number], index) {
    const units = checkNumber(spec.units, `${name}.units`, { min: 1, integer: true });
    const { useBias = true } = spec;
    const activation = findActivation(spec.activation ?? 'linear', `${name}.activation`);
    checkBoolean(useBias, `${name}.useBias`);
    const kernelInitializer = makeInitializer(
      spec.kernelInitializer ?? activation.initializer,
      `${name}.kernelInitializer`,
    );
    const biasInitializer = makeInitializer(spec.biasInitializer ?? 'zeros', `${name}.biasInitializer`);
    const kernel = parameter(`${name}.kernel`, 'panels', inputs, units, kernelInitializer, {
      penalty: makePenalty(spec.kernelRegularizer, `${name}.kernelRegularizer`),
      constraint: makeConstraint(spec.kernelConstraint, `${name}.kernelConstraint`),
    });
    const held = {
      penalty: makePenalty(spec.biasRegularizer, `${name}.biasRegularizer`),
      constraint: makeConstraint(spec.biasConstraint, `${name}.biasConstraint`),
    };
    const bias = useBias ? parameter(`${name}.bias`, 'vector', 1, units, biasInitializer, held) : undefined;
    const fused = fusedProduct(activation);
    const product = fused ?? 'denseForward';

    const layer: Layer = {
      name,
      units,
      parameters: bias ? [kernel, bias] : [kernel],
      activation: activation.spec.name,
      takesNonZeros: true,
      forward(emit, x): Step {
        const { rows } = emit;
        const y = emit.matrix(`${name}.y`, units);
        const offsets = bias?.value ?? emit.zeros;
        const { nonZeros } = x;
        if (nonZeros) nonZeros.forward(kernel.value, offsets, y, product);
        else {
          const scratch = emit.scratch(`${name}.tiles`, denseScratch.forward(rows, inputs));
          emit.call(k.denseForward, { x, w: kernel.value, b: offsets, y, scratch }, product);
        }
        return {
          y,
          backward(dy, [inputWanted]) {
            if (fused) differentiateFused(emit, activation, y, dy);
            if (kernel.trainable && nonZeros) nonZeros.kernelGradient(dy, kernel.gradient);
            else if (kernel.trainable) {
              const scratch = emit.scratch(`${name}.panel`, denseScratch.kernelGradient(rows, inputs));
              emit.call(k.denseKernelGradient, { x, dy, dw: kernel.gradient, scratch });
            }
            if (bias?.trainable) emit.call(k.denseBiasGradient, { dy, db: bias.gradient });
            if (kernel.trainable) emit.guard?.product(kernel, x, dy);
            if (!inputWanted) return [];
            const dx = emit.matrix(`${name}.dx`, inputs);
            const scratch = emit.scratch(`${name}.transposed`, denseScratch.inputGradient(rows, units));
            emit.call(k.denseInputGradient, { dy, w: kernel.value, dx, scratch, wPanel: inputs * 8 });
            return [dx];
          },
        };
      },
    };
    const identity = activation.plan.shape === 'identity' && !activation.build;
    if (fused || identity) return [penalized(layer, spec.activityRegularizer, name)];
    const last = activationLayer(name, activation, units, index, true);
    return [layer, penalized(last, spec.activityRegularizer, name)];
  },
});

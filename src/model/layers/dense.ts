import { checkNumber, lookUp, show, ValueError } from '../../errors.js';
import type { Layer, Step } from '../../program/layer.js';
import { denseScratch } from '../../program/plan.js';
import { type ActivationName, activationLayer, findActivation } from '../activations.js';
import { type InitializerName, initializers } from '../initializers.js';
import { checkRegularizer, type Regularizer } from '../regularizers.js';
import { defineLayer, parameter, type TrainableLayerOptions } from './kind.js';

export interface DenseOptions extends TrainableLayerOptions {
  /** Width of the output. */
  readonly units: number;
  /** Default 'linear'. */
  readonly activation?: ActivationName;
  /** Default true. */
  readonly useBias?: boolean;
  /** Default 'heUniform' before relu, else 'glorotUniform'. */
  readonly kernelInitializer?: InitializerName;
  /** Default 'zeros'. */
  readonly biasInitializer?: InitializerName;
  readonly kernelRegularizer?: Regularizer;
}

/** Fully connected: activation(x kernel + bias). Kernel: inputs x units. */
export const dense = /* @__PURE__ */ defineLayer<'dense', DenseOptions>('dense', {
  options: ['units', 'activation', 'useBias', 'kernelInitializer', 'biasInitializer', 'kernelRegularizer'],

  build(spec, name, [inputs]: readonly [number]) {
    const units = checkNumber(spec.units, `${name}.units`, { min: 1, integer: true });
    const { activation: activationName = 'linear', useBias = true, biasInitializer = 'zeros' } = spec;
    const activation = findActivation(activationName, `${name}.activation`);
    if (typeof useBias !== 'boolean') {
      throw new ValueError({ argument: `${name}.useBias`, given: show(useBias), expected: 'true or false' });
    }
    const kernelInitializer = spec.kernelInitializer ?? activation.initializer;
    lookUp(initializers, kernelInitializer, `${name}.kernelInitializer`);
    lookUp(initializers, biasInitializer, `${name}.biasInitializer`);
    const l2 = checkRegularizer(spec.kernelRegularizer, `${name}.kernelRegularizer`);
    const kernel = parameter(`${name}.kernel`, 'panels', inputs, units, kernelInitializer, { l2 });
    const bias = useBias ? parameter(`${name}.bias`, 'vector', 1, units, biasInitializer) : undefined;
    const product = activation.fused ?? 'denseForward';

    const whole = activation.fused !== undefined || activationName === 'linear';
    const layer: Layer = {
      name,
      units,
      parameters: bias ? [kernel, bias] : [kernel],
      ...(whole ? { activation: activationName } : {}),
      forward(emit, x): Step {
        const { rows } = emit;
        const y = emit.matrix(`${name}.y`, units);
        const offsets = bias?.value ?? emit.zeros;
        const tiles = emit.scratch(`${name}.tiles`, denseScratch.forward(rows, inputs));
        emit.call(product, x, kernel.value, offsets, y, tiles, rows, inputs, units, x.stride, y.stride);
        return {
          y,
          backward(dy, [inputWanted]) {
            if (activation.fused) activation.backward?.(emit, y, dy);
            if (kernel.trainable) {
              const panel = emit.scratch(`${name}.panel`, denseScratch.kernelGradient(rows, inputs));
              emit.call('denseKernelGradient', x, dy, kernel.gradient, panel, rows, inputs, units, x.stride, dy.stride);
            }
            if (bias?.trainable) emit.call('denseBiasGradient', dy, bias.gradient, rows, units, dy.stride);
            if (!inputWanted) return [];
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
            return [dx];
          },
        };
      },
    };
    return whole ? [layer] : [layer, activationLayer(name, activationName, units, true)];
  },
});

import type { ActivationSpec } from '../../kernels/tables.js';
import { activationLayer, findActivation } from '../activations.js';
import type { CustomActivation } from '../expressions/custom.js';
import type { ActivationName, RegularizerName } from '../names.js';
import type { Regularizer } from '../regularizers.js';
import { defineLayer, penalized, type TrainableLayerOptions } from './kind.js';

/** Options of the layer `activation`. */
export interface ActivationOptions extends TrainableLayerOptions {
  /** A name or what a function such as elu() returns. */
  readonly activation: ActivationName | ActivationSpec | CustomActivation;
  /** A penalty on the output: the mean over the rows of the batch. Default: none. */
  readonly activityRegularizer?: RegularizerName | Regularizer;
}

/** An activation on its own, for instance after a normalization. */
export const activation = /* @__PURE__ */ defineLayer<'activation', ActivationOptions>('activation', {
  options: ['activation', 'activityRegularizer'],
  build(spec, name, [inputs]: readonly [number], index) {
    const activation = findActivation(spec.activation, `${name}.activation`);
    return [penalized(activationLayer(name, activation, inputs, index, false), spec.activityRegularizer, name)];
  },
});

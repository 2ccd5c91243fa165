import { type ActivationName, activationLayer } from '../activations.js';
import type { Regularizer, RegularizerName } from '../regularizers.js';
import { defineLayer, type LayerOptions, penalized } from './kind.js';

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName;
  /** A penalty on the output: the mean over the rows of the batch. */
  readonly activityRegularizer?: RegularizerName | Regularizer;
}

/** An activation on its own, for instance after a normalization. */
export const activation = /* @__PURE__ */ defineLayer<'activation', ActivationOptions>('activation', {
  options: ['activation', 'activityRegularizer'],
  build: (spec, name, [inputs]) => [
    penalized(activationLayer(name, spec.activation, inputs as number, false), spec.activityRegularizer, name),
  ],
});

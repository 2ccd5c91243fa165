import { type ActivationName, activationLayer } from '../activations.js';
import type { CustomActivation } from '../expressions/custom.js';
import { defineLayer, type LayerOptions } from './kind.js';

export interface ActivationOptions extends LayerOptions {
  readonly activation: ActivationName | CustomActivation;
}

/** An activation on its own, for instance after a normalization. */
export const activation = /* @__PURE__ */ defineLayer<'activation', ActivationOptions>('activation', {
  options: ['activation'],
  build: (spec, name, [inputs]) => [activationLayer(name, spec.activation, inputs as number, false)],
});

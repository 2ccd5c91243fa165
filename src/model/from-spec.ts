import type { Model } from '../callbacks/interfaces.js';
import type { GraphSpec } from '../nn/graph.js';
import { graphFromSpec } from '../nn/layers/registry.js';
import { Model as GraphModel } from './model.js';
import type { ModelOptions } from './options.js';

/**
 * Returns a model from plain data, such as the JSON of `model.spec`. It knows every type of layer, where `sequential` and
 * `model` bring only those that a program names into its bundle.
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB.
 */
export function modelFromSpec(spec: GraphSpec & { readonly seed?: number }, options: ModelOptions): Model {
  const graph = graphFromSpec(spec);
  return new GraphModel(graph, { ...(spec.seed === undefined ? {} : { seed: spec.seed }), ...options });
}

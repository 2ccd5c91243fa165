import { ShapeError, show, suggest, UnknownNameError, ValueError } from '../../errors.js';
import { type Graph, type GraphSpec, sequence } from '../graph.js';
import { optionsFromSpec } from '../specs.js';
import { activation } from './activation.js';
import { alphaDropout } from './alpha-dropout.js';
import { batchNormalization } from './batch-normalization.js';
import { type CustomLayerData, customLayerFromData, ownLayers } from './custom-layer.js';
import { dense } from './dense.js';
import { dropout } from './dropout.js';
import { embedding } from './embedding.js';
import { gaussianDropout } from './gaussian-dropout.js';
import { gaussianNoise } from './gaussian-noise.js';
import { inputWidth } from './input.js';
import { kindOf, type LayerSpec } from './kind.js';
import { layerNormalization } from './layer-normalization.js';
import { add, average, concatenate, maximum, multiply, subtract } from './merge.js';

/** Every type of layer; for models that come as plain data. */
export const layerTable = {
  dense,
  activation,
  embedding,
  batchNormalization,
  layerNormalization,
  dropout,
  alphaDropout,
  gaussianDropout,
  gaussianNoise,
  concatenate,
  add,
  subtract,
  multiply,
  average,
  maximum,
};

/**
 * Returns a layer from plain data, such as JSON.
 * @throws UnknownNameError for a type that does not exist.
 * @throws ValueError for anything but an object.
 */
export function layerFromSpec(spec: { readonly type: string }, argument = 'layer'): LayerSpec {
  if (typeof spec !== 'object' || spec === null) {
    throw new ValueError({ argument, given: show(spec), expected: 'a layer, such as { type: "dense", units: 10 }' });
  }
  // A custom layer that holds functions still.
  if (kindOf(spec)?.trace) return spec as LayerSpec;
  const { type, ...given } = spec;
  const options = optionsFromSpec(given);
  // A custom layer that a model was made of.
  if (Object.hasOwn(options, 'steps')) return customLayerFromData({ ...options, type } as CustomLayerData);
  const table: Readonly<Record<string, unknown>> = { ...ownLayers, ...layerTable };
  if (typeof type === 'string' && Object.hasOwn(table, type)) {
    return (table[type] as (options: object) => LayerSpec)(options);
  }
  const names = Object.keys(table);
  throw new UnknownNameError({
    argument: `${argument}.type`,
    given: show(type),
    expected: `one of ${names.join(', ')}`,
    hint: suggest(type, names) ?? 'A layer of your own needs a name from register, or its steps.',
  });
}

/**
 * Returns a graph from plain data.
 * @throws ShapeError for inputs that no layer before them has.
 * @throws ValueError for data that lack the parts of a graph.
 */
export function graphFromSpec(spec: GraphSpec): Graph {
  if (!Array.isArray(spec?.layers)) {
    throw new ValueError({ argument: 'spec.layers', given: show(spec?.layers), expected: 'an array of layers' });
  }
  const { inputs, layers, outputs } = spec;
  if (inputs === undefined || outputs === undefined) {
    return sequence(layers.map((layer, i) => layerFromSpec(layer, `layers.${i}`)));
  }
  for (const [argument, list] of Object.entries({ inputs, outputs })) {
    if (Array.isArray(list)) continue;
    throw new ValueError({ argument, given: show(list), expected: 'an array' });
  }
  inputs.forEach((item, i) => {
    if (typeof item?.name === 'string') return;
    throw new ValueError({
      argument: `inputs[${i}]`,
      given: show(item),
      expected: 'an object with a name and a shape',
    });
  });
  const names = new Map<unknown, number>(inputs.map(({ name }, i) => [name, i]));
  const find = (name: unknown, argument: string): number => {
    const value = names.get(name);
    if (value !== undefined) return value;
    throw new ShapeError({ argument, given: show(name), expected: `one of ${[...names.keys()].join(', ')}` });
  };
  const nodes = layers.map((layer, i) => {
    const { inputs: sources, ...rest } = layer as { type: string; inputs?: readonly string[] };
    const built = {
      spec: layerFromSpec(rest, `layers.${i}`),
      inputs: (sources ?? []).map((source) => find(source, `layers.${i}.inputs`)),
    };
    names.set(`layers.${i}`, inputs.length + i);
    return built;
  });
  return {
    sequential: false,
    inputs: inputs.map(({ name, shape }, i) => ({ name, width: inputWidth(shape, `inputs[${i}].shape`) })),
    nodes,
    outputs: outputs.map((name, i) => {
      const value = find(name, `outputs[${i}]`);
      if (value >= inputs.length) return value;
      throw new ValueError({ argument: `outputs[${i}]`, given: `${show(name)}, an input`, expected: 'a layer' });
    }),
  };
}

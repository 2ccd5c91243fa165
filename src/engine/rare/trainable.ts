import { lookUp, ValueError } from '../../errors.js';
import { type Graph, learns, setTrainable } from '../../nn/graph.js';
import type { LayerSpec } from '../../nn/layers/index.js';
import type { Layer } from '../../program/layer.js';

/** Names a layer for `setTrainable`. */
export interface NamedLayer {
  /** Its `name`, or `layers.N`. */
  readonly name: string;
  /** The kind of layer, such as 'dense'. */
  readonly type: string;
  /** Its position among the layers, from 0 on. */
  readonly index: number;
}

interface Entry extends NamedLayer {
  readonly spec: LayerSpec;
  readonly built: readonly Layer[];
}

/** The layers of a model, in order and by the names that `setTrainable` knows them by, which stay as they are. */
export interface LayerTable {
  readonly able: readonly Entry[];
  readonly named: Readonly<Record<string, Entry>>;
}

export function tabulate({ nodes }: Graph, layers: readonly (readonly Layer[])[]): LayerTable {
  const entries = nodes.map(({ spec }, index): Entry => {
    return { name: spec.name ?? `layers.${index}`, type: spec.type, index, spec, built: layers[index]! };
  });
  const named = entries.flatMap((entry) => [[entry.name, entry] as const, [`layers.${entry.index}`, entry] as const]);
  return { able: entries.filter(({ built }) => built.some(learns)), named: Object.fromEntries(named) };
}

/** Freezes what is chosen, or has it learn; the specs say so, too. @throws ValueError for a layer without weights. */
export function chooseTrainable(
  { able, named }: LayerTable,
  layers: string | ((layer: NamedLayer) => boolean),
  trainable: boolean,
): void {
  const chosen =
    typeof layers === 'function'
      ? able.filter(({ name, type, index }) => layers({ name, type, index }))
      : [lookUp(named, layers, 'layers')];
  for (const { spec, built } of chosen) {
    if (!built.some(learns)) {
      throw new ValueError({
        argument: 'layers',
        given: `'${layers}', a layer without weights`,
        expected: 'one that learns',
      });
    }
    Object.assign(spec, { trainable });
    setTrainable(built, trainable);
  }
}

declare module '../../rare.js' {
  interface RareParts {
    readonly tabulate: typeof tabulate;
    readonly chooseTrainable: typeof chooseTrainable;
  }
}

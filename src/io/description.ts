import type { CompileOptions } from '../engine/compile-plan.js';
import type { StateScalars } from '../engine/state.js';
import type { ClassNames } from '../nn/class-names.js';
import type { GraphSpec } from '../nn/graph.js';
import { type Json, parseJson } from './json.js';
import type { Layout } from './layout.js';

/** The `training` of a file's metadata. */
export interface TrainingRecord {
  readonly epochs: number;
  readonly state?: StateScalars;
  /** Holds what an unfinished `fit` needs to go on. */
  readonly run?: Json;
}

/** Lists what a file says of its model, each under its name as JSON. */
export interface Description {
  readonly spec: GraphSpec & { readonly seed: number };
  readonly compile?: CompileOptions;
  readonly training?: TrainingRecord;
  readonly classNames?: ClassNames;
  readonly preprocessing?: unknown;
}

const PARTS: readonly (keyof Description)[] = ['spec', 'compile', 'training', 'classNames', 'preprocessing'];

/** Returns the JSON within the metadata. @throws FileFormatError */
export function readDescription(metadata: Layout['metadata']): Partial<Record<keyof Description, Json>> {
  const found = PARTS.flatMap((name) => {
    const text = metadata.get(name);
    return text === undefined ? [] : [[name, parseJson(text, `metadata.${name}`)] as const];
  });
  return Object.fromEntries(found);
}

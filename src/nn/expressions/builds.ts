import type { Layer } from '../../program/layer.js';
import type { BoundLoss } from '../bound-loss.js';

// A custom loss or activation carries this compiler beyond its data, so that a program without custom expressions does not
// hold it.

/** Under this symbol, which JSON and structuredClone do not see; it takes the data as they are by then. */
export const BUILD = Symbol('build');

export interface BuildsLoss {
  readonly [BUILD]?: (loss: object, units: number, weight: number) => BoundLoss;
}

export interface BuildsActivation {
  readonly [BUILD]?: (activation: object, name: string, units: number) => Layer;
}

export function isCustom(given: unknown): boolean {
  return (given as { readonly name?: unknown } | null | undefined)?.name === 'custom';
}

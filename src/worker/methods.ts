import type { Model } from '../callbacks/interfaces.js';

/**
 * Says what an argument is, and thereby how it crosses to the worker; errors call it by its name.
 * - `data`: rows of a model's inputs or outputs, by themselves or by name; in place of inputs a stream of batches, which
 *   brings outputs itself
 * - `plain`: callbacks, signals, streams and matrices each in their own way, at any depth, and whatever else as it is
 * - `specs`: plain data, of which functions are made again over there
 * - `chooser`: a function, which is asked on this side, or a value
 */
export type Role =
  | { readonly role: 'data'; readonly name: string; readonly of: 'inputs' | 'outputs' }
  | { readonly role: 'plain' | 'specs' | 'chooser'; readonly name: string };

const x: Role = { role: 'data', name: 'x', of: 'inputs' };
const y: Role = { role: 'data', name: 'y', of: 'outputs' };
const plain = (name: string): Role => ({ role: 'plain', name });
/** Errors call options by their own names alone. */
const options = plain('');

/** Describes how a method crosses to the worker. */
export interface MethodRow {
  readonly args: readonly Role[];
  /** Returns a generator, whose values come one by one. */
  readonly yields?: true;
  /** Options that are for the calling side: progress, and how hooks are grouped. */
  readonly trains?: true;
  /** Its stream of batches is not to be learned from. */
  readonly judges?: true;
  /** Has an `output` of the calling side to fill. */
  readonly fills?: true;
  /** The model is gone afterwards. */
  readonly ends?: true;
}

type MethodsOf<T> = { [K in keyof T]-?: T[K] extends (...args: never[]) => unknown ? K : never }[keyof T];

const row = (...args: Role[]): MethodRow => ({ args });

/** Lists the methods of a model; none can be left out. */
export const methods = {
  compile: row({ role: 'specs', name: 'options' }),
  setTrainable: row({ role: 'chooser', name: 'layers' }, plain('trainable')),
  fit: { ...row(x, y, options), trains: true },
  partialFit: row(x, y, options),
  trainOnBatch: row(x, y, options),
  gradients: row(x, y, options),
  applyGradients: row(plain('gradients')),
  layerOutputs: row(x, plain('names')),
  evaluate: row(x, y, options),
  testOnBatch: row(x, y, options),
  evaluateBatches: { ...row(x, options), judges: true },
  predict: { ...row(x, options), fills: true },
  predictOnBatch: row(x),
  predictOutputs: row(x, options),
  predictClasses: row(x, options),
  predictBatches: { ...row(x, options), yields: true, judges: true },
  updateMovingMoments: row(x, options),
  profile: row(x, y, options),
  getWeights: row(),
  setWeights: row(plain('weights')),
  averagedWeights: row(),
  applyAveragedWeights: row(),
  summary: row(),
  program: row(plain('mode'), plain('rows')),
  dispose: { ...row(), ends: true },
} as const satisfies Readonly<Record<MethodsOf<Model>, MethodRow>>;

/** Lists the functions that take a model first, and what they take besides. */
export const functions = {
  layerSequentialUnitVariance: row(x, options),
  loadWeights: row(plain('source'), options),
  save: row(plain('target'), options),
  serialize: row(options),
} as const satisfies Readonly<Record<string, MethodRow>>;

export type FunctionName = keyof typeof functions;

export function rowOf(name: string, takes: 'method' | 'function'): MethodRow {
  const rows: Readonly<Record<string, MethodRow>> = takes === 'method' ? methods : functions;
  return rows[name] as MethodRow;
}

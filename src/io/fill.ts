import type { Model } from '../callbacks/interfaces.js';
import { internalsOf } from '../engine/internals.js';
import {
  firstNaN,
  firstNonFinite,
  type Part,
  planImport,
  readScalars,
  type StateScalars,
  weightParts,
} from '../engine/state.js';
import { FileFormatError, StateError, show } from '../errors.js';
import type { ClassNames } from '../nn/class-names.js';
import type { BuiltGraph } from '../nn/graph.js';
import { writeParameter } from '../nn/parameters.js';
import type { readDescription, TrainingRecord } from './description.js';
import { isObject, type Json } from './json.js';
import { type Entry, label } from './layout.js';
import type { Blocks } from './numbers.js';

/** A parameter or state and the tensor that a file has for it. */
interface Match {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly layout: string;
}

/**
 * Returns the tensor of a name, checked against what the model needs.
 * @throws FileFormatError for a tensor that is absent, or of another type or shape.
 */
export function findTensor(
  entries: ReadonlyMap<string, Entry>,
  { name, rows, columns, layout }: Match,
  dtype: string,
): Entry {
  const entry = entries.get(name);
  if (!entry) throw new FileFormatError(`tensor ${name}`, 'missing');
  const shape = layout === 'vector' && rows === 1 ? [columns] : [rows, columns];
  if (entry.dtype === dtype && entry.shape.join() === shape.join()) return entry;
  const given = `${entry.dtype} [${entry.shape.join(', ')}]`;
  throw new FileFormatError(`tensor ${name}`, `${given} in place of ${dtype} [${shape.join(', ')}]`);
}

function readTraining(given: Json | undefined): Partial<TrainingRecord> {
  if (given === undefined) return {};
  if (!isObject(given)) throw new FileFormatError('metadata.training', `${show(given)} in place of an object`);
  const { epochs = 0, state, run } = given as { epochs?: Json; state?: Json; run?: Json };
  if (!Number.isSafeInteger(epochs) || (epochs as number) < 0) {
    throw new FileFormatError('metadata.training', `epochs that are no whole number, ${show(epochs)}`);
  }
  if (state !== undefined && !isObject(state))
    throw new FileFormatError('metadata.training', 'a state that is no object');
  return {
    epochs: epochs as number,
    ...(state !== undefined && { state: state as unknown as StateScalars }),
    ...(run !== undefined && { run }),
  };
}

/** Returns the elements of a tensor. */
export type Read = (entry: Entry) => Float32Array | Float64Array;

/** Holds what a file says in addition to the model itself, checked. */
export interface Contents {
  readonly epochs: number;
  readonly state: StateScalars | undefined;
  readonly run: Json | undefined;
  readonly classNames: ClassNames | undefined;
  readonly preprocessing: Json | undefined;
  /** Names of the tensors that hold numbers of plain data. */
  readonly taken: ReadonlySet<string>;
}

/** Reads what a file says in addition to the model; `blocks` are tensors that hold numbers of it. @throws FileFormatError */
export function readContents(
  { training, classNames, preprocessing }: ReturnType<typeof readDescription>,
  blocks?: Blocks,
): Contents {
  const lists = isObject(classNames) ? Object.values(classNames) : [classNames];
  if (classNames !== undefined && !lists.every(areNames)) {
    throw new FileFormatError('metadata.classNames', 'no array of strings, or one for each output');
  }
  const { epochs = 0, state, run } = readTraining(training);
  const whole = (value: Json | undefined, where: string) =>
    value === undefined ? value : (blocks?.lower(value, where) ?? value);
  return {
    epochs,
    state,
    run: whole(run, 'metadata.training'),
    classNames: classNames as ClassNames | undefined,
    preprocessing: whole(preprocessing, 'metadata.preprocessing'),
    taken: blocks?.taken ?? new Set(),
  };
}

const areNames = (given: unknown) =>
  Array.isArray(given) && given.every((name) => typeof name === 'string' || typeof name === 'boolean');

/**
 * Says what names of classes must be by number, where they are of another; of one column they may be those of 0 and 1.
 */
export function wrongNames(
  { inputs, nodes, outputs }: Pick<BuiltGraph, 'inputs' | 'nodes' | 'outputs'>,
  names: ClassNames | undefined,
): string | undefined {
  if (names === undefined) return undefined;
  if (!Array.isArray(names)) {
    const byName = new Map(outputs.map((output) => [output.name, output]));
    for (const [name, list] of Object.entries(names)) {
      const output = byName.get(name);
      const wrong = output ? wrongNames({ inputs, nodes, outputs: [output] }, list) : 'none';
      if (wrong !== undefined) return `${wrong} of '${name}'`;
    }
    return undefined;
  }
  const [output] = outputs;
  const units = nodes[(output?.value ?? 0) - inputs.length]?.layer.units;
  if (outputs.length !== 1 || units === undefined || names.length === units) return undefined;
  if (units === 1) return names.length === 2 ? undefined : '1 or 2';
  return String(units);
}

/** Says how many names there are. */
export const countNames = (names: unknown) =>
  `${(Array.isArray(names) ? names : Object.values(Object(names)).flat()).length} names`;

/** @throws FileFormatError for names of more or fewer classes than the outputs have columns. */
export function checkClassNames(graph: Parameters<typeof wrongNames>[0], { classNames }: Contents): void {
  const expected = wrongNames(graph, classNames);
  if (expected === undefined) return;
  throw new FileFormatError('metadata.classNames', `${countNames(classNames)} in place of ${expected}`);
}

/**
 * Puts what a file holds into a model of the same layers, compiled alike.
 * @throws FileFormatError for tensors that are not the model's, StateError where the file holds a run and the model is in
 * one, before anything is changed.
 */
export function fill(
  model: Model,
  entries: readonly Entry[],
  { epochs, state, run, classNames, preprocessing, taken }: Contents,
  read: Read,
): void {
  const { engine, running } = internalsOf(model);
  if (running && run !== undefined) {
    throw new StateError(
      'restore: fit is still running on this model, and the file holds a run of its own; await fit first.',
    );
  }
  const known = new Map(entries.map((entry) => [entry.name, entry]));
  const plan = state && planImport(engine, readScalars(engine, state));
  const weights = new Set(weightParts(engine));
  const parts = [...weights, ...(plan?.parts ?? [])];
  const expected = new Set([...parts.map(({ name }) => name), ...taken]);
  const extra = entries.find(({ name }) => !expected.has(name));
  if (extra) throw new FileFormatError(label(extra.name), 'no part of this model');
  const values = parts.map((part) => {
    const data = read(findTensor(known, { ...part.parameter, name: part.name }, part.dtype));
    checkValues(part, weights.has(part), data);
    return data;
  });
  parts.forEach(({ memory, parameter, offset }, i) => {
    writeParameter(memory, parameter, values[i]!, { offset });
  });
  plan?.commit();
  Object.assign(model, { epochs }, run !== undefined && { run });
  if (classNames !== undefined) model.classNames = classNames;
  if (preprocessing !== undefined) model.preprocessing = preprocessing;
}

function checkValues({ name }: Part, weights: boolean, values: Float32Array | Float64Array): void {
  const bad = weights ? firstNonFinite(values) : firstNaN(values);
  if (bad < 0) return;
  throw new FileFormatError(`tensor ${name}`, `${values[bad]} at element ${bad}, where a number must be`);
}

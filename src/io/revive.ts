import { BackendError, FileFormatError, HeapSizeError, MyelinError, show, ValueError } from '../errors.js';
import { compileOptionsFromSpec } from '../model/every.js';
import { buildGraph, type GraphSpec } from '../model/graph.js';
import { graphFromSpec } from '../model/layers/registry.js';
import { writeParameter } from '../model/weights.js';
import type { NetworkNode } from '../program/compile.js';
import type { CompileOptions, ModelOptions } from '../train/model.js';
import { INTERNALS, Model } from '../train/model.js';
import {
  firstNaN,
  firstNonFinite,
  type Part,
  planImport,
  readScalars,
  type StateScalars,
  weightParts,
} from '../train/state.js';
import type { Description, TrainingRecord } from './image.js';
import { isObject, type Json, parseJson } from './json.js';
import type { Entry, Layout } from './layout.js';

const PARTS: readonly (keyof Description)[] = ['spec', 'compile', 'training', 'classNames', 'preprocessing'];

/** The JSON within the metadata. @throws FileFormatError */
export function readDescription(metadata: Layout['metadata']): Partial<Record<keyof Description, Json>> {
  const found = PARTS.flatMap((name) => {
    const text = metadata.get(name);
    return text === undefined ? [] : [[name, parseJson(text, `metadata.${name}`)] as const];
  });
  return Object.fromEntries(found);
}

/** What the caller or the machine is to blame for. */
function notOfFile(error: unknown): boolean {
  if (error instanceof ValueError) return error.argument === 'backend';
  return error instanceof HeapSizeError || error instanceof BackendError;
}

/** What plain data make; what they lack or contradict is the file's fault. */
function attempt<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    // Data that have the right shape but not the right content fail anywhere in what was written for typed options.
    const known = cause instanceof MyelinError || cause instanceof TypeError || cause instanceof RangeError;
    if (!known || cause instanceof FileFormatError || notOfFile(cause)) throw cause;
    throw new FileFormatError(where, (cause as Error).message.replace(/\.$/, ''), { cause });
  }
}

/** A parameter or state and the tensor that a file has for it. */
interface Match {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly layout: string;
}

/** The tensor of a name, checked against what the model needs. */
function find(entries: ReadonlyMap<string, Entry>, { name, rows, columns, layout }: Match, dtype: string): Entry {
  const entry = entries.get(name);
  if (!entry) throw new FileFormatError(`tensor ${name}`, 'missing');
  const shape = layout === 'vector' && rows === 1 ? [columns] : [rows, columns];
  if (entry.dtype === dtype && entry.shape.join() === shape.join()) return entry;
  const given = `${entry.dtype} [${entry.shape.join(', ')}]`;
  throw new FileFormatError(`tensor ${name}`, `${given} in place of ${dtype} [${shape.join(', ')}]`);
}

/** Columns that layers may have beyond those that weights account for. */
const FREE_COLUMNS = 65536;

/** Layers without weights could ask for any heap in a few bytes of text. */
function checkWidths(nodes: readonly NetworkNode[], bytes: number): void {
  const widest = Math.max(...nodes.map(({ layer }) => layer.units));
  if (widest <= bytes / 4 + FREE_COLUMNS) return;
  throw new FileFormatError('metadata.spec', `a layer of ${widest} columns, more than the weights account for`);
}

export interface Revival {
  /** Builds the model, whose tensors all fit. `read` returns the elements of a tensor. */
  revive(read: (entry: Entry) => Float32Array | Float64Array): Model;
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

/**
 * Checks what a file says of its model, and that its tensors are the model's, before a heap is opened or data are read.
 * @throws FileFormatError
 */
export function planRevival({ entries, metadata, dataBytes }: Layout, options: ModelOptions): Revival {
  const { spec, compile, training, classNames, preprocessing } = readDescription(metadata);
  if (!isObject(spec))
    throw new FileFormatError('metadata.spec', `${spec ? show(spec) : 'nothing'} in place of a model`);
  const known = new Map(entries.map((entry) => [entry.name, entry]));
  const { seed = 0, ...graphSpec } = spec;
  const graph = attempt('metadata.spec', () => graphFromSpec(graphSpec as unknown as GraphSpec));
  const { nodes } = attempt('metadata.spec', () => buildGraph(graph));
  for (const { layer } of nodes) for (const parameter of layer.parameters) find(known, parameter, 'F32');
  checkWidths(nodes, dataBytes);
  if (compile !== undefined && !isObject(compile)) {
    throw new FileFormatError('metadata.compile', `${show(compile)} in place of options`);
  }
  if (
    classNames !== undefined &&
    !(Array.isArray(classNames) && classNames.every((name) => typeof name === 'string'))
  ) {
    throw new FileFormatError('metadata.classNames', 'no array of strings');
  }
  const { epochs = 0, state, run } = readTraining(training);
  if (state && !compile) throw new FileFormatError('metadata.training', 'the state of an optimizer that is not there');
  return {
    revive(read) {
      const model = attempt('metadata.spec', () => new Model(graph, { ...options, seed: seed as number }));
      const { engine } = model[INTERNALS];
      if (compile) {
        attempt('metadata.compile', () => model.compile(compileOptionsFromSpec(compile) as unknown as CompileOptions));
      }
      const scalars = state && readScalars(engine, state);
      const plan = scalars && planImport(engine, scalars);
      const weights = weightParts(engine);
      const parts = [...weights, ...(plan?.parts ?? [])];
      const expected = new Map(parts.map((part) => [part.name, part]));
      const extra = entries.find(({ name }) => !expected.has(name));
      if (extra) throw new FileFormatError(`tensor ${extra.name.slice(0, 80)}`, 'no part of this model');
      const values = parts.map((part) => {
        const entry = find(known, { ...part.parameter, name: part.name }, part.dtype);
        const data = read(entry);
        checkValues(part, weights.includes(part), data);
        return data;
      });
      parts.forEach(({ memory, parameter, offset }, i) => {
        writeParameter(memory, parameter, values[i]!, { offset });
      });
      plan?.commit();
      Object.assign(model, { epochs }, run !== undefined && { run });
      if (classNames !== undefined) model.classNames = classNames as readonly string[];
      if (preprocessing !== undefined) model.preprocessing = preprocessing;
      return model;
    },
  };
}

function checkValues({ name }: Part, weights: boolean, values: Float32Array | Float64Array): void {
  const bad = weights ? firstNonFinite(values) : firstNaN(values);
  if (bad < 0) return;
  throw new FileFormatError(`tensor ${name}`, `${values[bad]} at element ${bad}, where a number must be`);
}

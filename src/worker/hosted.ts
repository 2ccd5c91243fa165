import { auto } from '../backends/detect.js';
import { typescript } from '../backends/typescript.js';
import { type WasmOptions, wasm } from '../backends/wasm.js';
import { earlyStopping } from '../callbacks/early-stopping.js';
import type { Model } from '../callbacks/interfaces.js';
import { reduceLROnPlateau } from '../callbacks/learning-rate.js';
import { csvLogger, jsonLinesLogger } from '../callbacks/loggers.js';
import { terminateOnNaN } from '../callbacks/terminate-on-nan.js';
import { backupAndRestore, modelCheckpoint } from '../io/checkpoint-callbacks.js';
import { loadWeights } from '../io/load-weights.js';
import { save, serialize } from '../io/save.js';
import type { BackendFactory } from '../kernels/contract.js';
import { layerSequentialUnitVariance } from '../model/lsuv.js';
import { Model as GraphModel } from '../model/model.js';
import { compileOptionsFromSpec } from '../nn/specs.js';
import { memberReports } from './members/reports.js';
import { type FunctionName, rowOf } from './methods.js';
import { packError } from './packed-errors.js';
import type { BackendChoice, Description, ModelState, Property } from './protocol.js';
import type { Factories } from './remote-callbacks.js';

/** Callbacks that run next to the model. */
export const factories: Factories = {
  earlyStopping,
  reduceLROnPlateau,
  csvLogger,
  jsonLinesLogger,
  terminateOnNaN,
  modelCheckpoint,
  backupAndRestore,
  memberReports,
};

/** Functions that take a model first. */
export const functions: Readonly<Record<FunctionName, (model: Model, ...args: never[]) => unknown>> = {
  layerSequentialUnitVariance,
  loadWeights,
  save,
  serialize,
};

export async function openBackend({ name, options }: BackendChoice): Promise<BackendFactory> {
  if (name === 'typescript') return typescript();
  return name === 'auto' ? auto(options) : wasm(options as WasmOptions);
}

const isPlain = (value: unknown) => (typeof value !== 'object' || value === null) && typeof value !== 'function';

/** Properties that a model has once they are set. */
const OPTIONAL = ['classNames', 'preprocessing'] as const satisfies readonly (keyof Model)[];

/** A model of this worker and what the calling side knows of it. */
export class Hosted {
  readonly #model: Model;
  /** Properties that may be told of, but for those known to be objects. */
  readonly #names: Set<string>;
  readonly #told = new Map<string, Property>();
  #settings = 0;
  /** The error that setting a property threw; the next call fails with it. */
  #refused: { readonly error: unknown } | undefined;

  constructor(model: Model) {
    this.#model = model;
    const accessors = Object.entries(Object.getOwnPropertyDescriptors(GraphModel.prototype));
    const readable = accessors.filter(([, { get }]) => get).map(([name]) => name);
    this.#names = new Set([...Object.keys(model), ...OPTIONAL, ...readable].filter((name) => name !== 'backend'));
  }

  describe(): Description {
    const own = Object.getOwnPropertyDescriptors(GraphModel.prototype);
    const settable = Object.entries(own).filter(([, { set }]) => set);
    const { name, math, threads, reason } = this.#model.backend;
    return {
      settable: [...new Set([...Object.keys(this.#model), ...OPTIONAL, ...settable.map(([name]) => name)])],
      backend: { name, math, threads, ...(reason === undefined ? {} : { reason }) },
      ...namesOf(this.#model),
    };
  }

  get model(): Model {
    return this.#model;
  }

  get(name: string): unknown {
    return this.#model[name as keyof Model];
  }

  set(name: string, value: unknown, count: number): void {
    this.#settings = count;
    try {
      (this.#model as unknown as Record<string, unknown>)[name] = value;
    } catch (error) {
      this.#refused = { error };
    }
    // The calling side assumes the value that it set, and must be told if that is not what was stored.
    if (this.#told.has(name)) this.#told.set(name, { kind: 'value', value });
  }

  /** @throws what setting a property threw before. */
  check(): void {
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused) throw refused.error;
  }

  /** Returns what has changed since the last time. */
  state(): ModelState {
    const changed: Record<string, Property> = {};
    for (const name of this.#names) {
      const property = this.#read(name);
      const told = this.#told.get(name);
      const same = told?.kind === 'value' && property.kind === 'value' && Object.is(told.value, property.value);
      if (same || (told?.kind === property.kind && property.kind !== 'value')) continue;
      this.#told.set(name, property);
      changed[name] = property;
    }
    return { changed, settings: this.#settings };
  }

  #read(name: string): Property {
    let value: unknown;
    try {
      value = this.get(name);
    } catch (error) {
      return { kind: 'error', error: packError(error) };
    }
    if (value === undefined || isPlain(value)) return { kind: 'value', value };
    // An accessor that creates an object creates one each time, and a field may be replaced.
    if (!Object.hasOwn(this.#model, name)) this.#names.delete(name);
    return { kind: 'object' };
  }

  /** Calls a method as the calling side would. */
  invoke(method: string, args: readonly unknown[]): unknown {
    const { args: roles } = rowOf(method, 'method');
    const given = args.map((arg, i) =>
      roles[i]?.role === 'specs' && arg instanceof Object ? compileOptionsFromSpec(arg) : arg,
    );
    const result = (this.#model as unknown as Record<string, (...args: unknown[]) => unknown>)[method]?.(...given);
    // The calling side has its own model to return.
    return result === this.#model ? undefined : result;
  }

  /**
   * Calls `setTrainable` with a function of the calling side: notes what it would be asked, asks, and calls the method with
   * the answers.
   */
  async choose(ask: (layers: readonly unknown[]) => Promise<readonly unknown[]>, args: readonly unknown[]) {
    const layers: unknown[] = [];
    const rest = args.slice(1) as [boolean];
    this.#model.setTrainable((layer) => layers.push(layer) < 0, ...rest);
    const answers = await ask(layers);
    let next = 0;
    this.#model.setTrainable(() => Boolean(answers[next++]), ...rest);
  }
}

/** Names of inputs and outputs by which data may be given. */
function namesOf({ spec }: Model): Pick<Description, 'inputs' | 'outputs'> {
  const { inputs = [{ name: 'input' }], layers } = spec;
  const outputs = spec.outputs ?? [`layers.${layers.length - 1}`];
  const labels = new Map(layers.map(({ name }, i) => [`layers.${i}`, name ?? `layers.${i}`]));
  return { inputs: inputs.map(({ name }) => name), outputs: outputs.map((name) => labels.get(name) ?? name) };
}

/**
 * Models in workers: they have the methods of `Model`, with promises.
 * @module myelin/worker
 */

import type { AutoOptions } from '../backends/detect.js';
import { placeOf } from '../backends/threads/scripts.js';
import type { WasmOptions } from '../backends/wasm.js';
import { checkOptions, lookUp, show, ValueError } from '../errors.js';
import type { LoadWeightsOptions } from '../io/load-weights.js';
import type { SaveOptions, SerializeOptions } from '../io/save.js';
import type { MatrixLike } from '../matrix.js';
import type { LsuvLayer, LsuvOptions } from '../model/lsuv.js';
import type { FunctionalOptions, OneOutputOptions, SequentialOptions } from '../model/options.js';
import { buildGraph, type Graph, type GraphSpec, sequence, specOf, trace } from '../nn/graph.js';
import { kindOf } from '../nn/layers/kind.js';
import { portable } from '../nn/registrations.js';
import { isA, isPlace } from '../realms.js';
import { Connection } from './connection.js';
import { Packer } from './packing.js';
import type { BackendChoice, Description, ModelState } from './protocol.js';
import { callWith, makeRemote, type OneOutputRemoteModel, type RemoteModel } from './remote.js';
import { Scope } from './scope.js';

// With these exports, TypeScript finds the names of all that the methods take and return.
export type { Gradients, History, Logs, Matrix, MatrixLike, Summary, Weights } from '../index.js';
export { transfer } from './packing.js';
export type { BackendChoice, BackendInfo } from './protocol.js';
export type {
  NamedCallback,
  OneOutputRemoteModel,
  Progress,
  RemoteCallback,
  RemoteFitOptions,
  RemoteModel,
  RemoteOptions,
  RemoteStreamFitOptions,
} from './remote.js';

export { share } from './share.js';

/** Options of a worker. */
export interface StartOptions {
  /**
   * The address of the file `worker-host.js` of this package, for bundlers that move it; default next to this module.
   */
  readonly workerUrl?: string | URL;
}

/** Options of every model in a worker. */
export interface RemoteModelOptions extends StartOptions {
  /** Seeds initialization, shuffling and dropout: an integer from 0 to 2^53 - 1, default 0. */
  readonly seed?: number;
  /**
   * A backend, as `wasm()`, `auto()` or `typescript()` of this module return it; default `auto()`. The worker opens it.
   */
  readonly backend?: BackendChoice;
  /** A worker that several models share, and which computes for one at a time; default one of the model's own. */
  readonly worker?: TrainingWorker;
}

const connections = new WeakMap<TrainingWorker, Connection>();

/** A worker for several models. Idle, it keeps no process alive. */
export class TrainingWorker {
  /** @throws BackendError where there are no workers. */
  constructor(options: StartOptions = {}) {
    checkOptions(options, ['workerUrl'], 'TrainingWorker');
    connections.set(this, new Connection(options.workerUrl));
  }

  /** Ends the worker at once, and its models. What is under way is rejected. */
  terminate(): void {
    connections.get(this)?.terminate();
  }
}

/** Selects WebAssembly in the worker; see `wasm` of myelin. Threads become workers of the worker. */
export function wasm(options: WasmOptions = {}): BackendChoice {
  return { name: 'wasm', options };
}

/** Selects the best backend that runs in the worker; see `auto` of myelin. */
export function auto(options: AutoOptions = {}): BackendChoice {
  return { name: 'auto', options };
}

/** Selects plain TypeScript in the worker; see `typescript` of myelin. */
export function typescript(): BackendChoice {
  return { name: 'typescript', options: {} };
}

function checkBackend(backend: unknown): BackendChoice {
  const { name, options } = (backend ?? {}) as Partial<BackendChoice>;
  if (typeof options === 'object' && options !== null) {
    lookUp({ auto: 0, wasm: 0, typescript: 0 }, name, 'backend.name');
    const { threadUrl, ...rest } = options as WasmOptions;
    const url = threadUrl === undefined ? {} : { threadUrl: placeOf(threadUrl).href };
    return { name, options: { ...rest, ...url } } as BackendChoice;
  }
  throw new ValueError({
    argument: 'backend',
    given: show(backend),
    expected: "what wasm(), auto() or typescript() of 'myelin/worker' returned",
    hint: 'The worker opens it: a backend that was opened on this side has its memory here.',
  });
}

/** The source that a model is made from. */
type Origin =
  | { readonly spec: GraphSpec & { readonly seed?: number } }
  | { readonly source: string | URL | Uint8Array | ArrayBuffer };

async function create<Made extends RemoteModel = RemoteModel>(
  origin: Origin,
  { seed, backend = auto(), worker, workerUrl }: RemoteModelOptions,
): Promise<Made> {
  const choice = checkBackend(backend);
  const shared = worker && connections.get(worker);
  if (worker !== undefined && !shared) {
    throw new ValueError({ argument: 'worker', given: show(worker), expected: 'a TrainingWorker' });
  }
  const connection = shared ?? new Connection(workerUrl);
  try {
    const model = connection.nextModel();
    const scope = new Scope(connection, undefined, { inputs: [], outputs: [] });
    const packer = new Packer(scope, scope.names);
    const from =
      'spec' in origin
        ? { spec: portable(origin.spec, 'spec', 'worker') }
        : { source: packer.source(origin.source), notes: packer.notes };
    const made = await connection.call({ type: 'create', model, ...from, seed, backend: choice }, scope, packer);
    const { description, state } = made as { description: Description; state: ModelState };
    return makeRemote(connection, model, description, state, !shared) as Made;
  } catch (error) {
    if (!shared) connection.terminate();
    throw error;
  }
}

/** Returns a graph as plain data: functions that layers hold run here, since they cannot go to a worker. */
function plain(graph: Graph): GraphSpec {
  return specOf(graph, graph.nodes.some(({ spec }) => kindOf(spec)?.trace) ? buildGraph(graph).specs : undefined);
}

const OPTIONS = ['seed', 'backend', 'worker', 'workerUrl'];

/**
 * Returns a stack of layers in a worker; resolves when the worker has built it.
 * @throws ShapeError, ValueError, UnknownNameError for layers that do not fit; HeapSizeError above 4 GiB; BackendError where
 * there are no workers, or not the backend.
 */
export async function sequential(
  options: RemoteModelOptions & Pick<SequentialOptions, 'layers'>,
): Promise<OneOutputRemoteModel> {
  checkOptions(options, ['layers', ...OPTIONS], 'sequential');
  return create<OneOutputRemoteModel>({ spec: plain(sequence(options.layers)) }, options);
}

/** Builds a graph of layers in a worker; see `model` of myelin. */
export async function model(
  options: RemoteModelOptions & Pick<OneOutputOptions, 'inputs' | 'outputs'>,
): Promise<OneOutputRemoteModel>;
export async function model(
  options: RemoteModelOptions & Pick<FunctionalOptions, 'inputs' | 'outputs'>,
): Promise<RemoteModel>;
export async function model(
  options: RemoteModelOptions & Pick<FunctionalOptions, 'inputs' | 'outputs'>,
): Promise<RemoteModel> {
  checkOptions(options, ['inputs', 'outputs', ...OPTIONS], 'model');
  const list = <T>(given: T | readonly T[]): readonly T[] => (Array.isArray(given) ? given : [given as T]);
  return create({ spec: plain(trace(list(options.inputs), list(options.outputs))) }, options);
}

/** Builds a model in a worker from plain data such as the JSON of `model.spec`. */
export async function modelFromSpec(
  spec: GraphSpec & { readonly seed?: number },
  options: RemoteModelOptions = {},
): Promise<RemoteModel> {
  checkOptions(options, OPTIONS, 'modelFromSpec');
  return create({ spec }, options);
}

/**
 * Loads a model that `save` or `serialize` wrote into a worker: from a path or a file URL, which the worker reads, or from
 * bytes.
 */
export async function load(
  source: string | URL | Uint8Array | ArrayBuffer,
  options: Omit<RemoteModelOptions, 'seed'> = {},
): Promise<RemoteModel> {
  checkOptions(options, OPTIONS.slice(1), 'load');
  return create({ source: isA<ArrayBuffer>(source, 'ArrayBuffer') ? new Uint8Array(source) : source }, options);
}

/**
 * Saves the model like `save` of myelin, in the model's worker: to a path or a file URL.
 * @throws ValueError for anything but a path or a file URL.
 */
export async function save(model: RemoteModel, target: string | URL, options?: SaveOptions): Promise<void> {
  if (!isPlace(target)) {
    const hint = 'serialize(model) returns the bytes, for streams.';
    throw new ValueError({ argument: 'target', given: show(target), expected: 'a path or a file URL', hint });
  }
  await callWith(model, 'save', [target, options]);
}

/** Serializes the model like `serialize` of myelin, in the model's worker. */
export async function serialize(model: RemoteModel, options?: SerializeOptions): Promise<Uint8Array> {
  return callWith(model, 'serialize', [options]) as Promise<Uint8Array>;
}

/** Loads weights like `loadWeights` of myelin, in the model's worker: from a path, a file URL or bytes. */
export async function loadWeights(
  model: RemoteModel,
  source: string | URL | Uint8Array,
  options?: LoadWeightsOptions,
): Promise<void> {
  await callWith(model, 'loadWeights', [source, options]);
}

/** Scales the kernels like `layerSequentialUnitVariance` of myelin, in the model's worker. */
export async function layerSequentialUnitVariance(
  model: RemoteModel,
  x: MatrixLike,
  options?: LsuvOptions,
): Promise<readonly LsuvLayer[]> {
  return callWith(model, 'layerSequentialUnitVariance', [x, options]) as Promise<readonly LsuvLayer[]>;
}

import type { CompileOptions } from '../engine/compile-plan.js';
import { BackendError, FileFormatError, HeapSizeError, MyelinError, show, ValueError } from '../errors.js';
import { Model } from '../model/model.js';
import type { ModelOptions } from '../model/options.js';
import { buildGraph, type GraphSpec } from '../nn/graph.js';
import { graphFromSpec } from '../nn/layers/registry.js';
import { isUnregistered } from '../nn/registrations.js';
import { compileOptionsFromSpec } from '../nn/specs.js';
import type { NetworkNode } from '../program/network.js';
import { readDescription } from './description.js';
import { checkClassNames, fill, findTensor, type Read, readContents } from './fill.js';
import { isObject } from './json.js';
import type { Layout } from './layout.js';
import type { Blocks } from './numbers.js';

/** Returns whether the caller or the machine is to blame for an error, not the file. */
function notOfFile(error: unknown): boolean {
  if (error instanceof ValueError) return error.argument === 'backend';
  return error instanceof HeapSizeError || error instanceof BackendError || isUnregistered(error);
}

/** Returns what plain data make; what they lack or contradict is the file's fault. */
function attempt<T>(where: string, work: () => T): T {
  try {
    return work();
  } catch (cause) {
    // Data of the right shape with wrong content fail anywhere in code that was written for typed options.
    const known = cause instanceof MyelinError || cause instanceof TypeError || cause instanceof RangeError;
    if (!known || cause instanceof FileFormatError || notOfFile(cause)) throw cause;
    throw new FileFormatError(where, (cause as Error).message.replace(/\.$/, ''), { cause });
  }
}

/** Columns that layers may have beyond those that weights account for. */
const FREE_COLUMNS = 65536;

/** Layers without weights could ask for any heap in a few bytes of text. */
function checkWidths(nodes: readonly NetworkNode[], bytes: number): void {
  const widest = nodes.reduce((most, { layer }) => Math.max(most, layer.units), 0);
  if (widest <= bytes / 4 + FREE_COLUMNS) return;
  throw new FileFormatError('metadata.spec', `a layer of ${widest} columns, more than the weights account for`);
}

/**
 * Builds the model of a file. What the file says of it is checked, and that its tensors are the model's, before a heap is
 * opened. @throws FileFormatError
 */
export function revive(
  { entries, metadata, dataBytes }: Layout,
  options: ModelOptions,
  read: Read,
  blocks?: Blocks,
): Model {
  const description = readDescription(metadata);
  const { spec, compile } = description;
  if (!isObject(spec))
    throw new FileFormatError('metadata.spec', `${spec ? show(spec) : 'nothing'} in place of a model`);
  const known = new Map(entries.map((entry) => [entry.name, entry]));
  const { seed = 0, ...graphSpec } = spec;
  const graph = attempt('metadata.spec', () => graphFromSpec(graphSpec as unknown as GraphSpec));
  const built = attempt('metadata.spec', () => buildGraph(graph));
  const { nodes } = built;
  for (const { layer } of nodes) for (const parameter of layer.parameters) findTensor(known, parameter, 'F32');
  checkWidths(nodes, dataBytes);
  if (compile !== undefined && !isObject(compile)) {
    throw new FileFormatError('metadata.compile', `${show(compile)} in place of options`);
  }
  const given = readContents(description, blocks);
  checkClassNames(built, given);
  if (given.state && !compile) {
    throw new FileFormatError('metadata.training', 'the state of an optimizer that is not there');
  }
  const model = attempt('metadata.spec', () => new Model(graph, { ...options, seed: seed as number }, false));
  if (compile) {
    attempt('metadata.compile', () => model.compile(compileOptionsFromSpec(compile) as unknown as CompileOptions));
  }
  fill(model, entries, given, read);
  return model;
}

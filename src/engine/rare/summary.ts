import type { Graph } from '../../nn/graph.js';
import type { LayerSpec } from '../../nn/layers/index.js';
import { parameterBytes } from '../../nn/parameters.js';
import type { Layer } from '../../program/layer.js';
import type { Parameter } from '../../program/parameter.js';
import type { Engine } from '../engine.js';

/** One line of a summary. */
export interface LayerSummary {
  /** The layer's `name`, or `layers.N`. */
  readonly name: string;
  /** The kind of layer, such as 'dense'. */
  readonly type: string;
  /** The shape of its output, rows x units; null stands for any number of rows. */
  readonly outputShape: readonly [null, number];
  /** The number of elements of its weights, moving moments included. */
  readonly parameters: number;
  /** Heap bytes of the parameters, padding included. */
  readonly bytes: number;
}

/** Sums up a model, as `model.summary()` returns it; prints as a table. */
export interface Summary {
  /** A line for each layer, in order. */
  readonly layers: readonly LayerSummary[];
  /** The number of elements of all weights. */
  readonly parameters: number;
  /** The number of those that training changes. */
  readonly trainableParameters: number;
  /** Bytes of the model's whole heap as planned so far: parameters, gradients, optimizer state, workspaces. */
  readonly heapBytes: number;
  /** Returns it all as a table in plain text. */
  toString(): string;
}

function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  return bytes < 1024 ** 2 ? `${(bytes / 1024).toFixed(1)} KiB` : `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
}

function formatTable(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] as readonly string[]).map((_, c) =>
    rows.reduce((most, row) => Math.max(most, (row[c] as string).length), 0),
  );
  return rows.map((row) =>
    row.map((cell, c) => (c < 2 ? cell.padEnd(widths[c] as number) : cell.padStart(widths[c] as number))).join('  '),
  );
}

export function makeSummary(content: Omit<Summary, 'toString'>): Summary {
  const { layers, parameters, trainableParameters, heapBytes } = content;
  const print = () => {
    const lines = formatTable([
      ['layer', 'type', 'output shape', 'parameters', 'bytes'],
      ...layers.map(({ name, type, outputShape, parameters: count, bytes }) => [
        name,
        type,
        `[null, ${outputShape[1]}]`,
        String(count),
        formatBytes(bytes),
      ]),
    ]);
    const frozen = parameters - trainableParameters;
    return [
      ...lines,
      `parameters: ${parameters} (${trainableParameters} trainable, ${frozen} not)`,
      `heap: ${formatBytes(heapBytes)}`,
    ].join('\n');
  };
  const summary = { ...content, toString: print };
  Object.defineProperty(summary, Symbol.for('nodejs.util.inspect.custom'), { value: print });
  return summary;
}

const count = (parameters: readonly Parameter[]) =>
  parameters.reduce((sum, { rows, columns }) => sum + rows * columns, 0);

/** Sums up a model from its graph and its plan. */
export function summarize({ nodes }: Graph, built: readonly (readonly Layer[])[], engine: Engine): Summary {
  const layers = built.map((parts, i) => {
    const parameters = parts.flatMap((layer) => layer.parameters);
    return {
      name: `layers.${i}`,
      type: (nodes[i] as { spec: LayerSpec }).spec.type,
      outputShape: [null, (parts.at(-1) as Layer).units] as const,
      parameters: count(parameters),
      bytes: parameters.reduce((sum, parameter) => sum + parameterBytes(parameter), 0),
    };
  });
  const { network, plannedBytes: heapBytes } = engine;
  return makeSummary({
    layers,
    parameters: layers.reduce((sum, { parameters }) => sum + parameters, 0),
    trainableParameters: count(network.parameters.filter(({ trainable }) => trainable)),
    heapBytes,
  });
}

declare module '../../rare.js' {
  interface RareParts {
    readonly summarize: typeof summarize;
  }
}

import { expect } from 'vitest';
import { typescript64 } from '../../../src/backends/typescript.js';
import { readOutcome } from '../../../src/engine/outcome.js';
import { runGradients } from '../../../src/engine/steps.js';
import { matrix } from '../../../src/matrix.js';
import type { BoundLoss } from '../../../src/nn/bound-loss.js';
import { type Graph, sequence } from '../../../src/nn/graph.js';
import type { LayerSpec } from '../../../src/nn/layers/index.js';
import type { Loss } from '../../../src/nn/losses.js';
import { place } from '../../../src/nn/parameters.js';
import { Random } from '../buffers.js';
import { drawTarget } from './losses.js';
import { makeGraphEngine } from './models.js';

export const EPSILON = 1e-6;
const ABSOLUTE = 1e-5;
const RELATIVE = 1e-3;
export const ROWS = 5;
/** Columns of the input of a case. */
export const INPUTS = 6;

/** Numbers on a grid, so that with biases between its points no pre-activation comes near a kink. */
const grid = (random: Random, step: number) => () => (random.integer(9) - 4) * step;

/** Layers with INPUTS inputs, and the loss at their end; or a graph, with a loss for each output. */
export interface GradientCase {
  readonly name: string;
  readonly layers?: readonly LayerSpec[];
  readonly graph?: Graph;
  readonly loss: Loss | readonly Loss[];
  /** Of the outputs' losses. */
  readonly lossWeights?: readonly number[];
  /** Rows have weights, one of them 0. */
  readonly weighted?: boolean;
}

function targets(random: Random, { targets: kind, units, definition }: BoundLoss) {
  const columns = kind === 'labels' ? 1 : units;
  const draw = () => drawTarget(random, definition, units);
  return matrix(Float32Array.from({ length: ROWS * columns }, draw), ROWS, columns);
}

/** An engine in float64 whose parameters lie on the grid, and a batch. */
export function prepareBatch(
  { layers, graph, loss, lossWeights = [], weighted = false }: GradientCase,
  random: Random,
) {
  const compile = { loss, lossWeights, optimizer: 'sgd' } as const;
  const engine = makeGraphEngine(graph ?? sequence(layers ?? []), compile, typescript64());
  for (const { name, layout, columns, value, trainable } of engine.network.parameters) {
    if (!trainable) continue;
    const draw = grid(random, layout === 'panels' ? 1 / 4 : 1 / 8);
    for (let i = 0; i < value.size; i++) {
      const live = layout === 'vector' ? i < columns : engine.heap[value.offset + i] !== 0;
      if (live) engine.heap[value.offset + i] = name.endsWith('bias') ? draw() / 8 + 1 / 128 : draw() || 1 / 8;
    }
  }
  const x = engine.network.inputs.map(({ width, ids }) => {
    const draw = ids ? () => random.integer(ids.below) : grid(random, 1 / 4);
    return matrix(Float32Array.from({ length: ROWS * width }, draw), ROWS, width);
  });
  const y = engine.training.targets.map(({ objective }) => targets(random, objective));
  if (weighted) y.push(matrix(Float32Array.of(1, 0.5, 0, 3, 0.25), ROWS, 1));
  return { engine, x, y };
}

/** The same, and a function that computes its loss. */
function prepare(item: GradientCase, random: Random) {
  const { engine, x, y } = prepareBatch(item, random);
  const program = engine.program('gradients', ROWS, item.weighted);
  const compute = () => {
    engine.stageBatch(program, x, y, 0);
    runGradients(engine, program);
    return readOutcome(engine).loss;
  };
  return { engine, program, compute };
}

/** Compares a derivative with central differences, at the tolerances of PyTorch's gradcheck. */
export function expectDerivative(exact: number, above: number, below: number, place: string): void {
  const numeric = (above - below) / (2 * EPSILON);
  const error = Math.abs(exact - numeric);
  expect(error, `${place}: ${exact} against ${numeric}`).toBeLessThanOrEqual(ABSOLUTE + RELATIVE * Math.abs(numeric));
}

/**
 * Compares the gradient of every trainable parameter with central differences in float64, at the tolerances of PyTorch's
 * gradcheck, and a second backward pass with the first.
 */
export function checkGradients(item: GradientCase): void {
  const random = new Random(item.name.length);
  const { engine, program, compute } = prepare(item, random);
  const { heap } = engine;
  const trainable = engine.network.parameters.filter((parameter) => parameter.trainable);
  const read = () => trainable.map((parameter) => engine.readGradient(program, parameter).data);
  compute();
  const analytic = read();
  compute();
  expect(read(), 'a second backward pass').toEqual(analytic);

  let checked = 0;
  for (const [k, parameter] of trainable.entries()) {
    const { name, rows, columns, value } = parameter;
    for (let r = 0; r < rows; r++) {
      for (let c = 0; c < columns; c++) {
        const at = value.offset + place(parameter, r, c);
        const kept = heap[at]!;
        heap[at] = kept + EPSILON;
        const above = compute();
        heap[at] = kept - EPSILON;
        const below = compute();
        heap[at] = kept;
        expectDerivative(analytic[k]![r * columns + c]!, above, below, `${name}[${r}][${c}]`);
        checked++;
      }
    }
  }
  expect(checked).toBeGreaterThan(20);
  expect(analytic.some((gradients) => gradients.some((g) => Math.abs(g) > 1e-3))).toBe(true);
}

import { expect } from 'vitest';
import type { Engine } from '../../../src/engine/engine.js';
import { readOutcome } from '../../../src/engine/outcome.js';
import { type Matrix, matrix } from '../../../src/matrix.js';
import { place } from '../../../src/nn/parameters.js';
import { gradientProgram } from '../../../src/passes/rare/gradient-program.js';
import { gradientsPerRow } from '../../../src/passes/rare/per-row.js';
import { outputLayer } from '../../../src/program/network.js';
import type { Tensor } from '../../../src/program/plan.js';
import type { Wish } from '../../../src/program/rare/backward-program.js';
import { Random } from '../buffers.js';
import { EPSILON, expectDerivative, type GradientCase, prepareBatch, ROWS } from './gradient-check.js';

/** What a backward pass begins from, and how layers compute. */
export type Beginning = Pick<Wish, 'loss' | 'inference'>;

/** A program of gradients, and the number that they are of. */
function prepare(item: GradientCase, { loss, inference }: Beginning, rows = ROWS) {
  const random = new Random(item.name.length);
  const { engine, x, y } = prepareBatch(item, random);
  const weighted = loss && item.weighted === true;
  const wish: Wish = { loss, weighted, nodes: false, inputs: rows === ROWS, inference };
  const made = gradientProgram(engine, wish, rows);
  const given = engine.network.outputs.map((_, i) => {
    const { units } = outputLayer(engine.network, i);
    const draw = () => 2 * random.uniform() - 1;
    return matrix(Float32Array.from({ length: ROWS * units }, draw), ROWS, units);
  });
  const program = made;
  const elements = ({ offset, stride }: Tensor, row: number, column: number) => offset + row * stride + column;
  /** Computes the batch, from row `start` on, with `change` to what was staged. */
  const compute = (start = 0, change: (heap: Engine['heap']) => void = () => {}): number => {
    engine.stageBatch(program, x, loss ? y : given, start);
    change(engine.heap);
    if (program.stochastic) engine.writeRandomState(1);
    engine.runProgram(program);
    if (loss) return readOutcome(engine).loss;
    return given.reduce((sum, { data, columns }, i) => {
      const output = program.outputs[i]!;
      for (let r = 0; r < rows; r++) {
        for (let c = 0; c < columns; c++) {
          sum += data[(start + r) * columns + c]! * engine.heap[elements(output, r, c)]!;
        }
      }
      return sum;
    }, 0);
  };
  return { engine, made, compute, elements, x, y: loss ? y : given };
}

type Prepared = ReturnType<typeof prepare>;

/** Differences of what `compute` returns by one number of the heap that lasts. */
function lasting({ engine: { heap }, compute }: Prepared, at: number, start = 0): [above: number, below: number] {
  const kept = heap[at]!;
  heap[at] = kept + EPSILON;
  const above = compute(start);
  heap[at] = kept - EPSILON;
  const below = compute(start);
  heap[at] = kept;
  return [above, below];
}

const readTensor = (heap: Engine['heap'], { offset, stride, rows, columns }: Tensor) =>
  Array.from({ length: rows * columns }, (_, i) => heap[offset + Math.floor(i / columns) * stride + (i % columns)]!);

/** Compares gradients of parameters and of inputs with central differences in float64. */
export function checkBackward(item: GradientCase, beginning: Beginning): void {
  const prepared = prepare(item, beginning);
  const { engine, made, compute, elements } = prepared;
  const { heap, network } = engine;
  compute();
  const inputs = network.inputs.map(({ name }) => {
    const kept = made.kept.find((value) => value.name === name)?.gradient;
    return kept && readTensor(heap, kept);
  });
  const trainable = network.parameters.filter((parameter) => parameter.trainable);
  const parameters = trainable.map((parameter) => {
    const from = made.parameters.get(parameter);
    if (!from) return [...engine.readGradient(made, parameter).data];
    const { rows, columns } = parameter;
    return Array.from(
      { length: rows * columns },
      (_, i) => heap[from.offset + place(parameter, Math.floor(i / columns), i % columns)]!,
    );
  });
  let checked = 0;
  network.inputs.forEach(({ name, width, ids }, i) => {
    expect(inputs[i] === undefined, `${name} has a gradient unless it holds ids`).toBe(ids !== undefined);
    if (ids) return;
    const tensor = made.inputs[i]!;
    for (let k = 0; k < ROWS * width; k++) {
      const [r, c] = [Math.floor(k / width), k % width];
      const at = (shift: number) =>
        compute(0, (heap) => {
          heap[elements(tensor, r, c)]! += shift;
        });
      expectDerivative(inputs[i]![k]!, at(EPSILON), at(-EPSILON), `${name}[${r}][${c}]`);
      checked++;
    }
  });
  trainable.forEach((parameter, p) => {
    parameters[p]!.forEach((gradient, k) => {
      const [r, c] = [Math.floor(k / parameter.columns), k % parameter.columns];
      const differences = lasting(prepared, parameter.value.offset + place(parameter, r, c));
      expectDerivative(gradient, ...differences, `${parameter.name}[${r}][${c}]`);
      checked++;
    });
  });
  expect(checked).toBeGreaterThan(20);
  expect([...inputs, ...parameters].some((values) => values?.some((g) => Math.abs(g) > 1e-3))).toBe(true);
}

/** Compares the gradients of each row with central differences of that row's loss in float64. */
export function checkPerRow(item: GradientCase, beginning: Beginning): void {
  const prepared = prepare(item, beginning, 1);
  const { engine, made, x, y, compute } = prepared;
  if (made.stochastic) engine.writeRandomState(1);
  const gradients = gradientsPerRow(engine, made, x, y, ROWS);
  const names = engine.network.parameters.filter(({ trainable }) => trainable).map(({ name }) => name);
  expect(Object.keys(gradients)).toEqual(names);
  for (const parameter of engine.network.parameters) {
    if (!parameter.trainable) continue;
    const { data, rows, columns } = gradients[parameter.name] as Matrix;
    expect([rows, columns]).toEqual([ROWS, parameter.rows * parameter.columns]);
    for (let row = 0; row < ROWS; row++) {
      for (let k = 0; k < columns; k++) {
        const [r, c] = [Math.floor(k / parameter.columns), k % parameter.columns];
        const differences = lasting(prepared, parameter.value.offset + place(parameter, r, c), row);
        expectDerivative(data[row * columns + k]!, ...differences, `${parameter.name}[${r}][${c}], row ${row}`);
      }
    }
  }
  expect(compute(ROWS - 1)).toBe(compute(ROWS - 1));
}

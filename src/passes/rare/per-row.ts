import type { Engine } from '../../engine/engine.js';
import { readRows } from '../../engine/state.js';
import { noRoom } from '../../errors.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import type { Weights } from '../../nn/parameters.js';
import type { Parameter } from '../../program/parameter.js';
import type { GradientProgram } from './gradient-program.js';

/** Makes room for the gradients of all rows. @throws BackendError where the engine has none. */
function makeRoom(parameters: readonly Parameter[], count: number): readonly Matrix[] {
  let elements = 0;
  try {
    return parameters.map(({ rows, columns }) => {
      elements = count * rows * columns;
      return makeMatrix(new Float32Array(elements), count, rows * columns);
    });
  } catch (thrown) {
    throw noRoom(elements, thrown);
  }
}

/** Runs a program of one row for each of `count` rows, and gathers the gradients of every parameter. */
export function gradientsPerRow(
  engine: Engine,
  program: GradientProgram,
  x: readonly Matrix[],
  y: readonly Matrix[],
  count: number,
): Weights {
  const { heap, network } = engine;
  const parameters = network.parameters.filter(({ trainable }) => trainable);
  const results = makeRoom(parameters, count);
  for (let r = 0; r < count; r++) {
    engine.stageBatch(program, x, y, r);
    engine.runProgram(program);
    parameters.forEach((parameter, i) => {
      const { data, columns } = results[i] as Matrix;
      const into = data.subarray(r * columns, (r + 1) * columns);
      const place = program.parameters.get(parameter);
      if (place) {
        const part = { name: parameter.name, parameter, memory: heap, offset: place.offset, dtype: 'F32' } as const;
        readRows(part, 0, parameter.rows, into);
      } else into.set(engine.readGradient(program, parameter).data);
    });
  }
  return Object.fromEntries(parameters.map(({ name }, i) => [name, results[i] as Matrix]));
}

import { show, ValueError } from '../../errors.js';
import type { Heap } from '../../kernels/contract.js';
import { BLOCK_SIZE } from '../../kernels/lib/update.js';
import * as k from '../../kernels/signatures/index.js';
import { type Matrix, matrix } from '../../matrix.js';
import type { Emitter } from '../../program/emitter.js';
import type { TableLearning, TableUpdate, Updates } from '../../program/layer.js';
import type { Pace, Parameter, RowGradients } from '../../program/parameter.js';
import { rangeTensor, type Tensor, vectorTensor } from '../../program/plan.js';

// Tables learn by those rows that occur in a batch. The layer that has a table brings this along, so that programs without such
// a layer hold none of it.

/** Makes room for the gradients of those rows of a table that a batch of `count` ids names. */
export function rowGradientsOf(emit: Emitter, table: Parameter, count: number): RowGradients {
  const distinct = emit.vector(`${table.name}.distinct`, count);
  const gradients = emit.vector(`${table.name}.gradients`, Math.ceil((count * table.columns) / 4) * 4);
  const made = { table, distinct, gradients, read: (heap: Heap) => readRows(heap, made) };
  emit.rowGradients.push(made);
  return made;
}

/** Reads the gradient of a table as a row-major matrix, zeros included. */
function readRows(heap: Heap, { table, distinct, gradients }: Omit<RowGradients, 'read'>): Matrix {
  const { rows, columns } = table;
  const data = new Float32Array(rows * columns);
  for (let i = 0; i < distinct.size; i++) {
    const row = heap[distinct.offset + i] as number;
    if (row < 0) break;
    const from = gradients.offset + i * columns;
    data.set(heap.subarray(from, from + columns), row * columns);
  }
  return matrix(data, rows, columns);
}

/**
 * Updates those rows of a table that have gradients, and no others: gathers them and their state, lets the optimizer work
 * on what was gathered, and puts it back. Weight decay is for kernels, and spares tables.
 */
function emitRowUpdate(
  emit: Emitter,
  optimizer: Updates,
  { table, states, pace }: Pick<TableUpdate, 'table' | 'states' | 'pace'>,
  { distinct, gradients }: RowGradients,
): void {
  const { columns } = table;
  const pairs = [table.value, ...states].map((whole) => ({
    whole,
    rows: emit.vector(`${whole.name}.rows`, gradients.size),
  }));
  for (const { whole, rows } of pairs) {
    emit.call(k.gatherRows, { table: whole, distinct, y: rows, dim: columns });
  }
  const [parameters, ...gathered] = pairs.map(({ rows }) => rows) as [Tensor, ...Tensor[]];
  const kernels = vectorTensor('kernels', 0);
  optimizer.emit(emit, { ...pace, parameters, kernels, gradients, states: gathered });
  for (const { whole, rows } of pairs) emit.call(k.scatterRows, { x: rows, distinct, table: whole, dim: columns });
}

export const tableLearning: TableLearning = {
  check(name, { gradientAccumulationSteps = 1, averaging }, { solver, spec }) {
    const layer = `${name}, an embedding that learns by rows`;
    const hint = 'embedding({ sparse: false }) updates whole tables; trainable: false freezes one.';
    if (solver) {
      const expected = 'an optimizer that takes steps, such as adam';
      throw new ValueError({ argument: 'optimizer', given: `${spec.name} with ${layer}`, expected, hint });
    }
    if (gradientAccumulationSteps > 1) {
      const given = `${gradientAccumulationSteps} with ${layer}`;
      throw new ValueError({ argument: 'gradientAccumulationSteps', given, expected: '1', hint });
    }
    if (averaging !== undefined) {
      const given = `${show(averaging)} with ${layer}`;
      throw new ValueError({ argument: 'averaging', given, expected: 'none', hint });
    }
  },

  plan(tables, groups, optimizer, arena) {
    const paces = new Map<number, Pace>(groups.map((group) => [group.multiplier, group]));
    return tables.map((table) => {
      const { name, learningRateMultiplier: multiplier, value } = table;
      let pace = paces.get(multiplier);
      if (!pace) {
        const block = arena.take(vectorTensor(`block.tables.${multiplier}`, optimizer.blockSize ?? BLOCK_SIZE));
        const last = block.offset + block.size;
        pace = { multiplier, block, decay: rangeTensor('decay', last - 1, last) };
        paces.set(multiplier, pace);
      }
      const states = optimizer.states.map((state) => arena.take(vectorTensor(`${name}.${state.name}`, value.size)));
      const update = { table, pace, states };
      return { ...update, emit: (emit, rows) => emitRowUpdate(emit, optimizer, update, rows) };
    });
  },
};

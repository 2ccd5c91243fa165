import { checkBoolean, checkNumber, ValueError } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { Ids, Step } from '../../program/layer.js';
import { makeInitializer } from '../initializers/initialization.js';
import type { InitializerSpec } from '../initializers/spec.js';
import type { InitializerName } from '../names.js';
import { defineLayer, parameter, type TrainableLayerOptions } from './kind.js';
import { rowGradientsOf, tableLearning } from './table-learning.js';

/** Options of the layer `embedding`. */
export interface EmbeddingOptions extends TrainableLayerOptions {
  /** Rows of the table; ids are whole numbers from 0 to inputDim - 1. At most 2^24. */
  readonly inputDim: number;
  /** Columns of the table: numbers that an id becomes. */
  readonly outputDim: number;
  /**
   * The initializer of the table; default 'randomUniform', from -0.05 to 0.05 as in Keras. To an initializer that asks
   * for fans, a table is inputDim x outputDim.
   */
  readonly embeddingsInitializer?: InitializerName | InitializerSpec;
  /**
   * Updates only rows that occur in a batch; default true. False updates all rows in every step, as PyTorch's Embedding
   * does by default: optimizers with momentum move rows that did not occur, too, and a step takes time by the size of
   * the table.
   */
  readonly sparse?: boolean;
}

/** Larger ids are no longer told apart in float32. */
const LARGEST_TABLE = 2 ** 24;

/** Says what ids a table of `below` rows takes. */
function idsOf(layer: string, below: number): Ids {
  const isId = (v: number) => v >= 0 && v < below && Math.floor(v) === v;
  return {
    below,
    layer,
    check({ data, columns }, argument) {
      const i = data.findIndex((v) => !isId(v));
      if (i < 0) return;
      throw new ValueError({
        argument: `${argument}, row ${Math.floor(i / columns)}, column ${i % columns}`,
        given: String(data[i]),
        expected: `a whole number from 0 to ${below - 1}, an id of the embedding ${layer}`,
        hint: 'inputDim is one more than the largest id.',
      });
    },
    misplaced(argument, given) {
      return new ValueError({
        argument,
        given,
        expected: 'ids straight from an input of the model',
        hint: 'Give ids an input() of their own and join other columns by concatenate().',
      });
    },
  };
}

/**
 * Replaces each id by a learned row of a table, and puts the rows of all columns side by side: rows x columns become
 * rows x (columns outputDim). A step updates those rows of the table that occur in its batch, optimizer state included, and
 * no others, whatever the optimizer, and weight decay spares the table. Ids come straight from an input of the model.
 * Without `mixup`; `gradientAccumulationSteps`, `averaging` and `lbfgs` need `sparse: false`, unless it is frozen.
 */
export const embedding = /* @__PURE__ */ defineLayer<'embedding', EmbeddingOptions>('embedding', {
  options: ['inputDim', 'outputDim', 'embeddingsInitializer', 'sparse'],

  build(spec, name, [columns]: readonly [number]) {
    const inputDim = checkNumber(spec.inputDim, `${name}.inputDim`, { min: 1, max: LARGEST_TABLE, integer: true });
    const dim = checkNumber(spec.outputDim, `${name}.outputDim`, { min: 1, integer: true });
    const { embeddingsInitializer = 'randomUniform', sparse = true } = spec;
    checkBoolean(sparse, `${name}.sparse`);
    const initializer = makeInitializer(embeddingsInitializer, `${name}.embeddingsInitializer`);
    const layout = sparse ? 'table' : 'vector';
    const table = parameter(`${name}.embeddings`, layout, inputDim, dim, initializer);
    const units = columns * dim;
    return [
      {
        name,
        units,
        parameters: [table],
        ids: idsOf(name, inputDim),
        tables: sparse ? tableLearning : undefined,
        forward(emit, x): Step {
          const { rows } = emit;
          const y = emit.matrix(`${name}.y`, units);
          emit.call(k.embeddingForward, { ids: x, table: table.value, y, dim });
          return {
            y,
            backward(dy) {
              if (!table.trainable) return [];
              if (!sparse) {
                const { gradient } = table;
                const places = emit.vector(`${name}.places`, rows * columns);
                emit.call(k.copyColumns, { x, y: places, yStride: columns });
                emit.call(k.embeddingGradient, { dy, places, g: gradient, columns, dim });
                return [];
              }
              const seen = emit.vector(`${name}.seen`, inputDim);
              const places = emit.vector(`${name}.places`, rows * columns);
              const { distinct, gradients } = rowGradientsOf(emit, table, rows * columns);
              emit.call(k.embeddingRows, { ids: x, seen, places, distinct });
              emit.call(k.embeddingGradient, { dy, places, g: gradients, columns, dim });
              return [];
            },
          };
        },
      },
    ];
  },
});

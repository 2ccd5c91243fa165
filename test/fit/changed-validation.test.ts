import { describe, expect, test } from 'vitest';
import { ValueError } from '../../src/errors.js';
import { sgd } from '../../src/kernels/twins/optimizers.js';
import { matrix } from '../../src/matrix.js';
import { model as graph, sequential } from '../../src/model/model.js';
import { add, dense, embedding, input } from '../../src/nn/layers/index.js';
import { factories } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';

// What validates is read anew after each epoch, too: something may write to it while `fit` runs.

const ROWS = 40;
const HELD = 16;

function data(rows: number) {
  const ids = matrix(
    Float32Array.from({ length: rows }, (_, i) => i % 8),
    rows,
    1,
  );
  return { ids, labels: Float32Array.from({ length: rows }, (_, i) => i % 3) };
}

function build(backend: (typeof factories)['wasm']) {
  const layers = [embedding({ inputDim: 8, outputDim: 4, inputShape: 1 }), dense({ units: 3, activation: 'softmax' })];
  const model = sequential({ layers, backend, seed: 1 });
  model.compile({ optimizer: sgd(), loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  return model;
}

describe.each(Object.entries(factories))('%s', (_, backend) => {
  describe.each([Number.NaN, 8, 1e9, -1, 0.5, 2 ** 31, Infinity])('%f as an id or a label', (value) => {
    const message = (name: string, row: number) =>
      new RegExp(
        `^${name.replace(/[[\]]/g, '\\$&')}, row ${row}, column 0: expected a whole number.*written to the data`,
      );

    test.each([
      ['ids', 'validationData[0]'],
      ['labels', 'validationData[1]'],
    ] as const)('in %s of validationData', async (part, name) => {
      const [train, held] = [data(ROWS), data(HELD)];
      const model = build(backend);
      let weights = '';
      const onEpochEnd = () => {
        (part === 'ids' ? held.ids.data : held.labels)[11] = value;
      };
      const onTestBegin = () => {
        weights = weightHash(model);
      };
      const fitting = model.fit(train.ids, train.labels, {
        epochs: 3,
        validationData: [held.ids, held.labels],
        validationBatchSize: 5,
        lint: false,
        callbacks: [{ onEpochEnd, onTestBegin }],
      });
      await expect(fitting).rejects.toThrow(message(name, 11));
      expect(weightHash(model)).toBe(weights);
      expect(model.epochs).toBe(1);
    });

    test.each(['ids', 'labels'] as const)('in %s of a split, as rows of the data', async (part) => {
      const { ids, labels } = data(ROWS);
      const onEpochEnd = () => {
        (part === 'ids' ? ids.data : labels)[33] = value;
      };
      const options = { epochs: 3, validationSplit: 0.25, lint: false, callbacks: [{ onEpochEnd }] } as const;
      const fitting = build(backend).fit(ids, labels, options);
      await expect(fitting).rejects.toThrow(message(part === 'ids' ? 'x' : 'y', 33));
    });

    test.each(['ids', 'labels'] as const)('in %s of a stream that validates, by a hook', async (part) => {
      const [train, held] = [data(ROWS), data(HELD)];
      const onTestBatchBegin = async () => {
        (part === 'ids' ? held.ids.data : held.labels)[3] = value;
      };
      const callbacks = [{ onTestBatchBegin }];
      const options = { lint: false, callbacks, validationData: () => [[held.ids, held.labels]] as const };
      const fitting = build(backend).fit(train.ids, train.labels, options as never);
      await expect(fitting).rejects.toThrow(message(`validationData: ${part === 'ids' ? 'x' : 'y'}`, 3));
      held.ids.data[3] = held.labels[3] = 0;
      const evaluating = build(backend).evaluateBatches(() => [[held.ids, held.labels]] as never, { callbacks });
      await expect(evaluating).rejects.toThrow(message(`batches: ${part === 'ids' ? 'x' : 'y'}`, 3));
    });
  });

  test.each([Number.NaN, Infinity, -Infinity])('%f among numbers that validate is named', async (value) => {
    const [a, b] = [input({ shape: 2, name: 'first' }), input({ shape: 2, name: 'second' })];
    const outputs = dense({ units: 1 }).apply(add().apply([a, b]));
    const model = graph({ inputs: [a, b], outputs, backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 0.01 }), loss: 'meanSquaredError' });
    const numbers = () =>
      matrix(
        Float32Array.from({ length: 2 * HELD }, (_, i) => (i % 5) / 5),
        HELD,
        2,
      );
    const [held, y] = [[numbers(), numbers()] as const, new Float32Array(HELD)];
    const spoil = {
      onEpochEnd() {
        held[1].data[2 * 7 + 1] = value;
      },
    };
    const options = { epochs: 2, lint: false, validationData: [held, y], callbacks: [spoil] } as const;
    const fitting = model.fit([numbers(), numbers()], new Float32Array(HELD), options);
    const error: unknown = await fitting.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(ValueError);
    expect(`${error}`).toMatch(/validationData\[0\]\.second, row 7, column 1: expected a finite number, as it was/);
  });

  test('a loss that overflows by itself is a figure, not an error', async () => {
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend, seed: 1 });
    model.compile({ optimizer: sgd({ learningRate: 1e-9 }), loss: 'meanSquaredError' });
    const big = [[[1e30]], [-1e30]] as const;
    const { history } = await model.fit([[1]], [1], { validationData: big as never, lint: false });
    expect(history.valLoss).toEqual([Infinity]);
  });
});

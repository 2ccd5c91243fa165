import { expect } from 'vitest';
import * as data from '../../../src/data/index.js';
import * as m from '../../../src/index.js';
import { classifier, type Peer, unit, x, y } from './rows.js';

export const sklearn: Peer = {
  name: 'scikit-learn',
  same: [
    {
      theirs: '`MLPClassifier().fit(X, y)` on a table with texts',
      ours: "`await tabular({ target: 'y' }).fit(rows)`",
      check: async () => {
        const rows = Array.from({ length: 60 }, (_, i) => ({
          a: i % 7,
          b: i % 2 ? 'u' : 'v',
          y: i % 2 ? 'yes' : 'no',
        }));
        const pipeline = await data.tabular({ target: 'y', epochs: 20, members: 1 }).fit(rows);
        const classes = pipeline
          .predictTable([
            { a: 1, b: 'u' },
            { a: 1, b: 'v' },
          ])
          .toObjects()
          .map(({ y }) => y);
        expect(classes).toEqual(['yes', 'no']);
      },
    },
    {
      theirs: '`StandardScaler`, `OneHotEncoder`, `ColumnTransformer`',
      ours: '`preprocess({ columns, numbers: standardize(), categories: oneHot() })`',
      check: () => {
        const steps = data.preprocess({ numbers: data.standardize(), categories: data.oneHot() });
        expect(
          steps.fitTransform([
            { a: 1, b: 'u' },
            { a: 3, b: 'v' },
          ]).data,
        ).toEqual(Float32Array.of(-1, 1, 0, 1, 0, 1));
      },
    },
    {
      theirs: '`confusion_matrix(y, p)`',
      ours: '`confusionMatrix(y, predictions)`',
      check: () =>
        expect(m.confusionMatrix([0, 1, 1], m.matrix([[0.1], [0.9], [0.2]]))).toEqual([
          [1, 0],
          [1, 1],
        ]),
    },
    {
      theirs: '`KFold(n_splits=4)`',
      ours: '`kFold(rows, { folds: 4 })`',
      check: () => expect(data.kFold(20, { folds: 4 })).toHaveLength(4),
    },
    {
      theirs: '`LabelEncoder()`, `clf.classes_`, `clf.predict(X)`',
      ours: '`fit(x, labels)`, `model.classNames`, `model.predictClasses(x)`',
      check: async () => {
        const model = classifier();
        const labels = y.map((value) => (value ? 'up' : 'down'));
        await model.fit(x, labels, { lint: false });
        expect(model.classNames).toEqual(['down', 'up']);
        expect(model.predictClasses(x).every((name) => name === 'up' || name === 'down')).toBe(true);
      },
    },
    {
      theirs: "`class_weight='balanced'`",
      ours: "`classWeight: 'balanced'`",
      check: () => classifier().fit(x, y, { classWeight: 'balanced' }),
    },
    {
      theirs: '`partial_fit(X, y)`',
      ours: '`await model.partialFit(x, y)`',
      check: async () => {
        const model = unit(1);
        model.compile({ optimizer: m.sgd({ learningRate: 0.5 }), loss: 'meanSquaredError' });
        await model.partialFit([[1]], [3]);
        expect(model.predict([[1]]).data[0]).toBe(3);
      },
    },
    {
      theirs: "`MLPRegressor(solver='lbfgs')`",
      ours: '`compile({ optimizer: lbfgs(), loss })`, full batches',
      check: async () => {
        const model = unit(1);
        model.compile({ optimizer: m.lbfgs(), loss: 'meanSquaredError' });
        await model.fit([[1], [2], [3]], [2, 4, 6], { epochs: 10, batchSize: 3, lint: false });
        expect(model.predict([[10]]).data[0]).toBeCloseTo(20, 4);
      },
    },
  ],
  different: [
    {
      theirs: '`alpha` is divided by the rows of the batch',
      ours: '`l2(lambda)` is not: lambda times the sum of squares',
      finding: 'sklearn-alpha-grows-as-batches-shrink',
      check: () => {
        const model = unit(2, { kernelRegularizer: m.l2(0.5) });
        model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
        for (const rows of [1, 4]) {
          const zeros = Array.from({ length: rows }, () => [0]);
          expect(model.gradients(zeros, zeros.flat()).gradients['layers.0.kernel']!.data[0]).toBe(2);
        }
      },
    },
    {
      theirs: 'float64 where inputs are',
      ours: 'float32 weights and steps, sums of losses and metrics in float64',
      check: () => expect(unit(0.1).getWeights()['layers.0.kernel']!.data).toEqual(Float32Array.of(0.1)),
    },
    {
      theirs: 'training ends when the loss no longer improves (`tol`)',
      ours: 'after `epochs`, unless `earlyStopping` is among the callbacks',
      check: async () => expect((await classifier().fit(x, y, { epochs: 30 })).epoch).toHaveLength(30),
    },
  ],
};

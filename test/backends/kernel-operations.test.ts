import { describe, expect, test } from 'vitest';
import * as entry from '../../src/kernels-entry/index.js';
import {
  activationBackward,
  activationForward,
  type KernelSet,
  kernelOptimizer,
  lossAndGradient,
  openKernels,
  type Tensor,
} from '../../src/kernels-entry/index.js';
import { Random } from '../support/buffers.js';

const sets: readonly KernelSet[] = [await openKernels(), await openKernels({ backend: 'typescript' })];

const numbers = (n: number, seed: number) => {
  const random = new Random(seed);
  return Float32Array.from({ length: n }, () => 4 * random.uniform() - 2);
};

test('the gradient by the input is dy times the weights', () => {
  for (const { heap } of sets) {
    heap.reset();
    const [dy, kernel] = [heap.matrix(7, 9).set(numbers(63, 1)), heap.kernel(40, 9).set(numbers(360, 2))];
    const dx = heap.matrix(7, 40);
    entry.denseInputGradient({ dy, kernel, dx });
    const [d, w, found] = [dy.get(), kernel.get(), dx.get()];
    for (let r = 0; r < 7; r++) {
      for (let i = 0; i < 40; i++) {
        let sum = 0;
        for (let u = 0; u < 9; u++) sum += d[r * 9 + u]! * w[i * 9 + u]!;
        expect(found[r * 40 + i]).toBeCloseTo(sum, 4);
      }
    }
  }
});

test('batch normalization: moments, output and gradients, by central differences', () => {
  const [rows, columns] = [6, 3];
  const results = sets.map(({ heap }) => {
    heap.reset();
    const x = heap.matrix(rows, columns).set(numbers(18, 4));
    const [gamma, beta] = [heap.vector(columns).set([1, 2, -0.5]), heap.vector(columns).set([0, 1, 2])];
    const [mean, variance, dgamma, dbeta] = Array.from({ length: 4 }, () => heap.vector(columns)) as [
      Tensor,
      Tensor,
      Tensor,
      Tensor,
    ];
    const [y, dx, dy] = [heap.matrix(rows, columns), heap.matrix(rows, columns), heap.matrix(rows, columns)];
    dy.set(numbers(18, 5));
    /** The sum of the outputs, each times its number in dy. */
    const loss = () => {
      entry.batchNormalizationMoments({ x, mean, variance });
      entry.batchNormalizationForward({ x, mean, variance, gamma, beta, y, epsilon: 1e-3 });
      return y.get().reduce((sum, v, i) => sum + v * dy.get()[i]!, 0);
    };
    loss();
    entry.batchNormalizationBackward({ x, mean, variance, gamma, dy, dx, dgamma, dbeta, epsilon: 1e-3 });
    const found = [x, gamma, beta].map((tensor, t) => {
      const values = tensor.get();
      const analytic = [dx, dgamma, dbeta][t]!.get();
      values.forEach((value, i) => {
        const at = (v: number) => {
          tensor.set(values.map((old, k) => (k === i ? v : old)));
          return loss();
        };
        expect((at(value + 0.01) - at(value - 0.01)) / 0.02).toBeCloseTo(analytic[i]!, 1);
      });
      tensor.set(values);
      return [...analytic];
    });
    return [...found, [...y.get()]];
  });
  expect(results[0]).toEqual(results[1]);
});

test('norms count numbers and no padding', () => {
  for (const { heap } of sets) {
    heap.reset();
    const [a, b, result] = [heap.vector(3).set([3, 0, 0]), heap.kernel(1, 2).set([0, 4]), heap.scalar()];
    a.data.fill(9, 3);
    entry.gradientNorm({ gradients: a, result });
    expect(result.get()[0]).toBe(3);
    entry.gradientNorm({ gradients: [a, b], result });
    expect(result.get()[0]).toBe(5);
    const factor = heap.scalar();
    entry.clipFactor({ norm: result, limit: 1, factor });
    expect(factor.get()[0]).toBe(Math.fround(Math.fround(1) / (5 + 1e-6)));
  }
});

test('the learning rate: schedules, and one set by hand', () => {
  const { heap } = sets[0]!;
  heap.reset();
  const [parameter, gradient] = [heap.vector(1), heap.vector(1).set([1])];
  const optimizer = kernelOptimizer({
    optimizer: { name: 'sgd', learningRate: 0.5 } as never,
    parameters: [parameter],
    gradients: [gradient],
  });
  expect(optimizer.learningRate).toBe(0.5);
  optimizer.step();
  optimizer.learningRate = 0.25;
  optimizer.step();
  expect(parameter.get()[0]).toBe(-0.75);
  optimizer.learningRate = undefined;
  expect(optimizer.learningRate).toBe(0.5);
  expect(() => {
    optimizer.learningRate = Number.NaN;
  }).toThrow(/KernelOptimizer\.learningRate/);
});

test('a factor of NaN leaves parameters as they are', () => {
  for (const { heap } of sets) {
    heap.reset();
    const [parameter, gradient, factor] = [heap.vector(2).set([1, 2]), heap.vector(2).set([1, 1]), heap.scalar()];
    const { step } = kernelOptimizer({
      optimizer: 'adam',
      parameters: [parameter],
      gradients: [gradient],
      factor: factor.set([Number.NaN]),
    });
    step();
    expect([...parameter.get()]).toEqual([1, 2]);
  }
});

describe('errors', async () => {
  const { heap } = await openKernels();
  const other = await openKernels();
  const [x, kernel, y, bias] = [heap.matrix(4, 3), heap.kernel(3, 2), heap.matrix(4, 2), heap.vector(2)];
  const [labels, dy, scalar, foreign] = [heap.vector(4), heap.matrix(4, 2), heap.scalar(), other.heap.matrix(4, 2)];
  const loss = { loss: 'sparseCategoricalCrossentropy', y, targets: labels, dy, result: scalar } as const;
  const labelled = (...classes: number[]) => heap.vector(4).set(classes);
  const update = { optimizer: 'adam', parameters: [bias], gradients: [heap.vector(2)] } as const;

  test.each<[string, () => unknown, string, RegExp]>([
    [
      'no tensor',
      () => entry.denseForward({ x: [] as never, kernel, y }),
      'ValueError',
      /denseForward\.x.*array of length 0/,
    ],
    [
      'other columns',
      () => entry.denseForward({ x: y, kernel, y: dy }),
      'ShapeError',
      /denseForward\.x.*matrix of any x 3.*4 x 2/,
    ],
    [
      'another layout',
      () => entry.denseForward({ x, kernel: x, y }),
      'ShapeError',
      /denseForward\.kernel.*a kernel of/,
    ],
    [
      'other rows',
      () => entry.denseForward({ x, kernel, y: heap.matrix(5, 2) }),
      'ShapeError',
      /denseForward\.y.*matrix of 4 x 2/,
    ],
    [
      'a bias of other length',
      () => entry.denseForward({ x, kernel, y, bias: labels }),
      'ShapeError',
      /bias.*vector of 2.*vector of 4/,
    ],
    [
      'another heap',
      () => entry.denseForward({ x, kernel, y: foreign }),
      'ValueError',
      /denseForward\.y.*another heap/,
    ],
    [
      'an unknown activation',
      () => entry.denseForward({ x, kernel, y, activation: 'tanh' as never }),
      'UnknownNameError',
      /activation/,
    ],
    [
      'the output as an input',
      () => entry.denseInputGradient({ dy: heapSquare, kernel: squareKernel, dx: heapSquare }),
      'ValueError',
      /dx.*also an input/,
    ],
    [
      'an activation that is none',
      () => activationForward({ activation: 'tan' as never, x, y: x }),
      'UnknownNameError',
      /activationForward\.activation.*Did you mean 'tanh'/,
    ],
    [
      'no saved output',
      () => activationBackward({ activation: 'tanh', x: y, dy, dx: dy }),
      'ValueError',
      /activationBackward\.y.*output of the forward/,
    ],
    [
      'no saved input',
      () => activationBackward({ activation: 'gelu', y, dy, dx: dy }),
      'ValueError',
      /activationBackward\.x.*input of the forward/,
    ],
    ['no slopes', () => activationForward({ activation: 'prelu', x, y: x }), 'ValueError', /activationForward\.slopes/],
    [
      'a class too high',
      () => lossAndGradient({ ...loss, targets: labelled(0, 1, 2, 0) }),
      'ValueError',
      /lossAndGradient\.targets.*0 to 1, got 2 for row 2/,
    ],
    [
      'a class that is no whole number',
      () => lossAndGradient({ ...loss, targets: labelled(0, 0.5, 1, 0) }),
      'ValueError',
      /0\.5 for row 1/,
    ],
    [
      'a loss that is none',
      () => lossAndGradient({ ...loss, loss: 'mse2' as never }),
      'UnknownNameError',
      /lossAndGradient\.loss/,
    ],
    [
      'targets of other size',
      () => lossAndGradient({ ...loss, loss: 'huber' }),
      'ShapeError',
      /lossAndGradient\.targets/,
    ],
    ['a scale of NaN', () => lossAndGradient({ ...loss, scale: Number.NaN }), 'ValueError', /lossAndGradient\.scale/],
    [
      'an epsilon of 0',
      () =>
        entry.batchNormalizationForward({
          x: y,
          mean: bias,
          variance: bias,
          gamma: bias,
          beta: bias,
          y: dy,
          epsilon: 0,
        }),
      'ValueError',
      /epsilon/,
    ],
    [
      'a limit of 0',
      () => entry.clipFactor({ norm: scalar, limit: 0, factor: scalar }),
      'ValueError',
      /clipFactor\.limit/,
    ],
    [
      'no gradients',
      () => entry.gradientNorm({ gradients: [], result: scalar }),
      'ValueError',
      /gradientNorm\.gradients/,
    ],
    [
      'a matrix as a gradient',
      () => entry.gradientNorm({ gradients: x, result: scalar }),
      'ShapeError',
      /gradients\[0\].*kernel or vector/,
    ],
    [
      'an optimizer that is none',
      () => kernelOptimizer({ ...update, optimizer: 'adem' as never }),
      'UnknownNameError',
      /kernelOptimizer\.optimizer.*Did you mean 'adam'/,
    ],
    [
      'a solver',
      () => kernelOptimizer({ ...update, optimizer: 'lbfgs' as never }),
      'UnknownNameError',
      /kernelOptimizer\.optimizer/,
    ],
    [
      'too few gradients',
      () => kernelOptimizer({ ...update, gradients: [] }),
      'ShapeError',
      /kernelOptimizer\.gradients.*0 tensors/,
    ],
    [
      'gradients that are the parameters',
      () => kernelOptimizer({ ...update, gradients: [bias] }),
      'ValueError',
      /gradients\[0\]/,
    ],
    [
      'an unknown option',
      () => kernelOptimizer({ ...update, rate: 1 } as never),
      'UnknownNameError',
      /kernelOptimizer\.rate/,
    ],
    ['rows that are no number', () => heap.matrix('4' as never, 2), 'ValueError', /matrix\.rows/],
    ['a vector of nothing', () => heap.vector(0), 'ValueError', /vector\.length.*>= 1/],
    ['more than 4 GiB', () => heap.allocate(2 ** 30), 'HeapSizeError', /4\.00 GiB/],
    ['more than 4 GiB as a matrix', () => heap.matrix(2 ** 20, 2 ** 20), 'HeapSizeError', /limit/],
    ['too few numbers', () => x.set([1, 2]), 'ShapeError', /Tensor\.set\.values.*12.*2 numbers/],
    ['numbers that are none', () => x.set(5 as never), 'ShapeError', /Tensor\.set\.values.*got 5/],
  ])('%s', (_, run, name, message) => {
    expect(run).toThrow(expect.objectContaining({ name, message: expect.stringMatching(message) }));
  });

  const [heapSquare, squareKernel] = [heap.matrix(3, 3), heap.kernel(3, 3)];
});

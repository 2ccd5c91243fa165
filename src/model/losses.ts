import { lookUp, ShapeError, ValueError } from '../errors.js';
import type { Matrix } from '../matrix.js';
import type { Objective, Report } from '../program/compile.js';
import type { Emitter } from '../program/emitter.js';
import type { Tensor } from '../program/plan.js';
import { BUILD, type BuildsLoss, isCustom } from './custom.js';
import type { CustomLoss } from './expressions/custom.js';

interface Loss {
  /** The activation that must end the model, and is computed together with the loss. */
  readonly fuses?: 'softmax' | 'sigmoid';
  readonly targets: 'labels' | 'rows';
  readonly advice?: string;
  emit(emit: Emitter, y: Tensor, targets: Tensor, dy: Tensor, loss: Tensor): void;
  emitHits(emit: Emitter, y: Tensor, targets: Tensor, hits: Tensor, fused: boolean): void;
  /** Refuses targets outside the loss's domain; `units` is the width of the output. */
  check(targets: Matrix, units: number, argument: string): void;
}

type DenseTargets = 'categoricalCrossentropy' | 'binaryCrossentropy' | 'meanSquaredError';

const withRows =
  (kernel: DenseTargets) =>
  (emit: Emitter, y: Tensor, t: Tensor, dy: Tensor, loss: Tensor): void =>
    emit.call(kernel, y, t, dy, loss, y.rows, y.columns, y.stride, t.stride);

const binaryHits = (emit: Emitter, y: Tensor, t: Tensor, hits: Tensor, fused: boolean): void =>
  emit.call('binaryAccuracy', y, t, hits, y.rows, y.columns, y.stride, t.stride, fused ? 0 : 0.5);

const categoricalHits = (emit: Emitter, y: Tensor, t: Tensor, hits: Tensor): void =>
  emit.call('categoricalAccuracy', y, t, hits, y.rows, y.columns, y.stride, t.stride);

function refuse(targets: Matrix, argument: string, expected: string, bad: (value: number) => boolean): void {
  const { data, columns } = targets;
  for (let i = 0; i < data.length; i++) {
    if (!bad(data[i] as number)) continue;
    const place = columns === 1 ? `[${i}]` : `, row ${Math.floor(i / columns)}, column ${i % columns}`;
    throw new ValueError({ argument: `${argument}${place}`, given: String(data[i]), expected });
  }
}

const checkProbabilities = (targets: Matrix, _units: number, argument: string): void =>
  refuse(targets, argument, 'a target from 0 to 1', (v) => !(v >= 0 && v <= 1));

const losses = {
  /** Softmax crossentropy with one class index per row. */
  sparseCategoricalCrossentropy: {
    fuses: 'softmax',
    targets: 'labels',
    advice: 'For a single sigmoid output use binaryCrossentropy.',
    emit: (emit, y, t, dy, loss) =>
      emit.call('sparseCategoricalCrossentropy', y, t, dy, loss, y.rows, y.columns, y.stride),
    emitHits: (emit, y, t, hits) => emit.call('sparseCategoricalAccuracy', y, t, hits, y.rows, y.columns, y.stride),
    check: (targets, units, argument) =>
      refuse(
        targets,
        argument,
        `a class index from 0 to ${units - 1}`,
        (v) => !(v >= 0 && v < units && v === Math.floor(v)),
      ),
  },
  /** Softmax crossentropy with a row of class probabilities, one-hot or soft. */
  categoricalCrossentropy: {
    fuses: 'softmax',
    targets: 'rows',
    advice: 'For a single sigmoid output use binaryCrossentropy.',
    emit: withRows('categoricalCrossentropy'),
    emitHits: categoricalHits,
    check: checkProbabilities,
  },
  /** Sigmoid crossentropy, each output on its own; mean over rows and columns. */
  binaryCrossentropy: {
    fuses: 'sigmoid',
    targets: 'rows',
    advice: 'For two or more exclusive classes use softmax with sparseCategoricalCrossentropy.',
    emit: withRows('binaryCrossentropy'),
    emitHits: binaryHits,
    check: checkProbabilities,
  },
  /** Mean over rows and columns of (y - t)^2. */
  meanSquaredError: {
    targets: 'rows',
    emit: withRows('meanSquaredError'),
    emitHits: (emit, y, t, hits, fused) =>
      y.columns === 1 ? binaryHits(emit, y, t, hits, fused) : categoricalHits(emit, y, t, hits),
    check: () => {},
  },
} satisfies Record<string, Loss>;

export type LossName = keyof typeof losses;

/** A loss bound to a model's output. */
export interface BoundLoss extends Objective {
  readonly name: LossName | 'custom';
  /** Width of the output. */
  readonly units: number;
  /** Answers that one row can get right. */
  readonly hitsPerRow: number;
  /** Checks shape and values of targets. */
  check(targets: Matrix, rows: number, argument: string): void;
}

function bindCustom(loss: BuildsLoss, units: number): BoundLoss {
  const build = loss[BUILD];
  if (build) return build(loss, units);
  throw new ValueError({
    argument: 'loss',
    given: 'plain data of a custom loss',
    expected: 'what customLoss returns',
    hint: 'customLoss(spec) takes plain data.',
  });
}

/**
 * Binds a loss to a model that ends in `units` outputs of `activation`.
 * @throws UnknownNameError, or ValueError where the loss does not fit the output.
 */
export function bindLoss(given: LossName | CustomLoss, units: number, activation: string): BoundLoss {
  if (isCustom(given)) return bindCustom(given as CustomLoss, units);
  if (typeof given === 'function') {
    throw new ValueError({
      argument: 'loss',
      given: 'a function',
      expected: 'a name',
      hint: 'A function of your own: customLoss(...).',
    });
  }
  const name = given as LossName;
  const loss = lookUp<Loss>(losses, name, 'loss');
  if (loss.fuses !== undefined && loss.fuses !== activation) {
    throw new ValueError({
      argument: 'loss',
      given: `'${name}' on a model that ends in ${activation}`,
      expected: `a last layer with activation: '${loss.fuses}'`,
      ...(loss.advice === undefined ? {} : { hint: loss.advice }),
    });
  }
  if (loss.fuses === 'softmax' && units < 2) {
    throw new ValueError({
      argument: 'loss',
      given: `'${name}' on a model with 1 output`,
      expected: 'at least 2 outputs, one per class',
      hint: "For two classes in one output use activation: 'sigmoid' and binaryCrossentropy.",
    });
  }
  const columns = loss.targets === 'labels' ? 1 : units;
  return {
    name,
    units,
    hitsPerRow: loss.fuses === 'sigmoid' ? units : 1,
    fuses: loss.fuses,
    targets: loss.targets === 'labels' ? 'labels' : units,
    emit(emit, y, targets, report: Report) {
      const dy = emit.matrix('dy', units);
      loss.emit(emit, y, targets, dy, report.loss);
      return dy;
    },
    emitHits: loss.emitHits,
    check(targets, rows, argument) {
      if (targets.rows !== rows) {
        throw new ShapeError({
          argument,
          given: `${targets.rows} rows`,
          expected: `${rows}, as many as there are input rows`,
        });
      }
      if (targets.columns !== columns) {
        throw new ShapeError({
          argument,
          given: `${targets.columns} columns`,
          expected: columns === 1 ? '1 column' : `${columns} columns, one per output`,
          ...(loss.targets === 'labels' ? { hint: 'For one-hot rows use categoricalCrossentropy.' } : {}),
          ...(name === 'categoricalCrossentropy'
            ? { hint: 'For class indices use sparseCategoricalCrossentropy.' }
            : {}),
        });
      }
      loss.check(targets, units, argument);
    },
  };
}

import { checkOptions, ValueError } from '../../errors.js';
import { fillOptions } from '../../kernels/definition.js';
import { log } from '../../kernels/lib/elementary.js';
import type { MatrixLike } from '../../matrix.js';
import { accuracyDefinition } from './counted.js';
import { type Measure, metric } from './make-metric.js';
import type { Kind } from './metric.js';
import { averagePrecision, rocArea } from './ranking.js';
import { readSample, type Sample } from './sample.js';

const DECISIONS: readonly Kind[] = ['binary', 'classes', 'multiLabel'];
const THRESHOLD = { default: 0.5, min: 0, max: 1 };

/** The share of right answers, counted exactly: of rows, or of numbers where columns are labels; threshold 0.5. */
export const accuracy = /* @__PURE__ */ metric<'accuracy', object>('accuracy', {
  ...accuracyDefinition,
  compute: (sample) => {
    const { right, predicted, actual } = sample.counts(0.5);
    const answers = sample.rows * (sample.kind === 'multiLabel' ? sample.classes : 1);
    if (sample.kind !== 'multiLabel') return sum(right) / answers;
    return (answers - sum(predicted) - sum(actual) + 2 * sum(right)) / answers;
  },
});

/** Options of `topK`. */
export interface TopKOptions {
  /** The number of most probable classes that count; at most as many as there are, default 5. */
  readonly k: number;
}

/**
 * The share of rows whose class is among the k most probable; of equals the first counts as more probable, so that k =
 * 1 is the accuracy.
 */
export const topK = /* @__PURE__ */ metric<'topK', TopKOptions>('topK', {
  options: { k: { default: 5, min: 1, integer: true } },
  reads: 'scores',
  fits: ['classes'],
  best: 'max',
  check({ k }, _kind, classes) {
    if (k <= classes) return;
    throw new ValueError({
      argument: 'topK.k',
      given: String(k),
      expected: `at most ${classes}, the number of classes`,
    });
  },
  compute({ rows, classes, predictions: { data }, labels }, { k }) {
    let hits = 0;
    for (let r = 0; r < rows; r++) {
      const label = labels[r]!;
      const score = data[r * classes + label]!;
      let before = 0;
      for (let c = 0; c < classes; c++) {
        const other = data[r * classes + c]!;
        if (!(other < score) && (other !== score || c < label)) before++;
      }
      if (before < k) hits++;
    }
    return hits / rows;
  },
});

/** Options of `precision`, `recall` and `f1`. */
export interface AverageOptions {
  /**
   * 'macro' is the mean over classes (those that occur among targets or predictions) or labels, 'weighted' the same by
   * the rows of each, 'micro' counts all together, 'binary' is that of class 1 of two. Default 'auto': 'binary' for one
   * column, else 'macro'.
   */
  readonly average: 'auto' | 'macro' | 'micro' | 'weighted' | 'binary';
  /** The probability above which a column, of one or of labels, says yes; from 0 to 1, default 0.5. */
  readonly threshold: number;
}

const sum = (values: Float64Array): number => values.reduce((a, b) => a + b, 0);

function average({ kind, classes }: Sample, counts: ReturnType<Sample['counts']>, how: string, score: Score): number {
  const { right, predicted, actual } = counts;
  const of = (c: number) => score(right[c]!, predicted[c]!, actual[c]!);
  if (how === 'binary' || (how === 'auto' && kind === 'binary')) return of(1);
  if (how === 'micro') return score(sum(right), sum(predicted), sum(actual));
  let total = 0;
  let weights = 0;
  for (let c = 0; c < classes; c++) {
    const occurs = kind === 'multiLabel' || predicted[c]! + actual[c]! > 0;
    const weight = how === 'weighted' ? actual[c]! : Number(occurs);
    total += weight * of(c);
    weights += weight;
  }
  return ratio(total, weights);
}

type Score = (right: number, predicted: number, actual: number) => number;

const ratio = (a: number, b: number): number => (b === 0 ? 0 : a / b);

const averaged = (name: string, score: Score): Measure<AverageOptions> => ({
  options: {
    average: { default: 'auto', oneOf: ['auto', 'macro', 'micro', 'weighted', 'binary'] },
    threshold: THRESHOLD,
  },
  reads: 'decisions',
  fits: DECISIONS,
  best: 'max',
  check(options, kind, classes) {
    if (options.average !== 'binary' || (kind !== 'multiLabel' && classes === 2)) return;
    throw new ValueError({
      argument: `${name}.average`,
      given: `'binary' for ${classes} ${kind === 'multiLabel' ? 'labels' : 'classes'}`,
      expected: "'macro', 'micro' or 'weighted'",
    });
  },
  compute: (sample, options) => average(sample, sample.counts(options.threshold), options.average, score),
});

/** The share of the rows taken for a class that is of it, TP / (TP + FP); 0 where none was taken for it. */
export const precision = /* @__PURE__ */ metric<'precision', AverageOptions>(
  'precision',
  /* @__PURE__ */ averaged('precision', (right, predicted) => ratio(right, predicted)),
);

/** The share of the rows of a class that was taken for it, TP / (TP + FN); 0 where there is none of it. */
export const recall = /* @__PURE__ */ metric<'recall', AverageOptions>(
  'recall',
  /* @__PURE__ */ averaged('recall', (right, _, actual) => ratio(right, actual)),
);

/** The harmonic mean of precision and recall; 0 where both are. */
export const f1 = /* @__PURE__ */ metric<'f1', AverageOptions>(
  'f1',
  /* @__PURE__ */ averaged('f1', (right, predicted, actual) => ratio(2 * right, predicted + actual)),
);

/**
 * The area under the ROC curve, ties by half: of class 1 of two, else the mean over classes, each against the rest, or
 * over labels. NaN for a single class; of more, classes without a row or with all rows are left out of the mean.
 */
export const auc = /* @__PURE__ */ metric<'auc', object>('auc', {
  options: {},
  reads: 'scores',
  fits: DECISIONS,
  best: 'max',
  compute: rocArea,
});

/**
 * Average precision, the area under the steps of the precision-recall curve; means as of auc. 0 for a class without a
 * row.
 */
export const prAuc = /* @__PURE__ */ metric<'prAuc', object>('prAuc', {
  options: {},
  reads: 'scores',
  fits: DECISIONS,
  best: 'max',
  compute: averagePrecision,
});

/** The smallest distance from 0 and 1 that a probability has for a logarithm: float32's epsilon, as in scikit-learn. */
const CLIP = 2 ** -23;

const minusLog = (p: number): number => -log(p < CLIP ? CLIP : p > 1 - CLIP ? 1 - CLIP : p);

/**
 * Crossentropy from probabilities, which are kept 1.2e-7 away from 0 and 1, and rows not scaled to a sum of 1; the mean
 * over rows, and over labels.
 */
export const logLoss = /* @__PURE__ */ metric<'logLoss', object>('logLoss', {
  options: {},
  reads: 'probabilities',
  fits: DECISIONS,
  best: 'min',
  compute({ kind, rows, predictions: { data, columns }, targets }) {
    let total = 0;
    if (kind === 'classes' && targets.columns === 1) {
      for (let r = 0; r < rows; r++) total += minusLog(data[r * columns + targets.data[r]!]!);
      return total / rows;
    }
    for (let i = 0; i < rows * columns; i++) {
      const target = targets.data[i]!;
      if (target !== 0) total += target * minusLog(data[i]!);
      if (kind !== 'classes' && target !== 1) total += (1 - target) * minusLog(1 - data[i]!);
    }
    return total / (kind === 'classes' ? rows : rows * columns);
  },
});

/** Options of `ece`. */
export interface EceOptions {
  /** The number of bins of equal width; an integer of at least 1, default 15. */
  readonly bins: number;
}

/**
 * Expected calibration error (Guo et al. 2017): predictions fall by the probability of the predicted class into bins
 * of equal width, closed above; the mean distance of each bin's accuracy from its mean probability, by its rows. Each
 * label is a prediction of its own.
 */
export const ece = /* @__PURE__ */ metric<'ece', EceOptions>('ece', {
  options: { bins: { default: 15, min: 1, max: 65_536, integer: true } },
  reads: 'probabilities',
  fits: DECISIONS,
  best: 'min',
  compute(sample, { bins }) {
    const { kind, predictions } = sample;
    const { data, columns, rows } = predictions;
    // Each gap is the number of correct answers minus the sum of probabilities.
    const gaps = new Float64Array(bins);
    const answers = kind === 'classes' ? rows : rows * columns;
    for (let i = 0; i < answers; i++) {
      let confidence: number;
      let right: boolean;
      if (kind === 'classes') {
        const taken = sample.predictedClass(i, 0.5);
        confidence = data[i * columns + taken]!;
        right = taken === sample.labels[i];
      } else {
        const c = i % columns;
        const yes = data[i]! > 0.5;
        confidence = yes ? data[i]! : 1 - data[i]!;
        right = sample.isPositive((i - c) / columns, c) === yes;
      }
      if (Number.isNaN(confidence)) return confidence;
      gaps[Math.max(0, Math.ceil(confidence * bins) - 1)]! += Number(right) - confidence;
    }
    return gaps.reduce((total, gap) => total + Math.abs(gap), 0) / answers;
  },
});

/** Options of `confusionMatrix`. */
export interface ConfusionOptions {
  /** The probability above which a single column says class 1; default 0.5. */
  readonly threshold?: number;
}

/** Classes of a confusion matrix at most: 256 MB of counts. */
const MOST_CONFUSED = 5792;

/**
 * Counts how many rows of each class (a row of the result each) were taken for each class (a column each):
 * `counts[0][1]` are of class 0 and were taken for class 1. Takes what the metrics take, columns as exclusive classes.
 * @throws ShapeError, ValueError for targets and predictions that do not go together.
 */
export function confusionMatrix(yTrue: MatrixLike, yPred: MatrixLike, options: ConfusionOptions = {}): number[][] {
  checkOptions(options, ['threshold'], 'confusionMatrix');
  const { threshold } = fillOptions<Required<ConfusionOptions>>({ threshold: THRESHOLD }, options, 'confusionMatrix');
  const sample = readSample(yTrue, yPred, 'decisions', false);
  if (sample.classes > MOST_CONFUSED) {
    const expected = `at most ${MOST_CONFUSED}, of which memory has room for each pair`;
    throw new ValueError({ argument: 'yTrue', given: `${sample.classes} classes`, expected });
  }
  const counts = Array.from({ length: sample.classes }, () => new Array<number>(sample.classes).fill(0));
  for (let r = 0; r < sample.rows; r++) counts[sample.actualClass(r)]![sample.predictedClass(r, threshold)]!++;
  return counts;
}

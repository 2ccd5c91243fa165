// biome-ignore-all lint/suspicious/noTemplateCurlyInString: texts of code.
// Faults of fit, of its callbacks, and of what describes a network: layers, metrics, schedules, initializers, averaging.
// A row: id, file below src, what stands there, what is put in its place, the tests, what it would mean; then a test's name.

// biome-ignore format: a table, a mutant in a line.
const rows = [
  ['F22', 'callbacks/early-stopping', 'if (state.wait < patience ||', 'if (state.wait <= patience ||', ['fit/callbacks'], 'patience is an epoch longer'],
  ['F23', 'callbacks/early-stopping', 'if (baseline === undefined || monitor.better(value, baseline)) state.wait = 0;', 'state.wait = 0;', ['fit/callbacks'], 'baseline does nothing'],
  ['F24', 'callbacks/early-stopping', 'if (state.weights) model.setWeights(state.weights);', '', ['fit/callbacks'], 'restoreBestWeights does nothing'],
  ['F25', 'callbacks/early-stopping', 'epoch < startFromEpoch) return;', 'epoch <= startFromEpoch) return;', ['fit/callbacks'], 'startFromEpoch begins an epoch late'],
  ['F26', 'callbacks/learning-rate', 'Math.max(learningRate * factor, minLearningRate)', 'learningRate * factor', ['fit/callbacks'], 'the rate falls below minLearningRate'],
  ['F27', 'callbacks/learning-rate', 'state.cooling = cooldown;', '', ['fit/callbacks'], 'cooldown does nothing'],
  ['F28', 'callbacks/learning-rate', 'minDelta = 1e-4 } = options;', 'minDelta = 0 } = options;', ['fit/callbacks'], 'any improvement resets the patience of a plateau'],
  ['F29', 'callbacks/model-checkpoint', 'String(epoch + 1).padStart', 'String(epoch).padStart', ['fit/callbacks'], 'file names count epochs from 0'],
  ['F30', 'callbacks/model-checkpoint', 'if (++state.seen % every > 0) return;', 'if (state.seen++ % every > 0) return;', ['fit/callbacks'], 'every second epoch begins with the first'],
  ['F31', 'callbacks/model-checkpoint', 'await save(model, path, { training: !saveWeightsOnly });', 'await save(model, path, { training: saveWeightsOnly });', ['fit/callbacks'], 'checkpoints leave the state of training out'],
  ['F32', 'callbacks/monitor', 'if (Number.isNaN(value)) return false;', '', ['fit/monitors'], 'the first NaN is the best of all'],
  ['F33', 'callbacks/monitor', 'this.#sign * value + this.#minDelta < this.#sign * than', 'this.#sign * value + this.#minDelta <= this.#sign * than', ['fit/callbacks'], 'an equal loss counts as better'],
  ['F34', 'callbacks/backup-and-restore', 'if (deleteCheckpoint) await remove(path);', '', ['fit/callbacks'], 'a backup stays, and the next program begins where this one ended'],
  ['F36', 'nn/metrics/classification', "const occurs = kind === 'multiLabel' || predicted[c]! + actual[c]! > 0;", 'const occurs = true;', ['nn/metrics-values'], 'classes that do not occur lower macro averages'],
  ['F37', 'nn/metrics/classification', 'ratio(2 * right, predicted + actual)', 'ratio(right, predicted + actual)', ['nn/metrics-values'], 'f1 is half of itself'],
  ['F38', 'nn/metrics/classification', 'if (before < k) hits++;', 'if (before <= k) hits++;', ['nn/metrics-values'], 'top 5 looks at six'],
  ['F39', 'nn/metrics/classification', 'Math.ceil(confidence * bins) - 1', 'Math.floor(confidence * bins) - 1', ['nn/metrics-values'], 'bins of calibration are shifted by one'],
  ['F40', 'nn/metrics/classification', 'if (!(other < score) && (other !== score || c < label)) before++;', 'if (other > score) before++;', ['nn/metrics-values'], 'of equal scores every one is in the top'],
  ['F41', 'nn/metrics/classification', 'const CLIP = 2 ** -23;', 'const CLIP = 2 ** -53;', ['nn/metrics-values'], 'logLoss of a sure mistake is not that of scikit-learn'],
  ['F42', 'nn/metrics/ranking', 'right += same * (othersLower + othersSame / 2);', 'right += same * (othersLower + othersSame);', ['nn/metrics-values'], 'ties count as right in the area under ROC'],
  ['F43', 'nn/metrics/ranking', "const begin = kind === 'classes' && classes === 2 ? 1 : 0;", 'const begin = 0;', ['nn/metrics-values'], 'prAuc of two classes is a mean with that of the first'],
  ['F44', 'nn/metrics/regression', 'return there === 0 ? Number(left === 0) : 1 - left / there;', 'return 1 - left / there;', ['nn/metrics-values'], 'r2 of a constant target is NaN'],
  ['F45', 'nn/metrics/regression', 'if (rows < 2) return Number.NaN;', '', ['nn/metrics-values'], 'r2 of one row is 0 or 1'],
  ['F49', 'nn/optimizers/schedules', 'Math.min(t / decaySteps, 1)) + alpha)', 't / decaySteps) + alpha)', ['nn/schedules'], 'cosine decay rises again after its end'],
  ['F50', 'nn/optimizers/schedules', 'if (t >= warmupSteps) return then(t - warmupSteps);', 'if (t >= warmupSteps) return then(t);', ['nn/schedules'], 'warm-up eats into the schedule after it'],
  ['F51', 'nn/optimizers/schedules', 'const peak = Math.max(pctStart * totalSteps - 1, 0);', 'const peak = pctStart * totalSteps;', ['nn/schedules'], 'one cycle peaks a step late'],
  ['F52', 'nn/optimizers/schedules', 'const top = initialLearningRate * power(mMul, period);', 'const top = initialLearningRate * power(tMul, period);', ['nn/schedules'], 'restarts are scaled by the wrong option'],
  ['F53', 'nn/optimizers/lbfgs', 'if (history.length === historySize) history.shift();', '', ['nn/lbfgs'], 'historySize does nothing'],
  ['F55', 'nn/initializers/initializers', 'const TRUNCATED_DEVIATION = 0.87962566103423978;', 'const TRUNCATED_DEVIATION = 1;', ['nn/initializers'], 'truncated scaling is narrower than in Keras'],
  ['F56', 'nn/initializers/initializers', "even('glorotUniform', (fanIn, fanOut) => Math.sqrt(6 / (fanIn + fanOut)))", "even('glorotUniform', (fanIn, fanOut) => Math.sqrt(6 / fanIn + fanOut * 0))", ['nn/initializers'], 'glorotUniform leaves the fan out away'],
  ['F57', 'nn/initializers/initializers', 'w[i * fanOut + i] = gain;', 'w[i * fanIn + i] = gain;', ['nn/initializers'], 'identity of a matrix that is not square is none'],
  ['F58', 'nn/initializers/initialization', 'const { seed: own = seed } = spec as { readonly seed?: number };', 'const own = seed;', ['nn/initializers'], "an initializer's own seed does nothing"],
  ['F59', 'nn/regularizers', 'penalty: ({ lambda }) => ({ l1: 0, l2: lambda })', 'penalty: ({ lambda }) => ({ l1: 0, l2: lambda / 2 })', ['nn/regularization'], 'l2 is that of other libraries, not of Keras'],
  ['F64', 'nn/layers/gaussian-dropout', 'const deviation = Math.sqrt(rate / (1 - rate));', 'const deviation = rate / (1 - rate);', ['nn/noise'], 'gaussianDropout of rate 0.1 is a third as strong'],
];

export const mutants = rows.map(([id, file, from, to, tests, what, only]) => ({
  id,
  what,
  file: `src/${file}.ts`,
  from,
  to,
  tests: tests.map((name) => `test/${name}.test.ts`),
  ...(only && { only }),
}));

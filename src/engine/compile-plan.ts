import { checkOptions, ValueError } from '../errors.js';
import type { ClassNames } from '../nn/class-names.js';
import { bindLoss, type LossOption, type LossWeights, lossPerOutput, weightPerOutput } from '../nn/losses.js';
import { bindMetrics, type Metrics } from '../nn/metrics/registry.js';
import type { OptimizerName } from '../nn/names.js';
import { makeOptimizer, type OptimizerSpec } from '../nn/optimizers/optimizers.js';
import { type Network, outputLayer } from '../program/network.js';
import { rare } from '../rare.js';
import type { TrainingOptions } from './training-plan.js';
import { PLAIN_UPDATE, type UpdateOptions, updateOptionNames } from './update-options.js';

/** Options of `compile`. */
export interface CompileOptions<M extends Metrics = Metrics> extends UpdateOptions {
  /** A name or, with options, what a function such as `adam` returns. */
  readonly optimizer: OptimizerName | OptimizerSpec;
  /** A name or, with options, what a function such as `huber` returns. Of several outputs one for all, one for each in order, or one for each by name. */
  readonly loss: LossOption;
  /**
   * The weights of the losses of several outputs in their sum, in order or by name; finite and not below 0, default 1.
   */
  readonly lossWeights?: LossWeights;
  /**
   * Names or what metrics return, such as f1({ average: 'micro' }): a list for every output, or one for each by name.
   * Default: none.
   */
  readonly metrics?: M;
  /**
   * The names of the classes, in the order of the output's columns, or for one column those of the classes 0 and 1; of several
   * outputs an object by output. Become `model.classNames`; default: it stays as it is.
   */
  readonly classNames?: ClassNames;
}

/**
 * Returns the options of `compile`, checked and bound to a network.
 * @throws ValueError for options that do not fit the network or each other.
 */
export function planCompile(network: Network, options: CompileOptions): TrainingOptions {
  checkOptions(options, ['optimizer', 'loss', 'lossWeights', 'metrics', 'classNames', ...updateOptionNames], 'compile');
  const optimizer = makeOptimizer(options.optimizer);
  const plain = updateOptionNames.every((name) => options[name] === undefined);
  const plan = plain ? PLAIN_UPDATE : rare().planUpdate(options);
  optimizer.solver?.check(options, network.parameters);
  for (const { layer } of network.nodes) {
    if (layer.parameters.some(({ trainable }) => trainable)) layer.tables?.check(layer.name, options, optimizer);
  }
  const names = network.outputs.map(({ name }) => name);
  const weights = weightPerOutput(options.lossWeights, names);
  const losses = lossPerOutput(options.loss, names).map((loss, i) => {
    const { units, activation = 'linear', activityPenalty } = outputLayer(network, i);
    const bound = bindLoss(loss, units, activation, weights[i]);
    if (bound.fuses !== undefined && activityPenalty) {
      throw new ValueError({
        argument: 'loss',
        given: `'${bound.name}' on a model whose last layer has an activityRegularizer`,
        expected: `a last layer without, since the loss computes its ${bound.fuses}`,
      });
    }
    return bound;
  });
  const shapes = losses.map(({ units, targets }, i) => {
    return { name: names[i] as string, units, activation: outputLayer(network, i).activation ?? 'linear', targets };
  });
  return { optimizer, losses, metrics: bindMetrics(options.metrics, shapes), ...plan };
}

import { checkOptions, ValueError } from '../errors.js';
import { bindLoss, lossPerOutput, weightPerOutput } from '../model/losses.js';
import { bindMetrics } from '../model/metrics/table.js';
import { makeOptimizer } from '../model/optimizers.js';
import { type Network, outputLayer } from '../program/compile.js';
import type { Parameter } from '../program/layer.js';
import type { CompileOptions } from './model-types.js';
import type { TrainingOptions } from './training-plan.js';
import { checkTables, planUpdate, updateOptionNames } from './update-options.js';

/** Line searches know one rate for all weights. */
function checkMultipliers(optimizer: string, parameters: readonly Parameter[]): void {
  const parameter = parameters.find((p) => p.trainable && p.learningRateMultiplier !== 1);
  if (!parameter) return;
  throw new ValueError({
    argument: `${parameter.name.replace(/\.[^.]*$/, '')}.learningRateMultiplier`,
    given: `${parameter.learningRateMultiplier} with ${optimizer}`,
    expected: '1',
  });
}

/** The options of `compile`, checked and bound to a network. */
export function planCompile(network: Network, options: CompileOptions): TrainingOptions {
  checkOptions(options, ['optimizer', 'loss', 'lossWeights', 'metrics', ...updateOptionNames], 'compile');
  const optimizer = makeOptimizer(options.optimizer);
  const plan = planUpdate(options, optimizer);
  checkTables(options, optimizer, network.parameters);
  if (optimizer.solver) checkMultipliers(optimizer.spec.name, network.parameters);
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

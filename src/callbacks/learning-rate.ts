import { checkNumber, checkOptions, show, ValueError } from '../errors.js';
import type { Callback } from './interfaces.js';
import { Monitor, type MonitorOptions } from './monitor.js';
import { withRecipe } from './recipe.js';

/** Options of `reduceLROnPlateau`. */
export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** The factor that the rate is multiplied by, at least 0 and below 1; default 0.1. */
  readonly factor?: number;
  /** Epochs without a better value before it is; default 10. */
  readonly patience?: number;
  /** Epochs after that in which nothing is counted; default 0. */
  readonly cooldown?: number;
  /** The least rate; default 0. */
  readonly minLearningRate?: number;
}

/**
 * Lowers the learning rate when a number no longer gets better; as in Keras, with `minDelta` 0.0001 unless given. Unlike in
 * Keras the best value lasts from one `fit` to the next; what was waited for and cooled down begins anew.
 */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): Callback {
  const names = ['monitor', 'mode', 'minDelta', 'factor', 'patience', 'cooldown', 'minLearningRate'];
  checkOptions(options, names, 'reduceLROnPlateau');
  const { factor = 0.1, patience = 10, cooldown = 0, minLearningRate = 0, minDelta = 1e-4 } = options;
  checkNumber(factor, 'reduceLROnPlateau.factor', { min: 0, below: 1 });
  checkNumber(patience, 'reduceLROnPlateau.patience', { min: 0, integer: true });
  checkNumber(cooldown, 'reduceLROnPlateau.cooldown', { min: 0, integer: true });
  checkNumber(minLearningRate, 'reduceLROnPlateau.minLearningRate', { min: 0 });
  checkNumber(minDelta, 'reduceLROnPlateau.minDelta', { min: 0 });
  const monitor = new Monitor({ ...options, minDelta }, 'reduceLROnPlateau');
  const fresh = (best?: number) => ({ wait: 0, cooling: 0, best });
  let state = fresh();
  const callback: Callback = {
    name: 'reduceLROnPlateau',
    getState: () => ({ ...state }),
    setState(saved) {
      state = { ...fresh(), ...(saved as typeof state) };
    },
    setParams: (params) => monitor.check(params),
    onTrainBegin() {
      state = fresh(state.best);
    },
    onEpochEnd(_, logs, model) {
      const value = monitor.read(logs);
      if (value === undefined) return;
      if (state.cooling > 0) {
        state.cooling--;
        state.wait = 0;
      }
      if (monitor.better(value, state.best ?? monitor.worst)) {
        state.best = value;
        state.wait = 0;
      } else if (state.cooling === 0 && ++state.wait >= patience) {
        const { learningRate } = model;
        if (learningRate <= minLearningRate) return;
        model.learningRate = Math.max(learningRate * factor, minLearningRate);
        state.cooling = cooldown;
        state.wait = 0;
      }
    },
  };
  return withRecipe(callback, { name: 'reduceLROnPlateau', args: [options], lasts: true });
}

/**
 * Sets the learning rate before each epoch to what a function of the epoch and the present rate returns; as in Keras.
 * @throws ValueError for anything but a function.
 */
export function learningRateScheduler(schedule: (epoch: number, learningRate: number) => number): Callback {
  if (typeof schedule !== 'function') {
    const expected = 'a function of the epoch and the rate';
    throw new ValueError({ argument: 'learningRateScheduler.schedule', given: show(schedule), expected });
  }
  return {
    name: 'learningRateScheduler',
    onEpochBegin(epoch, model) {
      const rate = schedule(epoch, model.learningRate);
      model.learningRate = checkNumber(rate, `learningRateScheduler.schedule(${epoch})`, { min: 0 });
    },
  };
}

import { checkNumber, checkOptions, show, ValueError } from '../errors.js';
import type { Weights } from '../nn/parameters.js';
import type { Callback } from './interfaces.js';
import { Monitor, type MonitorOptions } from './monitor.js';
import { withRecipe } from './recipe.js';

/** Options of `earlyStopping`. */
export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without a better value before training stops; default 0. */
  readonly patience?: number;
  /** A value that must be passed within `patience` epochs, in the unit of `monitor`; default none. */
  readonly baseline?: number;
  /** Leave the model with the weights of the best epoch, however training ends; default false. */
  readonly restoreBestWeights?: boolean;
  /** Epochs before this one do not count; default 0. */
  readonly startFromEpoch?: number;
}

/** Stops training when a number no longer gets better; as in Keras. `stoppedEpoch` says when, 0 if it did not. */
export interface EarlyStopping extends Callback {
  /** The epoch, from 0 on, whose end stopped training; 0 where nothing did. */
  readonly stoppedEpoch: number;
  /** The best value of `monitor` in the last run, in its unit; undefined before there is one. */
  readonly best: number | undefined;
  /** The epoch of `best`, from 0 on; 0 before there is one. */
  readonly bestEpoch: number;
}

interface State {
  wait: number;
  stoppedEpoch: number;
  best: number | undefined;
  bestEpoch: number;
  weights: Weights | undefined;
}

/**
 * Stops training when a number no longer gets better; as in Keras.
 * @throws ValueError, UnknownNameError for options of another kind or out of range.
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): EarlyStopping {
  const names = ['monitor', 'mode', 'minDelta', 'patience', 'baseline', 'restoreBestWeights', 'startFromEpoch'];
  checkOptions(options, names, 'earlyStopping');
  const { patience = 0, baseline, restoreBestWeights = false, startFromEpoch = 0, minDelta = 0 } = options;
  checkNumber(patience, 'earlyStopping.patience', { min: 0, integer: true });
  checkNumber(startFromEpoch, 'earlyStopping.startFromEpoch', { min: 0, integer: true });
  checkNumber(minDelta, 'earlyStopping.minDelta');
  if (baseline !== undefined) checkNumber(baseline, 'earlyStopping.baseline');
  if (typeof restoreBestWeights !== 'boolean') {
    const argument = 'earlyStopping.restoreBestWeights';
    throw new ValueError({ argument, given: show(restoreBestWeights), expected: 'true or false' });
  }
  const monitor = new Monitor(options, 'earlyStopping');
  const fresh = (): State => ({ wait: 0, stoppedEpoch: 0, best: undefined, bestEpoch: 0, weights: undefined });
  let state = fresh();
  const callback: EarlyStopping = {
    name: 'earlyStopping',
    get stoppedEpoch() {
      return state.stoppedEpoch;
    },
    get best() {
      return state.best;
    },
    get bestEpoch() {
      return state.bestEpoch;
    },
    getState: () => ({ ...state }),
    setState(saved) {
      state = { ...fresh(), ...(saved as State) };
    },
    setParams: (params) => monitor.check(params),
    onTrainBegin() {
      state = fresh();
    },
    onEpochEnd(epoch, logs, model) {
      const value = monitor.read(logs);
      if (value === undefined || epoch < startFromEpoch) return;
      state.wait++;
      if (monitor.better(value, state.best)) {
        state.best = value;
        state.bestEpoch = epoch;
        if (restoreBestWeights) state.weights = model.getWeights();
        if (baseline === undefined || monitor.better(value, baseline)) state.wait = 0;
        return;
      }
      // The first value has nothing to be compared with, so NaN there means nothing yet.
      if (state.wait < patience || (state.best === undefined && state.wait === 1)) return;
      state.stoppedEpoch = epoch;
      model.stopTraining = true;
    },
    onTrainEnd(_, model) {
      if (state.weights) model.setWeights(state.weights);
    },
  };
  return withRecipe(callback, { name: 'earlyStopping', args: [options] });
}

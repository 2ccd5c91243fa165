import { nearest, show, UnknownNameError, ValueError } from '../errors.js';
import type { Direction } from '../nn/metrics/metric.js';
import { metricModes } from '../nn/metrics/modes.js';
import type { Logs } from '../passes/logs.js';
import type { FitParams } from './interfaces.js';

/** Options of callbacks that watch a number. */
export interface MonitorOptions {
  /** A name in the logs of an epoch; default `valLoss`. */
  readonly monitor?: string;
  /**
   * Says whether less or more is better; default 'auto', which knows it of all of Myelin's losses and metrics, whatever
   * their labels.
   */
  readonly mode?: 'auto' | 'min' | 'max';
  /** The least change that counts as better, in the unit of `monitor`; default 0, of `reduceLROnPlateau` 1e-4. */
  readonly minDelta?: number;
}

/** Numbers of `fit` that are no metrics; the least is the best. */
const OTHERS = ['loss', 'penalty', 'gradientNorm', 'learningRate'];

/**
 * Guesses the direction from the name of a metric of Myelin, for callbacks that are called by hand: `fit` says it of
 * its own numbers.
 */
function modeByName(name: string): Direction | undefined {
  const endsLike = (known: string) => name.toLowerCase().endsWith(known.toLowerCase());
  const [, mode] = Object.entries(metricModes).find(([known]) => endsLike(known)) ?? [];
  return mode ?? (OTHERS.some(endsLike) ? 'min' : undefined);
}

/** A number that is watched, and what better means. */
export class Monitor {
  readonly name: string;
  readonly #minDelta: number;
  readonly #given: 'auto' | 'min' | 'max';
  #sign = 0;

  constructor(
    { monitor = 'valLoss', mode = 'auto', minDelta = 0 }: MonitorOptions,
    private readonly callback: string,
  ) {
    if (typeof monitor !== 'string') {
      throw new ValueError({
        argument: `${callback}.monitor`,
        given: show(monitor),
        expected: 'a name such as valLoss',
      });
    }
    if (mode !== 'auto' && mode !== 'min' && mode !== 'max') {
      throw new ValueError({ argument: `${callback}.mode`, given: show(mode), expected: "'auto', 'min' or 'max'" });
    }
    this.name = monitor;
    this.#minDelta = Math.abs(minDelta);
    this.#given = mode;
    if (mode !== 'auto') this.#sign = mode === 'min' ? 1 : -1;
  }

  /** @throws UnknownNameError where no epoch has the number; ValueError where 'auto' does not know what better means. */
  check({ logs, modes }: FitParams): void {
    const { name, callback } = this;
    if (!logs.includes(name)) {
      const camel = name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
      const guess = logs.includes(camel) ? camel : nearest(name, logs);
      const hint = /^val/.test(name) && !logs.some((other) => /^val[A-Z]/.test(other));
      throw new UnknownNameError({
        argument: `${callback}.monitor`,
        given: show(name),
        expected: `one of ${logs.join(', ')}`,
        ...(hint
          ? { hint: 'Give fit validationData or validationSplit.' }
          : guess === undefined
            ? {}
            : { hint: `Did you mean '${guess}'?` }),
      });
    }
    if (this.#given !== 'auto') return;
    const best = modes && Object.hasOwn(modes, name) ? modes[name] : modeByName(name);
    if (best === undefined) {
      const expected = "'min' or 'max', since the name does not tell";
      throw new ValueError({ argument: `${callback}.mode`, given: `'auto' for ${show(name)}`, expected });
    }
    this.#sign = best === 'min' ? 1 : -1;
  }

  /** undefined in an epoch that was not validated. */
  read(logs: Logs): number | undefined {
    return logs[this.name];
  }

  /** The infinity that every other value is better than. */
  get worst(): number {
    return this.#sign * Infinity;
  }

  /**
   * Returns whether a value is better than another, by more than the least difference. NaN is better than nothing, and
   * every other value is better than NaN or none.
   */
  better(value: number, than: number | undefined): boolean {
    if (Number.isNaN(value)) return false;
    if (than === undefined || Number.isNaN(than)) return true;
    return this.#sign * value + this.#minDelta < this.#sign * than;
  }
}

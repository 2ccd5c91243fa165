import type { Logs } from '../passes/logs.js';

/** Holds what `fit` reports: `history[name][i]` is the value at the end of epoch `epoch[i]`. */
export interface History {
  /** The numbers of the epochs that were trained, from 0 on (from `initialEpoch` on where that is given). */
  readonly epoch: number[];
  /**
   * `loss`, metrics, `penalty`, `gradientNorm`, `learningRate`, and of validation `valLoss` and so on, which have fewer
   * entries where `validationFreq` leaves epochs out.
   */
  readonly history: Record<string, number[]>;
  /** The seconds that each epoch took, validation included; the one thing here that differs from run to run. */
  readonly seconds: number[];
}

/** Adds what an epoch reports. */
export function recordEpoch(into: History, epoch: number, logs: Logs, seconds: number): void {
  into.epoch.push(epoch);
  into.seconds.push(seconds);
  for (const [name, value] of Object.entries(logs)) {
    const values = into.history[name];
    if (values) values.push(value);
    else into.history[name] = [value];
  }
}

export function copyHistory({ epoch, history, seconds }: History): History {
  const lists = Object.entries(history).map(([name, values]) => [name, [...values]]);
  return { epoch: [...epoch], history: Object.fromEntries(lists), seconds: [...seconds] };
}

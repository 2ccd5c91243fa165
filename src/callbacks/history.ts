import type { Logs, Occasional } from '../passes/logs.js';

/** Lists of numbers by name, an entry for each epoch; those of validation where `fit` validates. */
export type HistoryLists<Names extends string = string, Validates extends boolean = boolean> = string extends Names
  ? Record<string, number[]>
  : Record<'loss' | 'learningRate' | Names, number[]> &
      Partial<Record<Occasional, number[]>> &
      (true extends Validates
        ? false extends Validates
          ? Partial<Record<`val${Capitalize<'loss' | 'penalty' | Names>}`, number[]>>
          : Record<`val${Capitalize<'loss' | Names>}`, number[]> & Partial<Record<'valPenalty', number[]>>
        : unknown);

/** Options by which `fit` validates after epochs: a history has numbers of validation then. */
export type Validating =
  | {
      /** Rows or batches to evaluate after epochs. */
      readonly validationData: object;
    }
  | {
      /** The share of rows to evaluate after epochs. */
      readonly validationSplit: number;
    };

/** Holds what `fit` reports: `history[name][i]` is the value at the end of epoch `epoch[i]`. */
export interface History<Names extends string = string, Validates extends boolean = boolean> {
  /** The numbers of the epochs that were trained, from 0 on (from `initialEpoch` on where that is given). */
  readonly epoch: number[];
  /**
   * `loss`, metrics, `penalty`, `gradientNorm`, `learningRate`, and of validation `valLoss` and so on, which have fewer
   * entries where `validationFreq` leaves epochs out.
   */
  readonly history: HistoryLists<Names, Validates>;
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

import { checkOptions, show, ValueError } from '../errors.js';
import type { Callback } from './interfaces.js';

/** Options of `progress`. */
export interface ProgressOptions {
  /** 'bar' redraws a line with a bar, 'lines' writes one line per epoch; default 'auto', a bar on a terminal. */
  readonly mode?: 'auto' | 'bar' | 'lines';
  /** Default standard output or, where there is none, the console. */
  readonly write?: (text: string) => void;
  /** Width of the terminal; default what it says, or 80. */
  readonly columns?: number;
}

/** Shows how training goes: a bar with the mean loss of the epoch so far and the time left, or a line per epoch. */
export function progress(options: ProgressOptions = {}): Callback {
  checkOptions(options, ['mode', 'write', 'columns'], 'progress');
  const { mode = 'auto' } = options;
  if (mode !== 'auto' && mode !== 'bar' && mode !== 'lines') {
    throw new ValueError({ argument: 'progress.mode', given: show(mode), expected: "'auto', 'bar' or 'lines'" });
  }
  let shown: Callback | undefined;
  return {
    name: 'progress',
    async setParams(params) {
      const { makeProgress } = await import('./bar.js');
      shown = makeProgress(options);
      shown.setParams?.(params);
    },
    onTrainBegin: (model) => shown?.onTrainBegin?.(model),
    onEpochBegin: (epoch, model) => shown?.onEpochBegin?.(epoch, model),
    ...(mode !== 'lines' && { onBatchEnd: (batch, logs, model) => shown?.onBatchEnd?.(batch, logs, model) }),
    onEpochEnd: (epoch, logs, model) => shown?.onEpochEnd?.(epoch, logs, model),
    onAbort: (reason, model) => shown?.onAbort?.(reason, model),
  };
}

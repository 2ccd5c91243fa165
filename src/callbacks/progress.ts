import { checkOptions, show, ValueError } from '../errors.js';
import type { ProgressOptions } from './bar.js';
import type { Callback } from './interfaces.js';

/**
 * Shows how training goes: a bar with the mean loss of the epoch so far and the time left, or a line per epoch.
 * @throws ValueError for a mode that does not exist.
 */
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

import { checkOptions, show, ValueError } from '../../errors.js';
import { checkSignal } from '../../fit/on-abort.js';
import type { FitTabularOptions } from './design.js';

const NAMES = ['callbacks', 'signal', 'checkpoint', 'checkpointEvery', 'resume', 'remark'] as const;

/** Sees to it that what is wanted along the way can be had, before training. @throws ValueError */
export function checkWatch(watch: FitTabularOptions): void {
  checkOptions(watch, NAMES, 'fit');
  checkSignal(watch.signal);
  for (const argument of ['callbacks', 'remark'] as const) {
    const given: unknown = watch[argument];
    if (given === undefined || typeof given === 'function') continue;
    const expected = argument === 'callbacks' ? 'a function that returns the callbacks of a network' : 'a function';
    throw new ValueError({ argument, given: show(given), expected });
  }
  for (const argument of ['checkpoint', 'resume'] as const) {
    const given: unknown = watch[argument];
    if (given === undefined || (typeof given === 'object' && given !== null)) continue;
    if (typeof given === 'string' && given !== '') continue;
    throw new ValueError({ argument, given: show(given), expected: 'a path, a file URL or a stream' });
  }
}

import type { Callback } from '../../callbacks/interfaces.js';
import { checkOptions, show, ValueError } from '../../errors.js';
import { checkSignal } from '../../fit/on-abort.js';
import type { LoadSource, SaveTarget } from '../../io/save.js';
import type { Design } from './design.js';
import type { CheckpointEvery } from './pauses.js';

/** Options of `tabular(...).fit`. */
export interface FitTabularOptions {
  /**
   * Is called before training begins with each remark on the target and on numbers that may stand for a missing value,
   * which the record keeps among its notes, too. Default: none.
   */
  readonly remark?: (text: string) => void;
  /** Ends training after the present batch; what was trained so far is kept, with the best weights. Default: none. */
  readonly signal?: AbortSignal;
  /**
   * The place to save what it takes to go on, when the signal ends training and as often as `checkpointEvery` says.
   * Default: none.
   */
  readonly checkpoint?: SaveTarget;
  /** The interval at which `checkpoint` is saved during training, for a process that may be killed; default: never. */
  readonly checkpointEvery?: CheckpointEvery;
  /**
   * A file of `checkpoint` to go on from. Given the same rows and options training goes on where it stood, and ends in
   * the same bits. Default: begin anew.
   */
  readonly resume?: LoadSource;
  /** Returns callbacks for each member's training; called again after each checkpoint on the way. Default: none. */
  readonly callbacks?: (member: number, design: Design) => readonly Callback[];
  /** Is told before training on how many threads so many members train. Default: none. */
  readonly onThreads?: (threads: number, members: number) => void;
}

const NAMES = ['callbacks', 'signal', 'checkpoint', 'checkpointEvery', 'resume', 'remark', 'onThreads'] as const;

/** Sees to it that what is wanted along the way can be had, before training. @throws ValueError */
export function checkWatch(watch: FitTabularOptions): void {
  checkOptions(watch, NAMES, 'fit');
  checkSignal(watch.signal);
  for (const argument of ['callbacks', 'remark', 'onThreads'] as const) {
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

import { previousOf } from '../../io/atomic.js';
import { UsageError } from '../messages.js';
import { checkApart, checkReadable, checkWritable } from '../paths.js';
import { checkForFormat } from '../text-flags.js';
import { checkpointOf, type TrainFlags } from './flags.js';

/**
 * Refuses, before anything is read or trained, files that cannot be read or written and files that would be both.
 * @throws UsageError for files that cannot be written, or of which two are the same.
 */
export async function checkFiles(data: string, flags: TrainFlags): Promise<void> {
  const { out, report, labels, test } = flags;
  if (out === '-') throw new UsageError("--out: a model is saved to a file; './-' is one of that name.");
  await checkWritable(out, '--out', 'a file');
  if (report !== undefined) await checkWritable(report, '--report', 'a file or a stream');
  const [checkpoint, previous] = [checkpointOf(flags), previousOf(out)];
  const [besides, before] = ['the checkpoint next to --out', 'the file before --out'];
  await checkWritable(checkpoint, besides, 'a file');
  await checkWritable(previous, before, 'a file to throw away');
  await checkApart(
    { '--out': out, [besides]: checkpoint, [before]: previous, '--report': report },
    { 'the data': data, 'the labels': labels, 'the data to test on': test },
  );
  for (const name of ['labels', 'test', 'resume'] as const) {
    const path = flags[name];
    if (path !== undefined) await checkReadable(path, `--${name}`);
  }
  // The files of --labels and --test may be of another format.
  if (labels === undefined && test === undefined) checkForFormat(data, flags);
}

import { resolve } from 'node:path';
import { type Tabular, tabular } from '../../data/index.js';
import { trainingOptions } from '../../data/tabular/design.js';
import { removeFile } from '../../io/checkpoint-callbacks.js';
import { printable } from '../../printable.js';
import { say, sayLines } from '../console.js';
import { checked, typed } from '../messages.js';
import { endingCode, Interruption } from '../signals.js';
import { progressOf } from '../training-progress.js';
import { checkFiles } from './destinations.js';
import { type Examples, holdBack, readExamples } from './examples.js';
import { checkpointOf, commandToResume, type Talk, type TrainFlags, talkOf } from './flags.js';
import { conclude, printResults } from './results.js';

/** Returns the pipeline that the flags describe, not yet trained. */
function pipelineOf(target: string, flags: TrainFlags): Tabular {
  const given = trainingOptions.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]);
  return checked(() => tabular({ target, threads: 'auto', ...Object.fromEntries(given) }));
}

const threadsText = (threads: number, members: number) =>
  `training ${members} networks on ${threads === 1 ? '1 thread' : `${threads} threads`}`;

/** Trains until it is done or a signal comes, either of which leaves a pipeline that can be saved. */
async function train(pipeline: Tabular, { training }: Examples, flags: TrainFlags, talk: Talk, signal: AbortSignal) {
  const { checkpointEvery, resume } = flags;
  try {
    await pipeline.fit(training, {
      callbacks: progressOf((text) => (talk.terminal ? undefined : talk.tell(text)), talk.line),
      signal,
      onThreads: (threads, members) => {
        if (members > 1) talk.tell(threadsText(threads, members));
      },
      remark: (text) => talk.tell(`note: ${typed(text)}`),
      checkpoint: checkpointOf(flags),
      ...(checkpointEvery !== undefined && { checkpointEvery }),
      ...(resume !== undefined && { resume }),
    });
  } finally {
    talk.endLine();
  }
}

/** Trains and saves. Returns the exit code. */
export async function trainCommand(data: string, flags: TrainFlags): Promise<number> {
  const { out } = flags;
  const talk = talkOf(flags);
  const interruption = new Interruption();
  // At this point nothing has been learned or written that could be kept.
  const leave = () => {
    say(printable(`Interrupted: ${out} is as it was.`));
    process.exit(endingCode());
  };
  interruption.signal.addEventListener('abort', leave);
  pipelineOf(flags.target, flags);
  await checkFiles(data, flags);
  const read = await readExamples(data, flags);
  const pipeline = pipelineOf(read.target, flags);
  if (!flags.json && !flags.quiet && read.table.report) sayLines(typed(String(read.table.report)));
  for (const remark of read.remarks) talk.tell(`note: ${remark}`);
  const examples = holdBack(read, flags);
  const began = performance.now();
  interruption.signal.removeEventListener('abort', leave);
  const checkpoint = checkpointOf(flags);
  try {
    await train(pipeline, examples, flags, talk, interruption.signal);
  } catch (error) {
    interruption.stop();
    throw error;
  }
  const seconds = (performance.now() - began) / 1000;
  // A signal that comes once training is done must not discard the model.
  await pipeline.save(out);
  const { interrupted } = pipeline;
  const resumed = flags.resume !== undefined && resolve(flags.resume) === resolve(checkpoint);
  if ((resumed || flags.checkpointEvery !== undefined) && !interrupted) await removeFile(checkpoint, false);
  interruption.stop();
  const trained = { pipeline, examples, seconds };
  printResults(trained, await conclude(data, trained, flags, talk), flags);
  const ending = endingCode();
  if (!interrupted) return ending ?? 0;
  talk.tell(`Interrupted: ${out} holds the best weights so far, ${checkpoint} where training stopped. To continue:`);
  talk.tell(`  ${commandToResume(checkpoint)}`);
  return ending ?? 1;
}

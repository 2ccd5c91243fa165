import { rm, writeFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import { DataError } from '../data/errors.js';
import { readTable, split, type TabularOptions, tabular } from '../data/index.js';
import { countersOf, inferTask, trainingOptions } from '../data/tabular/design.js';
import { MyelinError } from '../errors.js';
import type { Callback } from '../train/callbacks.js';
import { checkColumns, type ReadFlags, readData, readOptions, remarksOf, sourceOf, targetOf, warn } from './data.js';
import { checked, messageOf, typed } from './errors.js';
import { checkApart, checkReadable, checkWritable } from './paths.js';
import { reportPage } from './report.js';
import { curves, grid, metricsText, quoted, short } from './terminal.js';

export interface TrainFlags extends ReadFlags, Omit<TabularOptions, 'target' | 'preprocess' | 'backend'> {
  readonly target: string;
  readonly out: string;
  readonly test?: string;
  readonly testShare?: number;
  /** Where to write a page with curves and tables. */
  readonly report?: string;
  readonly json?: boolean;
  readonly quiet?: boolean;
  /** A checkpoint that an interrupted run left. */
  readonly resume?: string;
}

/** One line on stderr that is written over on a terminal; lines now and then elsewhere. */
function progressOf(say: (text: string) => void, line: (text: string) => void) {
  return (member: number, design: { members: number; epochs: number }): readonly Callback[] => [
    {
      onEpochEnd(epoch, logs) {
        const name = design.members > 1 ? `network ${member + 1} of ${design.members}, ` : '';
        const text = `${name}epoch ${epoch + 1} of ${design.epochs}  loss ${short(logs.loss ?? Number.NaN)}  validation ${short(logs.valLoss ?? Number.NaN)}`;
        line(text);
        if (epoch + 1 === design.epochs || (epoch + 1) % Math.max(1, Math.floor(design.epochs / 5)) === 0) say(text);
      },
    },
  ];
}

/** The command that goes on where this one stood, as a line for a shell. */
function commandToResume(checkpoint: string): string {
  const given = process.argv.slice(2);
  const kept = given.filter((text, i) => !/^--resume(=|$)/.test(text) && given[i - 1] !== '--resume');
  return ['npx myelin', ...[...kept, '--resume', checkpoint].map(quoted)].join(' ');
}

/** Of hundreds of columns fewer rows, so that a report takes seconds. */
const IMPORTANCE = { rows: 1000, repeats: 2 };

/** Trains and saves. Returns the exit code. */
export async function trainCommand(data: string, flags: TrainFlags): Promise<number> {
  const { json = false, quiet = false, out } = flags;
  const { stderr } = process;
  const terminal = stderr.isTTY === true && !json && !quiet;
  const tell = (text: string) => {
    if (!json && !quiet) stderr.write(`${text}\n`);
  };
  const chosen = Object.fromEntries(
    trainingOptions.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  checked(() => tabular({ target: flags.target, ...chosen }));
  const read = { 'the data': data, 'the labels': flags.labels, 'the data to test on': flags.test };
  await checkApart({ '--out': out, '--report': flags.report }, read);
  await checkWritable(out, '--out');
  if (flags.report !== undefined) await checkWritable(flags.report, '--report');
  for (const name of ['labels', 'test', 'resume'] as const) {
    const path = flags[name];
    if (path !== undefined) await checkReadable(path, `--${name}`);
  }
  const table = await readData(data, flags);
  if (table.rows === 1 && table.report?.header === false && flags.header === undefined) {
    const problem = 'there is no row below the names';
    throw new DataError({ code: 'empty', source: table.report.source, line: 2, column: 1, problem });
  }
  const target = targetOf(table, flags.target);
  const dropped = checkColumns(table, flags.drop ?? [], '--drop');
  const pipeline = checked(() => tabular({ target, ...chosen }));
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  tell(typed(String(table.report ?? '')));
  const remarks = remarksOf(table, countersOf(table.drop(target, ...dropped)));
  for (const remark of remarks) tell(`note: ${remark}`);
  const classified = (flags.task ?? inferTask(table.column(target)).task) === 'classification';
  const stratify = classified ? { stratify: table.column(target) } : {};
  const parts = flags.testShare
    ? split(table, { test: flags.testShare, seed: flags.seed ?? 0, ...stratify })
    : undefined;
  const width = stderr.columns || 80;
  const line = (text: string) => {
    if (terminal) stderr.write(`\r${text.slice(0, width - 1).padEnd(width - 1)}`);
  };
  const callbacks = progressOf((text) => (terminal ? undefined : tell(text)), line);
  const checkpoint = `${out}.checkpoint`;
  const began = performance.now();
  try {
    await pipeline.fit(parts ? table.take(parts.train) : table, {
      callbacks,
      signal: controller.signal,
      checkpoint,
      ...(flags.resume !== undefined && { resume: flags.resume }),
    });
  } finally {
    process.off('SIGINT', interrupt);
    if (terminal) stderr.write('\n');
  }
  // A file to test on may lack columns that nothing is learned from.
  const { columns = {}, ...others } = flags;
  const { [target]: _, ...kinds } = columns;
  const testFlags = { ...others, kinds };
  const seconds = (performance.now() - began) / 1000;
  await pipeline.save(out);
  const { record, interrupted } = pipeline;
  const resumed = flags.resume !== undefined && resolve(flags.resume) === resolve(checkpoint);
  if (resumed && !interrupted) await rm(checkpoint, { force: true });
  const conclude = async () => {
    let tested = parts && pipeline.evaluate(table.take(parts.test));
    if (!parts && flags.test !== undefined) {
      const test = await readTable(sourceOf(flags.test), readOptions(testFlags, pipeline));
      tested = pipeline.evaluate(test);
      if (!json && !quiet) warn(pipeline.warnings(test));
    }
    const importance = interrupted ? [] : importanceOf();
    if (flags.report !== undefined && pipeline.held) {
      const title = `${target} from ${data === '-' ? 'standard input' : basename(data)}`;
      await writeFile(flags.report, reportPage({ title, record, importance, test: tested, ...pipeline.held }));
    }
    return { tested, importance };
  };
  const importanceOf = () => {
    if (!terminal) tell('Measuring what the columns are worth.');
    const progress = (done: number, total: number) => line(`what columns are worth: ${done} of ${total}`);
    const found = pipeline.explain(parts ? table.take(parts.test) : table, { ...IMPORTANCE, progress });
    if (terminal) stderr.write('\n');
    const { leftOut } = found;
    if (leftOut.length > 0)
      tell(`note: what ${leftOut.length} of the columns are worth was not measured: they are too many`);
    return found;
  };
  const { tested, importance } = await conclude().catch((error: NodeJS.ErrnoException) => {
    if (!(error instanceof MyelinError) && typeof error.code !== 'string') throw error;
    throw new MyelinError(`${messageOf(error)} The model was saved to '${out}' all the same.`, { cause: error });
  });
  if (json) {
    console.log(
      JSON.stringify({
        out,
        seconds,
        interrupted,
        ...(interrupted && { checkpoint, resume: commandToResume(checkpoint) }),
        validation: record.validation,
        test: tested,
        importance,
        remarks,
        record,
      }),
    );
  } else if (!quiet) {
    const sections = [
      record.notes.join('\n'),
      curves(record),
      `Validation, on rows that the network had not trained on:\n${metricsText(record.validation, record.classes)}`,
      tested ? `Test:\n${metricsText(tested, record.classes)}` : '',
      importance.length === 0
        ? ''
        : `What predictions lose when a column is shuffled:\n${grid(importance.slice(0, 10).map((item) => [item.column, short(item.importance)]))}`,
      `Saved to ${out} after ${seconds.toFixed(1)} s. Try: npx myelin predict ${out} new.csv --out predictions.csv`,
    ];
    console.log(sections.filter(Boolean).join('\n\n'));
  }
  if (!interrupted) return 0;
  tell(`Interrupted: ${out} holds the best weights so far, ${checkpoint} where training stood. To go on:`);
  tell(`  ${commandToResume(checkpoint)}`);
  return 130;
}

import { basename, resolve } from 'node:path';
import { DataError } from '../data/data-error.js';
import { readTable, split, type Table, type TabularOptions, tabular } from '../data/index.js';
import { countersOf, inferTask, trainingOptions } from '../data/tabular/design.js';
import type { CheckpointEvery } from '../data/tabular/pauses.js';
import { MyelinError } from '../errors.js';
import { previousOf } from '../io/atomic.js';
import { removeFile } from '../io/checkpoint-callbacks.js';
import { printable } from '../printable.js';
import { print, printJson, say, sayLines, sayOver } from './console.js';
import { cellRemarksOf, checkColumns, readData, readOptions, remarksOf, sourceOf, targetOf, warn } from './data.js';
import { readFor, usedFor } from './first-line.js';
import { imageOf } from './idx.js';
import { importanceLines, rowsMeasured } from './importance.js';
import { checked, messageOf, typed, UsageError } from './messages.js';
import { writing } from './output.js';
import { checkApart, checkReadable, checkWritable } from './paths.js';
import { progressOf } from './progress.js';
import type { ReadFlags } from './read-flags.js';
import { reportPage } from './report/page.js';
import { endingCode, Interruption } from './signals.js';
import { curves, metricsText, quoted, validationText } from './terminal.js';
import { checkForFormat } from './text-flags.js';

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
  readonly checkpointEvery?: CheckpointEvery;
}

/** This command, and that which goes on where it stood, as lines for a shell. */
const commandGiven = () => ['npx myelin', ...process.argv.slice(2).map(quoted)].join(' ');

function commandToResume(checkpoint: string): string {
  const given = process.argv.slice(2);
  const kept = given.filter((text, i) => !/^--resume(=|$)/.test(text) && given[i - 1] !== '--resume');
  return ['npx myelin', ...[...kept, '--resume', checkpoint].map(quoted)].join(' ');
}

/** Writes the page whole; a signal gives up a pipe that nobody reads. */
async function writeReport(path: string, page: string): Promise<void> {
  const interruption = new Interruption();
  const { signal } = interruption;
  try {
    await writing(path, (put) => put(page), { option: '--report', signal });
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
  } finally {
    interruption.stop();
  }
}

/** Of hundreds of columns fewer rows, so that a report takes seconds. */
const IMPORTANCE = { rows: 1000, repeats: 2 };

/** Trains and saves. Returns the exit code. */
export async function trainCommand(data: string, flags: TrainFlags): Promise<number> {
  const { json = false, quiet = false, out } = flags;
  const { stderr } = process;
  const interruption = new Interruption();
  // Nothing is learned yet that could be kept, and nothing written.
  const leave = () => {
    say(printable(`Interrupted: ${out} is as it was.`));
    process.exit(endingCode());
  };
  interruption.signal.addEventListener('abort', leave);
  const terminal = stderr.isTTY === true && !json && !quiet;
  const tell = (text: string) => {
    if (!json && !quiet) say(text);
  };
  const chosen = Object.fromEntries(
    trainingOptions.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  checked(() => tabular({ target: flags.target, ...chosen }));
  const read = { 'the data': data, 'the labels': flags.labels, 'the data to test on': flags.test };
  if (out === '-') throw new UsageError("--out: a model is saved to a file; './-' is one of that name.");
  await checkWritable(out, '--out', 'a file');
  if (flags.report !== undefined) await checkWritable(flags.report, '--report', 'a file or a stream');
  const checkpoint = `${out}.checkpoint`;
  const [besides, before] = ['the checkpoint beside --out', 'the file before --out'];
  await checkWritable(checkpoint, besides, 'a file');
  await checkWritable(previousOf(out), before, 'a file to throw away');
  const written = { '--out': out, [besides]: checkpoint, [before]: previousOf(out), '--report': flags.report };
  await checkApart(written, read);
  for (const name of ['labels', 'test', 'resume'] as const) {
    const path = flags[name];
    if (path !== undefined) await checkReadable(path, `--${name}`);
  }
  // Those of a file to test on may be of another format.
  if (flags.labels === undefined && flags.test === undefined) checkForFormat(data, flags);
  const table = await readData(data, flags);
  if (table.rows === 1 && table.report?.header === false && flags.header === undefined) {
    const problem = 'there is no row below the names';
    throw new DataError({ code: 'empty', source: table.report.source, line: 2, column: 1, problem });
  }
  const target = targetOf(table, flags.target);
  const dropped = checkColumns(table, flags.drop ?? [], '--drop');
  const pipeline = checked(() => tabular({ target, ...chosen }));
  if (!json && !quiet && table.report) sayLines(typed(String(table.report)));
  const rest = table.names.filter((name) => name !== target && !dropped.includes(name));
  const remarks = remarksOf(table, rest.length > 0 ? countersOf(table.select(rest)) : []);
  for (const remark of remarks) tell(`note: ${remark}`);
  const classified = (flags.task ?? inferTask(table.column(target)).task) === 'classification';
  const stratify = classified ? { stratify: table.column(target) } : {};
  const parts = flags.testShare
    ? split(table, { test: flags.testShare, seed: flags.seed ?? 0, ...stratify })
    : undefined;
  const width = stderr.columns || 80;
  const line = (text: string) => {
    if (terminal) sayOver(text, width);
  };
  const callbacks = progressOf((text) => (terminal ? undefined : tell(text)), line);
  const began = performance.now();
  interruption.signal.removeEventListener('abort', leave);
  try {
    await pipeline.fit(parts ? table.take(parts.train) : table, {
      callbacks,
      signal: interruption.signal,
      remark: (text) => tell(`note: ${typed(text)}`),
      checkpoint,
      ...(flags.checkpointEvery !== undefined && { checkpointEvery: flags.checkpointEvery }),
      ...(flags.resume !== undefined && { resume: flags.resume }),
    });
  } catch (error) {
    interruption.stop();
    throw error;
  } finally {
    if (terminal) stderr.write('\n');
  }
  // A file to test on may lack columns that nothing is learned from.
  const { columns = {}, ...others } = flags;
  const { [target]: _, ...kinds } = columns;
  const testFlags = { ...others, kinds };
  const seconds = (performance.now() - began) / 1000;
  // A signal that comes once training is done must not take the model away.
  await pipeline.save(out);
  const { record, interrupted } = pipeline;
  const kind = pipeline.kinds[target];
  const meaning = { classes: record.classes, kind };
  const resumed = flags.resume !== undefined && resolve(flags.resume) === resolve(checkpoint);
  if ((resumed || flags.checkpointEvery !== undefined) && !interrupted) await removeFile(checkpoint, false);
  interruption.stop();
  const conclude = async () => {
    const test = parts
      ? table.take(parts.test)
      : flags.test !== undefined
        ? await readFor(pipeline, testFlags, () => readTable(sourceOf(flags.test!), readOptions(testFlags, pipeline)))
        : undefined;
    const compared = test && usedFor(pipeline, testFlags, test, () => pipeline.compare(test));
    if (test && !parts && !json && !quiet) warn([...cellRemarksOf(test), ...pipeline.warnings(test)]);
    // Rows of classes that training did not know tell nothing of the columns.
    const known = compared ? compared.truth.rows - (compared.metrics.unknownRows ?? 0) : 0;
    const ofTest = test !== undefined && known > 0;
    const importance = endingCode() !== undefined ? undefined : importanceOf(ofTest ? test : table);
    const [all, of] = ofTest ? [known, 'test' as const] : [record.rows, 'training' as const];
    const importanceRows = rowsMeasured(importance?.rows ?? 0, all, of);
    if (flags.report !== undefined && pipeline.held) {
      const title = `${target} from ${data === '-' ? 'standard input' : basename(data)}`;
      const page = reportPage({
        title,
        record,
        kind,
        columns: table.drop(target, ...dropped).names,
        image: target === 'label' && dropped.length === 0 ? imageOf(table) : undefined,
        command: commandGiven(),
        seconds,
        interrupted,
        importance: importance ?? [],
        importanceRows,
        held: pipeline.held,
        test: compared,
      });
      await writeReport(flags.report, page);
    }
    return { tested: compared?.metrics, importance: importance ?? [], importanceRows };
  };
  const importanceOf = (explained: Table) => {
    if (!terminal) tell('Measuring what the columns are worth.');
    const progress = (done: number, total: number) => line(`what columns are worth: ${done} of ${total}`);
    const found = pipeline.explain(explained, { ...IMPORTANCE, progress });
    if (terminal) stderr.write('\n');
    const { leftOut } = found;
    if (leftOut.length > 0)
      tell(`note: what ${leftOut.length} of the columns are worth was not measured: they are too many`);
    return found;
  };
  const { tested, importance, importanceRows } = await conclude().catch((error: NodeJS.ErrnoException) => {
    if (!(error instanceof MyelinError) && typeof error.code !== 'string') throw error;
    const said = messageOf(error);
    throw new MyelinError(`${said}${said.endsWith('.') ? '' : '.'} The model was saved to '${out}' all the same.`, {
      cause: error,
    });
  });
  if (json) {
    printJson({
      out,
      seconds,
      interrupted,
      ...(interrupted && { checkpoint, resume: commandToResume(checkpoint) }),
      validation: record.validation,
      test: tested,
      importance,
      remarks: [...cellRemarksOf(table), ...remarks],
      record,
    });
  } else if (!quiet) {
    const sections = [
      record.notes.map((note) => printable(typed(note))).join('\n'),
      curves(record),
      `Validation (${validationText(record)}):\n${metricsText(record.validation, meaning)}`,
      tested ? `Test:\n${metricsText(tested, meaning)}` : '',
      importanceLines(importance, record.task, importanceRows),
      printable(
        `Saved to ${out} after ${seconds.toFixed(1)} s. Try: npx myelin predict ${quoted(out)} new.csv --out predictions.csv`,
      ),
    ];
    print(...sections);
  }
  const ending = endingCode();
  if (!interrupted) return ending ?? 0;
  tell(`Interrupted: ${out} holds the best weights so far, ${checkpoint} where training stood. To go on:`);
  tell(`  ${commandToResume(checkpoint)}`);
  return ending ?? 1;
}

import { basename } from 'node:path';
import { readTable, type Table, type Tabular } from '../../data/index.js';
import { MyelinError } from '../../errors.js';
import { printable } from '../../printable.js';
import { print, printJson } from '../console.js';
import { cellRemarksOf, readOptions, sourceOf, warn } from '../data.js';
import { readFor, usedFor } from '../first-line.js';
import { imageOf } from '../idx-images.js';
import { importanceLines, rowsMeasured } from '../importance-text.js';
import { messageOf, typed } from '../messages.js';
import { writing } from '../output.js';
import { reportPage } from '../report/page.js';
import { endingCode, Interruption } from '../signals.js';
import { curves, metricsText, quoted, validationText } from '../terminal.js';
import type { Examples } from './examples.js';
import { checkpointOf, commandGiven, commandToResume, type Talk, type TrainFlags } from './flags.js';

/** Bounds the work for hundreds of columns by using fewer rows, so that a report takes seconds. */
const IMPORTANCE = { rows: 1000, repeats: 2 };

/** A pipeline that was trained and saved. */
export interface Trained {
  readonly pipeline: Tabular;
  readonly examples: Examples;
  /** The duration of training, in seconds. */
  readonly seconds: number;
}

type Compared = ReturnType<Tabular['compare']>;
type Importance = ReturnType<Tabular['explain']>;

/** Holds the metrics of a pipeline on test rows, and the importance of its columns. */
export interface Measured {
  readonly test: Compared | undefined;
  /** Undefined where a signal ended the command before. */
  readonly importance: Importance | undefined;
  /** On which rows importance was measured, in words. */
  readonly importanceRows: string;
}

/** Writes the page whole; a signal gives up a pipe without a reader. */
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

/**
 * Returns the rows of `--test-share`, or those of the file of `--test`, which may lack columns that nothing is learned from.
 */
async function readTest({ pipeline, examples }: Trained, flags: TrainFlags) {
  const { columns = {}, ...others } = flags;
  const { [examples.target]: _, ...kinds } = columns;
  const testFlags = { ...others, kinds };
  const { test: path } = flags;
  const rows =
    examples.held ??
    (path === undefined
      ? undefined
      : await readFor(pipeline, testFlags, () => readTable(sourceOf(path), readOptions(testFlags, pipeline))));
  return rows && { rows, compared: usedFor(pipeline, testFlags, rows, () => pipeline.compare(rows)) };
}

function explain(pipeline: Tabular, rows: Table, talk: Talk): Importance {
  if (!talk.terminal) talk.tell('Measuring what the columns are worth.');
  const progress = (done: number, total: number) => talk.line(`what columns are worth: ${done} of ${total}`);
  const found = pipeline.explain(rows, { ...IMPORTANCE, progress });
  talk.endLine();
  const { length } = found.leftOut;
  if (length > 0) talk.tell(`note: what ${length} of the columns are worth was not measured: they are too many`);
  return found;
}

/** Tests the pipeline, explains it and writes the report. */
async function measureTrained(trained: Trained, flags: TrainFlags, talk: Talk): Promise<Measured> {
  const { pipeline, examples } = trained;
  const test = await readTest(trained, flags);
  const silent = flags.json || flags.quiet;
  if (test && !examples.held && !silent) warn([...cellRemarksOf(test.rows), ...pipeline.warnings(test.rows)]);
  const compared = test?.compared;
  // Rows of classes that training did not know say nothing about the columns.
  const known = compared ? compared.truth.rows - (compared.metrics.unknownRows ?? 0) : 0;
  const ofTest = test !== undefined && known > 0;
  const importance =
    endingCode() === undefined ? explain(pipeline, ofTest ? test.rows : examples.table, talk) : undefined;
  const importanceRows = ofTest
    ? rowsMeasured(importance?.rows ?? 0, known, 'test')
    : rowsMeasured(importance?.rows ?? 0, pipeline.record.rows, 'training');
  return { test: compared, importance, importanceRows };
}

/** Writes the page of `--report`. */
async function report(data: string, trained: Trained, measured: Measured, flags: TrainFlags): Promise<void> {
  const { pipeline, examples, seconds } = trained;
  if (flags.report === undefined || !pipeline.held) return;
  const { table, target, dropped } = examples;
  const page = reportPage({
    title: `${target} from ${data === '-' ? 'standard input' : basename(data)}`,
    record: pipeline.record,
    kind: pipeline.kinds[target],
    columns: table.drop(target, ...dropped).names,
    image: target === 'label' && dropped.length === 0 ? imageOf(table) : undefined,
    command: commandGiven(),
    seconds,
    interrupted: pipeline.interrupted,
    importance: measured.importance ?? [],
    importanceRows: measured.importanceRows,
    held: pipeline.held,
    test: measured.test,
  });
  await writeReport(flags.report, page);
}

/**
 * Measures and reports; an error says that the model was saved all the same.
 * @throws MyelinError for what failed after the model had been saved, which it says.
 */
export async function conclude(data: string, trained: Trained, flags: TrainFlags, talk: Talk): Promise<Measured> {
  try {
    const measured = await measureTrained(trained, flags, talk);
    await report(data, trained, measured, flags);
    return measured;
  } catch (error) {
    if (!(error instanceof MyelinError) && typeof (error as NodeJS.ErrnoException).code !== 'string') throw error;
    const said = messageOf(error as Error);
    throw new MyelinError(
      `${said}${said.endsWith('.') ? '' : '.'} The model was saved to '${flags.out}' all the same.`,
      {
        cause: error,
      },
    );
  }
}

/** Prints what came out, as text or as JSON. */
export function printResults({ pipeline, examples, seconds }: Trained, measured: Measured, flags: TrainFlags): void {
  const { record, interrupted } = pipeline;
  const { test, importance = [], importanceRows } = measured;
  const { out } = flags;
  if (flags.json) {
    const checkpoint = checkpointOf(flags);
    printJson({
      out,
      seconds,
      interrupted,
      ...(interrupted && { checkpoint, resume: commandToResume(checkpoint) }),
      validation: record.validation,
      test: test?.metrics,
      importance,
      remarks: [...cellRemarksOf(examples.table), ...examples.remarks],
      record,
    });
    return;
  }
  if (flags.quiet) return;
  const meaning = { classes: record.classes, kind: pipeline.kinds[examples.target] };
  print(
    record.notes.map((note) => printable(typed(note))).join('\n'),
    curves(record),
    `Validation (${validationText(record)}):\n${metricsText(record.validation, meaning)}`,
    test ? `Test:\n${metricsText(test.metrics, meaning)}` : '',
    importanceLines(importance, record.task, importanceRows),
    printable(
      `Saved to ${out} after ${seconds.toFixed(1)} s. Try: npx myelin predict ${quoted(out)} new.csv --out predictions.csv`,
    ),
  );
}

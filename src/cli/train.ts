import { writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { readTable, split, type TabularOptions, tabular } from '../data/index.js';
import { trainingOptions } from '../data/tabular/design.js';
import type { Callback } from '../train/callbacks.js';
import { type ReadFlags, readData, readOptions, sourceOf, targetOf } from './data.js';
import { reportPage } from './report.js';
import { curves, grid, metricsText, short } from './terminal.js';

export interface TrainFlags extends ReadFlags {
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
  readonly task?: TabularOptions['task'];
  readonly drop?: readonly string[];
  readonly layers?: readonly number[];
  readonly activation?: TabularOptions['activation'];
  readonly dropout?: number;
  readonly members?: number;
  readonly epochs?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly patience?: number;
  readonly seed?: number;
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

const quoted = (text: string) => (/^[\w./:=@,+-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The command that goes on where this one stood, as a line for a shell. */
function commandToResume(checkpoint: string): string {
  const given = process.argv.slice(2);
  const kept = given.filter((text, i) => !/^--resume(=|$)/.test(text) && given[i - 1] !== '--resume');
  return ['npx myelin', ...[...kept, '--resume', checkpoint].map(quoted)].join(' ');
}

/** Of hundreds of columns fewer rows, so that a report takes seconds. */
const IMPORTANCE = { rows: 1000, repeats: 2, budget: 200_000 };

/** Trains and saves. Returns the exit code. */
export async function trainCommand(data: string, flags: TrainFlags): Promise<number> {
  const { json = false, quiet = false, out } = flags;
  const { stderr } = process;
  const terminal = stderr.isTTY === true && !json && !quiet;
  const tell = (text: string) => {
    if (!json && !quiet) stderr.write(`${text}\n`);
  };
  const table = await readData(data, flags);
  const target = targetOf(table, flags.target);
  const controller = new AbortController();
  const interrupt = () => controller.abort();
  process.once('SIGINT', interrupt);
  tell(String(table.report ?? ''));
  const parts = flags.testShare ? split(table, { test: flags.testShare, seed: flags.seed ?? 0 }) : undefined;
  const chosen = Object.fromEntries(
    trainingOptions.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  );
  const pipeline = tabular({ target, ...chosen });
  const width = stderr.columns || 80;
  const callbacks = progressOf(
    (text) => (terminal ? undefined : tell(text)),
    (text) => (terminal ? void stderr.write(`\r${text.slice(0, width - 1).padEnd(width - 1)}`) : undefined),
  );
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
  const seconds = (performance.now() - began) / 1000;
  await pipeline.save(out);
  const { record } = pipeline;
  const tested = parts
    ? pipeline.evaluate(table.take(parts.test))
    : flags.test
      ? pipeline.evaluate(await readTable(sourceOf(flags.test), readOptions(flags, pipeline)))
      : undefined;
  const { interrupted } = pipeline;
  const importance = interrupted ? [] : pipeline.explain(parts ? table.take(parts.test) : table, IMPORTANCE);
  if (flags.report !== undefined && pipeline.held) {
    const title = `${target} from ${data === '-' ? 'standard input' : basename(data)}`;
    await writeFile(flags.report, reportPage({ title, record, importance, test: tested, ...pipeline.held }));
  }
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

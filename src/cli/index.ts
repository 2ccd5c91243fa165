#!/usr/bin/env node
import { createRequire } from 'node:module';
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { dateReader } from '../data/cells/date-formats.js';
import type { CheckpointEvery } from '../data/tabular/pauses.js';
import { MyelinError } from '../errors.js';
import { printableLines } from '../printable.js';
import { say } from './console.js';
import { listOf } from './lists.js';
import { messageOf, UsageError } from './messages.js';
import { endingCode, endOnSignals } from './signals.js';
import { trainCommand } from './train/command.js';
import { benchCommand, evaluateCommand, inspectCommand, predictCommand, profileCommand } from './use.js';

/** 0 all went well, 1 data or a model are wrong, 2 the command is; 129, 130 or 143 after a signal. */
let code = 0;

const number = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('A number is expected.');
  return value;
};
/** Options that may come again add up. */
const list = (text: string, before: readonly string[] = []) => [...before, ...listOf(text)];
const numbers = (text: string) => listOf(text).map(number);
const KINDS: readonly string[] = ['number', 'category', 'boolean', 'date', 'skip'];
const kinds = (text: string, before: Readonly<Record<string, string>> = {}) => {
  const pairs = listOf(text).map((item): [string, string] => {
    const at = item.lastIndexOf('=');
    const kind = item.slice(at + 1);
    if (at < 1 || !KINDS.includes(kind))
      throw new InvalidArgumentError(
        `name=kind is expected, with a kind of ${KINDS.join(', ')}. A name with a comma needs double quotes.`,
      );
    return [item.slice(0, at), kind];
  });
  return { ...before, ...Object.fromEntries(pairs) };
};

/** Reads one format for all columns, or name=format, which may be given several times. */
const dateFormat = (text: string, before?: string | Readonly<Record<string, string>>) => {
  const at = text.indexOf('=');
  try {
    dateReader(at < 0 ? text : text.slice(at + 1));
  } catch {
    throw new InvalidArgumentError("DMY, MDY, YMD or a format such as 'DD/MM/YYYY HH:mm' or %d.%m.%Y is expected.");
  }
  if (at < 0) return text;
  return { ...(typeof before === 'object' && before), [text.slice(0, at)]: text.slice(at + 1) };
};

const count = (text: string) => {
  const value = number(text);
  if (!(Number.isInteger(value) && value >= 0)) throw new InvalidArgumentError('A whole number is expected.');
  return value;
};

const comment = (text: string) => {
  if (!/^[^\s"]/.test(text)) throw new InvalidArgumentError("What such lines begin with is expected, such as '#'.");
  return text;
};

const threads = (text: string) => {
  if (text === 'auto') return text;
  const value = count(text);
  if (value === 0) throw new InvalidArgumentError("A whole number above 0 is expected, or 'auto'.");
  return value;
};

const share = (text: string) => {
  const value = number(text);
  if (!(value > 0 && value < 1)) throw new InvalidArgumentError('A share between 0 and 1 is expected.');
  return value;
};

/** Seconds of each unit of time. */
const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

const often = (text: string): CheckpointEvery => {
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?) ?(s|m|h|epochs?)$/.exec(text.trim()) ?? [];
  const seconds = UNITS[unit];
  const value = Number(count);
  if (value > 0 && seconds !== undefined) return { seconds: value * seconds };
  if (Number.isInteger(value) && value > 0) return { epochs: value };
  throw new InvalidArgumentError("A time such as 60s, 5m or 1h is expected, or '10 epochs'.");
};

const separator = (text: string) => {
  if (text === 'tab' || text === '\\t') return '\t';
  if (!/^[\t -~]$/.test(text) || text === '"') throw new InvalidArgumentError("One character is expected, or 'tab'.");
  return text;
};

const encoding = (text: string) => {
  try {
    new TextDecoder(text);
    return text;
  } catch {
    throw new InvalidArgumentError('A name such as utf-8, utf-16le, latin1 or windows-1252 is expected.');
  }
};

const HELP = '(--help shows how it is used)';
const { version } = createRequire(import.meta.url)('myelin/package.json') as { version: string };

const program = new Command('myelin')
  .description('Trains networks on tables and predicts with them.')
  .version(version, '--version', 'show the version')
  .showHelpAfterError(HELP)
  .exitOverride()
  .configureOutput({
    writeOut: (text) => process.stdout.write(printableLines(text)),
    writeErr: (text) => process.stderr.write(printableLines(text)),
  })
  .addHelpText(
    'after',
    '\nLists are separated by commas, and their options may be repeated: --drop a,b is --drop a --drop b. A name with a\ncomma needs double quotes: --drop \'"a,b",c\'.\nExit codes: 0 success, 1 an error in the data or the model, 2 an error in the command, 130 interrupted (SIGINT),\n129 terminal closed (SIGHUP), 143 terminated (SIGTERM).',
  );

/** Adds the options of commands that read data. */
function reading(command: Command): Command {
  return command
    .option('--separator <character>', "the character between fields, or 'tab' (default: inferred)", separator)
    .option('--header', 'take the first line as names of columns (default: inferred)')
    .option('--no-header', 'take the first line as data')
    .option('--names <name,...>', 'names of the columns, instead of those in the file', list)
    .option('--quote', 'read double quotes as enclosing fields (default: inferred)')
    .option('--no-quote', 'read double quotes as ordinary characters')
    .option('--comment <text>', "ignore lines that begin with this text, such as '#'", comment)
    .option('--skip-lines <count>', 'lines to ignore at the beginning (default: inferred)', count)
    .option('--key <path>', 'the path to the rows in JSON, such as result.items (default: inferred)')
    .addOption(
      new Option('--format <format>', 'format of the data (default: by the name of the file)').choices([
        'csv',
        'json',
        'jsonLines',
      ]),
    )
    .option('--columns <name=kind,...>', `kinds of columns: ${KINDS.join(', ')} (default: inferred)`, kinds)
    .option(
      '--missing <text,...>',
      "texts that mean a missing value, in addition to '', ?, NA, N/A, #N/A, NaN, nan, null, NULL",
      list,
    )
    .addOption(new Option('--decimal <character>', "decimal separator (default: '.')").choices(['.', ',']))
    .addOption(
      new Option('--thousands <character>', 'the separator between thousands (default: inferred)').choices([
        ',',
        '.',
        ' ',
        "'",
      ]),
    )
    .option(
      '--date-format <format>',
      'DMY, MDY, YMD or a pattern such as DD/MM/YYYY, for all columns or as name=format (default: inferred)',
      dateFormat,
    )
    .option('--encoding <name>', 'encoding of the text, such as windows-1252 (default: UTF-8)', encoding)
    .option('--max-bytes <count>', 'the most bytes to read into memory (default: 2^30, of JSON 2^29)', count)
    .option('--max-rows <count>', 'the most rows of CSV to read into memory (default: 2^26)', count);
}

const examples = (...lines: string[]) => `\nExamples:\n${lines.map((line) => `  $ npx myelin ${line}`).join('\n')}`;

type Run = (...args: never[]) => Promise<number>;
const run =
  (work: Run) =>
  async (...args: unknown[]) => {
    code = await (work as (...args: unknown[]) => Promise<number>)(...args);
  };

reading(program.command('train'))
  .description('Learns to predict a column of a table, and saves the model.')
  .argument('<data>', "a file of CSV, JSON or JSON Lines, with or without gzip; '-' is standard input")
  .requiredOption('--target <column>', "the column to predict: its name, its number from 1, or 'last'")
  .option('--labels <file>', 'labels in idx format, where the data are in idx format')
  .option('--out <file>', 'the file to save the model in', 'model.myelin')
  .option('--test <data>', 'a file to evaluate the trained model on')
  .addOption(
    new Option('--test-share <share>', 'the share of the rows to evaluate the trained model on, such as 0.2')
      .argParser(share)
      .conflicts('test'),
  )
  .addOption(new Option('--task <task>', 'the task (default: inferred)').choices(['classification', 'regression']))
  .option('--drop <name,...>', 'columns to ignore', list)
  .option('--layers <units,...>', 'units of the hidden layers, such as 128,64', numbers)
  .option('--activation <name>', 'activation of the hidden layers')
  .option('--dropout <rate>', 'dropout rate after each hidden layer', number)
  .option('--members <count>', 'the number of networks whose predictions are averaged', number)
  .option(
    '--threads <count>',
    "threads that train networks side by side, to the same bits; 'auto' goes by cores and work (default: auto)",
    threads,
  )
  .option('--epochs <count>', 'the most epochs to train for', number)
  .option('--batch-size <rows>', 'rows of a training step', number)
  .option('--learning-rate <rate>', 'the highest learning rate of the cycle', number)
  .option('--weight-decay <rate>', 'decoupled weight decay', number)
  .option('--patience <epochs>', 'epochs without a better validation loss after which training stops', number)
  .option('--seed <number>', 'seed of all random numbers (default: 0)', number)
  .option(
    '--resume <file>',
    'continue an interrupted run from its checkpoint, with the same data and options; a checkpoint next to --out is removed when training ends',
  )
  .option(
    '--checkpoint-every <time>',
    "how often to write <out>.checkpoint, from which --resume continues: 60s, 5m, 1h or '10 epochs'",
    often,
  )
  .option('--report <file>', 'write a page with curves and tables, which opens offline')
  .option('--json', 'print one line of JSON, for other programs')
  .option('--quiet', 'print errors only')
  .addHelpText(
    'after',
    examples(
      'train houses.csv --target price --report report.html',
      'train iris.csv --target last --no-header --out iris.myelin --test-share 0.2',
    ),
  )
  .action(run(trainCommand as Run));

reading(program.command('evaluate'))
  .description('Evaluates a model on data whose target is known.')
  .argument('<model>', 'a model file')
  .argument('<data>', 'a file of rows')
  .option('--labels <file>', 'labels in idx format, where the data are in idx format')
  .option('--json', 'print one line of JSON, for other programs')
  .addHelpText('after', examples('evaluate model.myelin test.csv'))
  .action(run(evaluateCommand as Run));

reading(program.command('predict'))
  .description('Predicts for each row, in constant memory, and writes CSV.')
  .argument('<model>', 'a model file')
  .argument('<data>', "a file of rows; '-' is standard input")
  .option('--out <file>', 'the file to write to (default: standard output)')
  .option('--keep <name,...>', 'columns of the data to write next to the predictions', list)
  .option('--quiet', 'print no warnings')
  .addHelpText(
    'after',
    examples('predict model.myelin new.csv --out predictions.csv', 'predict model.myelin - --keep id < new.csv'),
  )
  .action(run(predictCommand as Run));

program
  .command('inspect')
  .description('Shows what a model file holds.')
  .argument('<model>', 'a model file')
  .option('--json', 'print one line of JSON, for other programs')
  .addHelpText('after', examples('inspect model.myelin'))
  .action(run(inspectCommand as Run));

program
  .command('bench')
  .description('Times training and prediction on this machine.')
  .option('--json', 'print one line of JSON, for other programs')
  .addHelpText('after', examples('bench'))
  .action(run(benchCommand as Run));

reading(program.command('profile'))
  .description('Times every kernel call of a training step of a model.')
  .argument('<model>', 'a model file')
  .argument('<data>', 'a file of rows')
  .option('--batch-size <rows>', 'rows of the training step', number)
  .addHelpText('after', examples('profile model.myelin train.csv'))
  .action(run(profileCommand as Run));

endOnSignals();

// Where nobody listens to progress and warnings any more, the work goes on.
process.stderr.on('error', () => {});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // A terminal that was closed accepts no more output, which is no error of what was saved.
  const ending = endingCode();
  if (error.code === 'EPIPE' || ending !== undefined) process.exit(ending ?? 0);
  say(`error: standard output: ${error.message}`);
  process.exit(1);
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) code = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof MyelinError || typeof (error as NodeJS.ErrnoException).code === 'string') {
    say(`error: ${messageOf(error as Error)}`);
    if (error instanceof UsageError) say(HELP);
    code = error instanceof UsageError ? 2 : 1;
  } else throw error;
}
process.exitCode = code;

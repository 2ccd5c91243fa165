#!/usr/bin/env node
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { MyelinError } from '../errors.js';
import { trainCommand } from './train.js';
import { benchCommand, evaluateCommand, inspectCommand, predictCommand, profileCommand } from './use.js';

/** 0 all went well, 1 data or a model are wrong, 2 the command is, 130 interrupted. */
let code = 0;

const number = (text: string) => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isFinite(value)) throw new InvalidArgumentError('A number is expected.');
  return value;
};
const list = (text: string) => text.split(',').map((item) => item.trim());
const numbers = (text: string) => list(text).map(number);

const program = new Command('myelin')
  .description('Trains networks on tables and predicts with them.')
  .showHelpAfterError('(--help shows how it is used)')
  .exitOverride()
  .addHelpText('after', '\nExit codes: 0 done, 1 data or a model are wrong, 2 the command is, 130 interrupted.');

/** A command that reads data. */
function reading(command: Command): Command {
  return command
    .option('--separator <character>', "what separates fields, 'tab' too (default: inferred)")
    .option('--header', 'the first line holds names (default: inferred)')
    .option('--no-header', 'it does not')
    .addOption(
      new Option('--format <format>', 'of the data (default: by its name)').choices(['csv', 'json', 'jsonLines']),
    );
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
  .argument('<data>', "CSV, JSON or JSON Lines, maybe with gzip; '-' for standard input")
  .requiredOption('--target <column>', "what to predict: a name, a number from 1, or 'last'")
  .option('--labels <file>', 'the data are idx, and these their labels')
  .option('--out <file>', 'where to save', 'model.myelin')
  .option('--test <data>', 'a file to evaluate on in the end')
  .option('--test-share <share>', 'a share of the rows to evaluate on in the end', number)
  .addOption(new Option('--task <task>', 'default: inferred').choices(['classification', 'regression']))
  .option('--drop <columns>', 'columns to leave out', list)
  .option('--layers <units>', 'hidden layers, such as 128,64', numbers)
  .option('--activation <name>', 'of the hidden layers')
  .option('--dropout <rate>', 'behind each hidden layer', number)
  .option('--members <count>', 'networks to average', number)
  .option('--epochs <count>', 'at most', number)
  .option('--batch-size <rows>', 'rows of a step', number)
  .option('--learning-rate <rate>', 'the highest of the cycle', number)
  .option('--weight-decay <rate>', 'decoupled', number)
  .option('--patience <epochs>', 'epochs without a better validation loss', number)
  .option('--seed <number>', 'default 0', number)
  .option('--resume <file>', 'goes on where an interrupted run stood, given the same data and options')
  .option('--report <file>', 'a page with curves and tables, which opens offline')
  .option('--json', 'one line of JSON for machines')
  .option('--quiet', 'say nothing unless something is wrong')
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
  .argument('<model>')
  .argument('<data>')
  .option('--labels <file>', 'the data are idx, and these their labels')
  .option('--json', 'one line of JSON for machines')
  .addHelpText('after', examples('evaluate model.myelin test.csv'))
  .action(run(evaluateCommand as Run));

reading(program.command('predict'))
  .description('Predicts for each row, in constant memory, and writes CSV.')
  .argument('<model>')
  .argument('<data>', "'-' for standard input")
  .option('--out <file>', 'default: standard output')
  .option('--keep <columns>', 'columns of the data to write beside the predictions', list)
  .option('--quiet', 'no warnings')
  .addHelpText(
    'after',
    examples('predict model.myelin new.csv --out predictions.csv', 'predict model.myelin - --keep id < new.csv'),
  )
  .action(run(predictCommand as Run));

program
  .command('inspect')
  .description('Shows what a model file holds.')
  .argument('<model>')
  .option('--json', 'one line of JSON for machines')
  .addHelpText('after', examples('inspect model.myelin'))
  .action(run(inspectCommand as Run));

program
  .command('bench')
  .description('Times training and prediction on this machine.')
  .option('--json', 'one line of JSON for machines')
  .addHelpText('after', examples('bench'))
  .action(run(benchCommand as Run));

reading(program.command('profile'))
  .description('Times every kernel call of a training step of a model.')
  .argument('<model>')
  .argument('<data>')
  .option('--batch-size <rows>', 'rows of the step', number)
  .addHelpText('after', examples('profile model.myelin train.csv'))
  .action(run(profileCommand as Run));

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) code = error.exitCode === 0 ? 0 : 2;
  else if (error instanceof MyelinError || typeof (error as NodeJS.ErrnoException).code === 'string') {
    process.stderr.write(`error: ${(error as Error).message}\n`);
    code = 1;
  } else throw error;
}
process.exitCode = code;

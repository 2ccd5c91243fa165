import { DataError, shorten } from '../data/data-error.js';
import { type Column, loadTabular, type Reading, readTable, streamTable, Table, type Tabular } from '../data/index.js';
import { Warnings } from '../data/tabular/inputs.js';
import { FileFormatError, MyelinError, ValueError } from '../errors.js';
import { printable } from '../printable.js';
import { print, printJson, say } from './console.js';
import { cellRemarksOf, checkColumns, readData, readOptions, sourceOf, warn } from './data.js';
import { firstLineRemarks, readFor, usedFor } from './first-line.js';
import { imagesInstead } from './idx-images.js';
import { about, typed } from './messages.js';
import { networksText } from './networks.js';
import { CsvWriter, writing } from './output.js';
import { checkApart, checkWritable } from './paths.js';
import type { ReadFlags } from './read-flags.js';
import { endingCode, Interruption } from './signals.js';
import { curves, grid, type Meaning, metricsText, shown, validationText } from './terminal.js';
import { checkForFormat } from './text-flags.js';

interface JsonFlag {
  readonly json?: boolean;
}

/** Places of errors that files have which are something else. */
const NO_MODEL = ['header', 'header length', 'metadata.format'];

async function loadModel(file: string, command: string): Promise<Tabular> {
  try {
    return await loadTabular(file);
  } catch (error) {
    const other =
      error instanceof FileFormatError && NO_MODEL.includes(error.where) && !/ follow it /.test(error.message);
    const bare = error instanceof ValueError && error.argument === 'model';
    if (!other && !bare) throw error;
    throw new MyelinError(
      other
        ? `${file} is not a Myelin model. Usage: npx myelin ${command}`
        : `${file} is a Myelin model, but not one that train or tabular saved. The function load opens it in a program.`,
      { cause: error },
    );
  }
}

const meaningOf = ({ kinds, record: { classes, target } }: Tabular): Meaning => ({ classes, kind: kinds[target] });

export async function evaluateCommand(file: string, data: string, flags: ReadFlags & JsonFlag): Promise<number> {
  const pipeline = await loadModel(file, 'evaluate model.myelin data.csv');
  if (flags.labels === undefined) checkForFormat(data, flags);
  const table = await readFor(pipeline, flags, () => readData(data, flags, pipeline));
  const metrics = usedFor(pipeline, flags, table, () => pipeline.evaluate(table));
  if (!flags.json)
    warn([
      ...firstLineRemarks(table, flags, pipeline),
      ...cellRemarksOf(table).map(typed),
      ...pipeline.warnings(table),
    ]);
  if (flags.json) printJson(metrics);
  else print(metricsText(metrics, meaningOf(pipeline)));
  return 0;
}

export interface PredictFlags extends ReadFlags {
  readonly out?: string;
  /** Columns of the data that are written next to the predictions. */
  readonly keep?: readonly string[];
  readonly quiet?: boolean;
}

/** Yields items until a signal aborts. */
async function* until<T>(items: AsyncIterable<T>, signal: AbortSignal): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  // Promise.race with one promise for all items would keep every item alive until the end.
  let giveUp: (reason: unknown) => void = () => {};
  signal.addEventListener('abort', () => giveUp(signal.reason), { once: true });
  for (;;) {
    signal.throwIfAborted();
    const { done, value } = await new Promise<IteratorResult<T>>((resolve, reject) => {
      giveUp = reject;
      iterator.next().then(resolve, reject);
    });
    if (done) return;
    yield value;
  }
}

/** Tables of a file; of one that has names and no rows a table of none. */
async function* orHeader(
  tables: AsyncIterable<Table>,
  { kinds }: Tabular,
  keep: readonly string[],
): AsyncGenerator<Table> {
  try {
    yield* tables;
  } catch (error) {
    const noRows = error instanceof DataError && error.code === 'empty' && error.problem !== 'the file is empty';
    if (!noRows) throw error;
    // A file without rows may also lack names, and then none can be wrong.
    const names = error.names ?? [...new Set([...Object.keys(kinds), ...keep])];
    yield new Table(
      names.map((name): Column => {
        const kind = Object.hasOwn(kinds, name) ? kinds[name]! : 'category';
        return kind === 'category'
          ? { name, kind, codes: new Int32Array(0), categories: [] }
          : { name, kind, values: new Float64Array(0) };
      }),
    );
  }
}

/** Tables of a file; of idx one, of its numbers. */
async function* orImages(tables: AsyncIterable<Table>, path: string, flags: ReadFlags): AsyncGenerator<Table> {
  try {
    yield* tables;
  } catch (error) {
    yield await imagesInstead(path, error, flags);
  }
}

/** Refuses a column to keep that a file does not have. */
function missingColumn(table: Table, name: string): Column {
  return table.column(checkColumns(table, [name], '--keep')[0]!);
}

/** Returns a place in a block as a line of the file. */
function inFile(error: unknown, { lines }: Table): unknown {
  const [, before, row] = (error instanceof ValueError && /^(column '.*', )row (\d+)$/s.exec(error.argument)) || [];
  return row === undefined || !lines ? error : about(error, `${before}line ${lines[Number(row)]}`);
}

/** Predicts a block at a time, so that memory does not grow with the file. */
export async function predictCommand(file: string, data: string, flags: PredictFlags): Promise<number> {
  const { keep = [], quiet = false, out } = flags;
  checkForFormat(data, flags);
  const interruption = new Interruption();
  const { signal } = interruption;
  const pipeline = await loadModel(file, 'predict model.myelin data.csv');
  await checkApart({ '--out': out }, { 'the model': file, 'the data': data });
  if (out !== undefined && out !== '-') await checkWritable(out, '--out', 'a file or a stream');
  const { target } = pipeline.record;
  // The target may be absent or of another kind.
  const kinds = { [target]: 'skip' as const };
  const options = readOptions({ ...flags, kinds }, pipeline);
  const warnings = new Warnings(pipeline.record.inputs, [target, ...keep]);
  const remarks: string[] = [];
  let rows = 0;
  try {
    const work: Parameters<typeof writing>[1] = async (put) => {
      const writer = new CsvWriter(put, pipeline.digits);
      const tables = orHeader(orImages(streamTable(sourceOf(data), options), data, flags), pipeline, keep);
      for await (const table of until(tables, signal)) {
        const kept = keep.map((name) => table.written.get(name) ?? missingColumn(table, name));
        let predictions: Table;
        try {
          predictions = usedFor(pipeline, flags, table, () => pipeline.predictTable(table));
        } catch (error) {
          throw inFile(error, table);
        }
        if (rows === 0) remarks.push(...firstLineRemarks(table, flags, pipeline));
        const given = kept.map((column) =>
          predictions.has(column.name) ? { ...column, name: `${column.name} (given)` } : column,
        );
        await writer.write(given, predictions.columns);
        if (!quiet) warnings.add(table);
        remarks.push(...cellRemarksOf(table));
        rows += table.rows;
      }
    };
    await readFor(pipeline, flags, () => writing(out, work, { signal }));
  } catch (error) {
    if (!signal.aborted || error !== signal.reason) throw error;
    if (data === '-') process.stdin.destroy();
    say(`Interrupted${out === undefined ? '' : `: ${out} is as it was`}.`);
    return endingCode() ?? 1;
  } finally {
    interruption.stop();
  }
  if (quiet) return 0;
  warn([...remarks.map(typed), ...warnings.texts]);
  if (out !== undefined && out !== '-') say(`${rows} predictions in ${out}`);
  return 0;
}

/** Describes how files are read that look like the one the model was trained on. */
function readingText({ missing, decimal, thousands, dateFormat, encoding, quote, comment }: Reading = {}): string {
  const each = (value: string | Readonly<Record<string, string>>) =>
    typeof value === 'string'
      ? `'${value}'`
      : Object.entries(value)
          .map(([name, one]) => `'${one}' in '${shorten(name)}'`)
          .join(', ');
  const says = [
    ...(missing ? [`missing values are ${missing.map((text) => `'${text}'`).join(', ')}`] : []),
    ...(decimal ? [`decimals follow '${decimal}'`] : []),
    ...(thousands ? [`thousands are separated by ${each(thousands)}`] : []),
    ...(dateFormat ? [`dates are written ${each(dateFormat)}`] : []),
    ...(encoding ? [`files are in ${encoding}`] : []),
    ...(quote === false ? ['quotes are characters like others'] : []),
    ...(comment ? [`lines that begin with ${comment} are left out`] : []),
  ];
  return says.length === 0 ? '' : `Reading: ${says.join('; ')}`;
}

export async function inspectCommand(file: string, flags: JsonFlag): Promise<number> {
  const pipeline = await loadModel(file, 'inspect model.myelin');
  const { model, preprocessing, record } = pipeline;
  const { features } = preprocessing;
  if (flags.json) {
    printJson({ spec: model.spec, features, preprocessing, record });
    return 0;
  }
  const inputs = record.inputs.map((input) => [
    input.name,
    input.kind,
    input.categories
      ? `${input.categories.length} categories`
      : `${shown(input.min, input.kind)} to ${shown(input.max, input.kind)}`,
    input.missing === 0 ? '' : `${input.missing} missing`,
  ]);
  const steps = preprocessing
    .toJSON()
    .columns.map(({ name, steps }) => [name, steps.map(({ step }) => step).join(', ')]);
  const classes = record.classes ? `: ${record.classes.slice(0, 20).join(', ')}` : '';
  print(
    printable(`${record.task} of '${record.target}'${classes}, trained on ${record.rows} rows`),
    grid(inputs),
    printable(readingText(record.reading)),
    `Preprocessing, to ${features.length} features:\n${grid(steps)}`,
    networksText(model.summary(), record.members.length),
    curves(record),
    `Validation (${validationText(record)}):\n${metricsText(record.validation, meaningOf(pipeline))}`,
    record.notes.map((note) => printable(typed(note))).join('\n'),
  );
  return 0;
}

export async function profileCommand(
  file: string,
  data: string,
  flags: ReadFlags & { readonly batchSize?: number },
): Promise<number> {
  const pipeline = await loadModel(file, 'profile model.myelin data.csv');
  const { model, preprocessing, record } = pipeline;
  checkForFormat(data, flags);
  const table = await readFor(pipeline, flags, () => readTable(sourceOf(data), readOptions(flags, pipeline)));
  const rows = Math.min(table.rows, flags.batchSize ?? record.design.batchSize);
  const x = usedFor(pipeline, flags, table, () => preprocessing.transform(table.slice(0, rows)));
  const y = Array.from({ length: rows }, (_, row) => (record.classes ? row % record.classes.length : 0));
  print(String(await model.profile(x, y)));
  return 0;
}

/** Times training and prediction of a network of common size on this machine. */
export async function benchCommand(flags: JsonFlag): Promise<number> {
  const { auto } = await import('../backends/detect.js');
  const { adam } = await import('../kernels/twins/adam.js');
  const { dense } = await import('../nn/layers/index.js');
  const { median } = await import('../program/profile.js');
  const { sequential } = await import('../model/model.js');
  const backend = await auto();
  const model = sequential({
    layers: [
      dense({ units: 256, activation: 'relu', inputShape: 784 }),
      dense({ units: 128, activation: 'relu' }),
      dense({ units: 10, activation: 'softmax' }),
    ],
    backend,
  });
  model.compile({ optimizer: adam(), loss: 'sparseCategoricalCrossentropy' });
  const x = Array.from({ length: 64 }, (_, r) => Float32Array.from({ length: 784 }, (_, c) => Math.sin(r * 784 + c)));
  const y = x.map((_, r) => r % 10);
  const time = async (work: () => void, repeats: number) => {
    work();
    const times: number[] = [];
    for (let i = 0; i < repeats; i++) {
      // A signal would wait for the event loop.
      await new Promise(setImmediate);
      const began = performance.now();
      work();
      times.push(performance.now() - began);
    }
    return median(times);
  };
  const step = (await time(() => model.trainOnBatch(x, y), 200)) * 1000;
  const prediction = (await time(() => model.predict(x), 200)) * 1000;
  const result = { backend: backend.name, stepMicroseconds: step, predictMicroseconds: prediction };
  if (flags.json) printJson(result);
  else {
    print(
      `${backend.name}: 784-256-128-10, 64 rows, Adam\n${grid([
        ['a training step', `${step.toFixed(0)} us`, `${((64 / step) * 1e6).toFixed(0)} rows/s`],
        ['a prediction', `${prediction.toFixed(0)} us`, `${((64 / prediction) * 1e6).toFixed(0)} rows/s`],
      ])}`,
    );
  }
  return 0;
}

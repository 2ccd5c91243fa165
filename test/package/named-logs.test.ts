import { describe, expect, test } from 'vitest';
import { accuracy, dense, f1, sequential, typescript } from '../../src/index.js';
import { programs } from '../support/types/programs.js';

// What `compile` returns has the names of its metrics in its type: a misspelt one does not compile, a known one is a number.

const errorsIn = programs();

const setup = (metrics: string) => `
  import { accuracy, adam, customLoss, customMetric, dense, f1, model, input, sequential, topK, typescript } from 'myelin';
  import type { History, Logs, Model } from 'myelin';
  import { sequential as remoteSequential } from 'myelin/worker';
  const remote = await remoteSequential({ layers: [dense({ units: 2, inputShape: 2, activation: 'softmax' })] });
  const layers = [dense({ units: 2, inputShape: 2, activation: 'softmax' })];
  const untyped = sequential({ layers, backend: typescript() });
  export const net = untyped.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy'${metrics} });
  export const far = await remote.compile({ optimizer: 'adam', loss: 'categoricalCrossentropy'${metrics} });
  const [x, y] = [[[1, 2]], [[0, 1]]];
  const logs = net.evaluate(x, y);
  const farLogs = await far.evaluate(x, y);
  const batch = net.trainOnBatch(x, y);
  const { history } = await net.fit(x, y, { epochs: 2 });
  const { history: validated } = await net.fit(x, y, { validationSplit: 0.5 });
  const { history: far2 } = await far.fit(x, y, { validationData: [x, y] });
  const number = (value: number) => value;
  const list = (value: number[]) => value;`;

const strict = { noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };

describe('names of metrics', { timeout: 120_000 }, () => {
  test.each([
    ['none', '', ['loss'], ['accuracy', 'lose']],
    ['a name', ", metrics: ['accuracy']", ['loss', 'accuracy'], ['acuracy', 'f1']],
    ['functions', ', metrics: [accuracy(), f1()]', ['loss', 'accuracy', 'f1'], ['topK']],
    ['labels', ", metrics: ['accuracy', topK({ k: 2, label: 'top' })]", ['accuracy', 'top'], ['topK', 'tops']],
    [
      'of your own',
      ", metrics: [customMetric({ name: 'within', mode: 'max', compute: () => 1 }), 'accuracy']",
      ['within', 'accuracy'],
      ['without', 'custom'],
    ],
    ['plain data', ", metrics: [{ name: 'f1', label: 'macro' }]", ['macro'], ['f1']],
  ])('%s', async (_, metrics, known, unknown) => {
    const of = (names: readonly string[], line: (name: string) => string) => names.map(line).join('\n');
    const capital = (name: string) => `val${name[0]!.toUpperCase()}${name.slice(1)}`;
    const code = `${setup(metrics)}
      ${of(known, (name) => `number(logs.${name}); number(farLogs.${name}); number(batch.${name}); list(history.${name});`)}
      ${of(known, (name) => `list(validated.${capital(name)}); list(far2.${capital(name)});`)}
      list(history.learningRate);
      ${of(unknown, (name) => `// @ts-expect-error\nlogs.${name};\n// @ts-expect-error\nfarLogs.${name};`)}
      ${of(unknown, (name) => `// @ts-expect-error\nbatch.${name};\n// @ts-expect-error\nhistory.${name};`)}
      // @ts-expect-error: without validation there may be none
      list(history.valLoss);
      list(history.valLoss ?? []);
      // @ts-expect-error: without a penalty there is none
      number(logs.penalty);
      export const any: [Model, Logs, History] = [net, logs, await net.fit(x, y)];
      export const loose: Record<string, number> = logs;
      export const lists: Record<string, number[]> = history;`;
    expect(await errorsIn(code, strict)).toBe('');
  });

  test('models as they were have any names', async () => {
    const code = `${setup('')}
      import type { CompileOptions } from 'myelin';
      const old = untyped.evaluate(x, y);
      export const value: number | undefined = old.anything;
      // @ts-expect-error
      number(old.anything);
      export const lists: number[] | undefined = (await untyped.fit(x, y)).history.anything;
      declare const options: CompileOptions;
      const later = untyped.compile(options);
      export const other: number | undefined = later.evaluate(x, y).anything;
      export function train(given: Model): Promise<History> { return given.fit(x, y); }
      export const passed = train(net);
      // @ts-expect-error: options are checked as before
      untyped.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrcs: [] });
      // @ts-expect-error
      untyped.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: ['acuracy'] });
      // @ts-expect-error
      await untyped.fit(x, y, { epoch: 2 });
      // @ts-expect-error
      await untyped.fit(x, y, { validationSplit: 0.5, epoch: 2 });
      const two = untyped.compile({ optimizer: 'adam', loss: 'meanSquaredError', metrics: { a: ['accuracy'] } });
      export const named: number | undefined = two.evaluate(x, y).aAccuracy;`;
    expect(await errorsIn(code, { ...strict, exactOptionalPropertyTypes: false })).toBe('');
  });
});

test('with several outputs, or outputs that types do not know, names may be any', async () => {
  const code = `
    import { dense, input, load, model, modelFromSpec, typescript } from 'myelin';
    import type { OneOutputModel } from 'myelin';
    import { model as remoteModel } from 'myelin/worker';
    const backend = typescript();
    const from = input({ shape: 2 });
    const [a, b] = ['a', 'b'].map((name) => dense({ units: 2, activation: 'softmax', name }).apply(from)) as [never, never];
    const options = { optimizer: 'adam', loss: 'categoricalCrossentropy', metrics: ['accuracy'] } as const;
    const [x, y] = [[[1, 2]], [[0, 1]]];
    const number = (value: number) => value;
    const tensor: ReturnType<ReturnType<typeof dense>['apply']> = a;
    const two = model({ inputs: from, outputs: [tensor, b], backend }).compile(options);
    const far = await (await remoteModel({ inputs: from, outputs: [tensor, b] })).compile(options);
    const loaded = (await load('file', { backend })).compile(options);
    for (const logs of [two.evaluate(x, [y, y]), await far.evaluate(x, [y, y]), loaded.evaluate(x, y)]) {
      // @ts-expect-error: it is called aAccuracy
      number(logs.accuracy);
      export_(logs.aAccuracy);
    }
    // @ts-expect-error
    const claimed: OneOutputModel = two;
    const { history } = await two.fit(x, [y, y], { validationData: [x, [y, y]] });
    export_(history.valAAccuracy?.[0]);
    const one = model({ inputs: from, outputs: tensor, backend }).compile(options);
    const farOne = await (await remoteModel({ inputs: from, outputs: tensor })).compile(options);
    number(one.evaluate(x, y).accuracy);
    number((await farOne.evaluate(x, y)).accuracy);
    // @ts-expect-error
    one.evaluate(x, y).acuracy;
    // @ts-expect-error
    (await farOne.evaluate(x, y)).acuracy;
    number((await one.evaluateBatches([[x, y]])).accuracy);
    number(one.testOnBatch(x, y).accuracy + (await one.partialFit(x, y)).accuracy);
    function export_(value: number | undefined) { return value; }
    export const kept: OneOutputModel[] = [one];
    export const model2 = modelFromSpec(one.spec, { backend });`;
  expect(await errorsIn(code, { ...strict, exactOptionalPropertyTypes: false })).toBe('');
}, 120_000);

test('compile returns the model', () => {
  const model = sequential({
    layers: [dense({ units: 1, inputShape: 1, activation: 'sigmoid' })],
    backend: typescript(),
  });
  const metrics = [accuracy(), f1({ label: 'score' })] as const;
  const compiled = model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics });
  expect(compiled).toBe(model);
  expect(Object.keys(compiled.evaluate([1], [1]))).toEqual(['loss', 'accuracy', 'score'] satisfies (keyof ReturnType<
    typeof compiled.evaluate
  >)[]);
});

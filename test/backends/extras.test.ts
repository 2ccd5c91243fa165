import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { hasRelaxedSimd } from '../../src/backends/detect.js';
import { any } from '../support/any.js';

type Library = typeof import('../../src/index.js');

const file = (name: string) => new Uint8Array(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
const threadUrl = new URL('../../build/thread.js', import.meta.url);
const CORE = file('kernels.core.wasm').length;
const EXTRAS = file('kernels.extras.wasm').length;
const SPECIAL = file('kernels.special.wasm').length;

/** Imported afresh, so that no extras are compiled yet. */
let library: Library;
/** Sizes of the modules that were compiled. */
let compiled: { readonly atOnce: number[]; readonly waiting: number[] };
/** What the engine says in place of compiling at once. */
let refusal: Error | undefined;

beforeEach(async () => {
  compiled = { atOnce: [], waiting: [] };
  refusal = undefined;
  const { Module, compile } = WebAssembly;
  const counting = {
    Module: new Proxy(Module, {
      construct(target, [source]: [Uint8Array<ArrayBuffer>]) {
        if (refusal) throw refusal;
        compiled.atOnce.push(source.byteLength);
        return new target(source);
      },
    }),
    compile: (source: Uint8Array<ArrayBuffer>) => {
      compiled.waiting.push(source.byteLength);
      return compile(source);
    },
  };
  const others = Object.getOwnPropertyNames(WebAssembly).map((name) => [name, any(WebAssembly)[name]]);
  vi.stubGlobal('WebAssembly', { ...Object.fromEntries(others), ...counting });
  vi.resetModules();
  library = await import('../../src/index.js');
});

afterEach(() => {
  vi.unstubAllGlobals();
});

type Backend = Awaited<ReturnType<Library['wasm']>>;

const x = Array.from({ length: 24 }, (_, i) => [Math.fround(i / 24), Math.fround(((i * 7) % 24) / 24)]);
const y = x.map(([a, b]) => Math.fround((a as number) - (b as number)));

function network(
  backend: Backend,
  activation: 'relu' | 'gelu',
  loss: 'meanSquaredError' | 'huber' = 'meanSquaredError',
) {
  const { dense, sequential } = library;
  const layers = [dense({ units: 6, activation, inputShape: 2 }), dense({ units: 1 })];
  const model = sequential({ layers, seed: 3, backend });
  model.compile({ optimizer: 'adam', loss });
  return model;
}

const plain = (model: ReturnType<typeof network>) =>
  Object.values(model.getWeights()).map((weights) => Array.from((weights as { data: Float32Array }).data));

test('a model of the core compiles no extras, however it is used', async () => {
  const model = network(await library.wasm(), 'relu');
  await model.fit(x, y, { epochs: 2, validationSplit: 0.25 });
  model.trainOnBatch(x, y);
  model.predict(x);
  await library.load(library.serialize(model), { backend: await library.auto() });
  expect(compiled).toEqual({ atOnce: [], waiting: [CORE] });
});

describe('extras are compiled once', () => {
  test.each<[string, (model: ReturnType<typeof network>, backend: Backend) => Promise<unknown>]>([
    ['fit', (model) => model.fit(x, y, { epochs: 1 })],
    ['load', (model, backend) => library.load(library.serialize(model), { backend })],
    ['evaluateBatches', (model) => model.evaluateBatches([{ x, y }])],
    ['profile', (model) => model.profile(x, y, { repeats: 1 })],
  ])('without blocking by %s', async (_, use) => {
    const backend = await library.wasm();
    const model = network(backend, 'gelu');
    expect(compiled).toEqual({ atOnce: [], waiting: [CORE] });
    await use(model, backend);
    model.predict(x);
    network(await library.wasm(), 'gelu').predict(x);
    expect(compiled).toEqual({ atOnce: [], waiting: [CORE, EXTRAS] });
  });

  test.each<[string, (model: ReturnType<typeof network>) => unknown]>([
    ['predict', (model) => model.predict(x)],
    ['evaluate', (model) => model.evaluate(x, y)],
    ['trainOnBatch', (model) => model.trainOnBatch(x, y)],
    ['gradients', (model) => model.gradients(x, y)],
  ])('at once by %s', async (_, use) => {
    const model = network(await library.wasm(), 'gelu');
    use(model);
    use(model);
    await model.fit(x, y, { epochs: 1 });
    expect(compiled).toEqual({ atOnce: [EXTRAS], waiting: [CORE] });
  });

  test.each(['gelu', 'relu'] as const)('for a loss, where only that is one of them: %s', async (activation) => {
    const model = network(await library.wasm(), activation, 'huber');
    await model.fit(x, y, { epochs: 1 });
    expect(compiled).toEqual({ atOnce: [], waiting: [CORE, EXTRAS] });
  });

  test('an engine that refuses to compile at once says so in a BackendError, and fit goes on', async () => {
    const model = network(await library.wasm(), 'gelu');
    refusal = new RangeError(
      'WebAssembly.Compile is disallowed on the main thread, if the buffer size is larger than 4KB',
    );
    for (const use of [() => model.predict(x), () => model.trainOnBatch(x, y)]) {
      expect(use).toThrow(library.BackendError);
      expect(use).toThrow(/geluForward.*disallowed on the main thread.*fit and load compile them without blocking/);
    }
    await model.fit(x, y, { epochs: 1 });
    expect(model.predict(x).rows).toBe(24);
  });
});

describe('special kernels', () => {
  const special = ['sparseForward', 'sparseKernelGradient'] as const;

  test('are compiled when they are asked for, and alone', async () => {
    const backend = await library.wasm();
    const { kernels } = backend.open(1);
    expect(compiled.atOnce).toEqual([]);
    for (const name of special) expect(kernels[name]).toBeTypeOf('function');
    expect(compiled).toEqual({ atOnce: [SPECIAL], waiting: [CORE] });
    expect(kernels.geluForward).toBeTypeOf('function');
    expect(kernels.sparseForwardRelu).toBeTypeOf('function');
    expect(compiled).toEqual({ atOnce: [SPECIAL, EXTRAS], waiting: [CORE] });
  });

  test('are compiled without blocking by prepare, and extras as well where they are needed', async () => {
    const backend = await library.wasm();
    await backend.prepare?.(() => ['denseForward', ...special]);
    expect(compiled).toEqual({ atOnce: [], waiting: [CORE, SPECIAL] });
    await backend.prepare?.(() => [special[0], 'geluForward', 'geluBackward']);
    expect(compiled).toEqual({ atOnce: [], waiting: [CORE, SPECIAL, EXTRAS] });
    expect(backend.prepare?.(() => [...special, 'geluForward'])).toBeUndefined();
  });

  const [core, extras] = [file('kernels.core.wasm'), file('kernels.extras.wasm')];
  test.each<[string, object]>([
    ['wasm({ extras: false })', { extras: false }],
    ['a core', { source: { core } }],
    ['a core and extras', { source: { core, extras } }],
    ['a core and extras, with threads', { source: { core, extras }, threads: 2, threadUrl }],
  ])('are not there, as a StateError says: %s', async (_, options) => {
    const backend = await library.wasm(options);
    const { kernels } = backend.open(1);
    expect(() => kernels.sparseForward).toThrow(library.StateError);
    expect(() => kernels.sparseForward).toThrow(/^The model needs sparseForward, .*wasm\(\{ (extras|source)/);
    backend.dispose?.();
  });

  test.each(['whole', 'parts', 'modules'] as const)('come with the kernels that users bring: %s', async (name) => {
    const { kernels } = (await library.wasm(source[name])).open(1);
    for (const kernel of [...special, 'geluForward', 'denseForward'] as const) {
      expect(kernels[kernel]).toBeTypeOf('function');
    }
  });
});

const source = {
  whole: { source: file('kernels.wasm') },
  parts: {
    source: {
      core: file('kernels.core.wasm'),
      extras: file('kernels.extras.wasm'),
      special: file('kernels.special.wasm'),
    },
  },
  modules: {
    source: {
      core: new WebAssembly.Module(file('kernels.core.wasm')),
      extras: new WebAssembly.Module(file('kernels.extras.wasm')),
      special: new WebAssembly.Module(file('kernels.special.wasm')),
    },
  },
};

describe('wasm({ extras: false })', () => {
  test.each(['wasm', 'auto'] as const)('%s trains what the core has', async (open) => {
    const model = network(await library[open]({ extras: false }), 'relu');
    const { history } = await model.fit(x, y, { epochs: 2 });
    expect(history.loss![1]!).toBeLessThan(history.loss![0]!);
  });

  test('a model that needs extras meets a StateError that names the option, wherever it is used first', async () => {
    const backend = await library.wasm({ extras: false });
    const bytes = library.serialize(network(await library.wasm(), 'gelu'));
    const uses: (() => unknown)[] = [
      () => network(backend, 'gelu').predict(x),
      () => network(backend, 'gelu').fit(x, y),
      () => network(backend, 'relu', 'huber').fit(x, y),
      () => network(backend, 'relu', 'huber').trainOnBatch(x, y),
      () => library.load(bytes, { backend }),
      () => library.deserialize(bytes, { backend }).predict(x),
    ];
    for (const use of uses) {
      const error = any(await (async () => use())().catch((error) => error));
      expect(error, String(use)).toBeInstanceOf(library.StateError);
      expect(error.message).toMatch(/^The model needs (gelu|huber)\w*, .*wasm\(\{ extras: false \}\)/);
    }
    network(await library.wasm(), 'gelu').predict(x);
  });

  test('with threads', async () => {
    const backend = await library.wasm({ extras: false, threads: 2, threadUrl });
    await expect(network(backend, 'gelu').fit(x, y)).rejects.toThrow(/wasm\(\{ extras: false \}\)/);
    await network(backend, 'relu').fit(x, y, { epochs: 1 });
    backend.dispose?.();
  });
});

describe('the bits are the same', () => {
  const threads = { threads: 2, threadUrl };

  test('from whole modules and from parts, on one thread and two, as in TypeScript', async () => {
    const train = async (backend: Backend) => {
      const model = network(backend, 'gelu', 'huber');
      await model.fit(x, y, { epochs: 3, batchSize: 5 });
      backend.dispose?.();
      return [
        ...plain(model),
        Array.from(model.backend.name === 'wasm' && backend.threads > 1 ? [] : model.predict(x).data),
      ];
    };
    const expected = await train(library.typescript());
    for (const options of [{}, source.whole, source.parts, source.modules]) {
      expect(await train(await library.wasm(options))).toEqual(expected);
    }
    for (const options of [threads, { ...threads, ...source.whole }, { ...threads, ...source.parts }]) {
      expect((await train(await library.wasm(options))).slice(0, -1)).toEqual(expected.slice(0, -1));
    }
  });

  test.skipIf(!hasRelaxedSimd())('fast arithmetic from parts is that of the whole', async () => {
    const train = async (options: object) => {
      const model = network(await library.wasm({ math: 'fast', ...options }), 'gelu', 'huber');
      await model.fit(x, y, { epochs: 3, batchSize: 5 });
      return plain(model);
    };
    const parts = { core: file('kernels.fast.core.wasm'), extras: file('kernels.fast.extras.wasm') };
    const whole = await train({ source: file('kernels.fast.wasm') });
    expect(await train({})).toEqual(whole);
    expect(await train({ source: parts })).toEqual(whole);
  });

  test('a core without extras trains what it can, and says what it lacks', async () => {
    const core = file('kernels.core.wasm');
    for (const source of [core, { core }]) {
      const backend = await library.wasm({ source });
      await network(backend, 'relu').fit(x, y, { epochs: 1 });
      await expect(network(backend, 'gelu').fit(x, y)).rejects.toThrow(library.StateError);
      await expect(network(backend, 'gelu').fit(x, y)).rejects.toThrow(/source.*pass \{ core, extras, special \}/);
    }
  });

  test.each<[string, object, RegExp]>([
    ['extras that are no choice', { extras: 'no' }, /^wasm\.extras: expected true or false, got 'no'/],
    ['extras beside source', { extras: false, ...source.whole }, /^wasm\.extras: expected .*source/],
    [
      'a text for a core',
      { source: { core: 'kernels' } },
      /^wasm\.source\.core: expected a URL.*the bytes of myelin\/kernels\.core\.wasm/,
    ],
    ['a promise for a core', { source: { core: Promise.resolve() } }, /^wasm\.source\.core: .*got undefined/],
    ['a number for extras', { source: { ...source.parts.source, extras: 4 } }, /^wasm\.source\.extras: .*got 4/],
    [
      'extras for a core',
      { source: { core: file('kernels.extras.wasm') } },
      /^wasm\.source: .*without the compute kernels/,
    ],
    [
      'extras for special kernels',
      { source: { ...source.parts.source, special: file('kernels.extras.wasm') } },
      /^wasm\.source\.special: .*kernels\.special\.wasm/,
    ],
    [
      'a core for extras',
      { source: { core: file('kernels.core.wasm'), extras: file('kernels.core.wasm') } },
      /^wasm\.source\.extras: .*kernels\.extras\.wasm/,
    ],
    ['compiled modules with threads', { ...threads, ...source.modules }, /^wasm\.source.*bytes/],
  ])('%s: refused', async (_, options, message) => {
    const error = await library.wasm(any(options)).catch((error) => error);
    expect(error).toBeInstanceOf(library.ValueError);
    expect(error.message).toMatch(message);
  });
});

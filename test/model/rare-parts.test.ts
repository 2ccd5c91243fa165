import { readFileSync } from 'node:fs';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { any } from '../support/any.js';
import { edgesOf, sources } from '../support/imports.js';

type Library = typeof import('../../src/index.js');

/** Imported afresh, so that no backend has been opened yet. */
let library: Library;

beforeEach(async () => {
  vi.resetModules();
  library = await import('../../src/index.js');
});

const x = [[1], [2]];
const y = [1, 2];

function network(backend: Awaited<ReturnType<Library['wasm']>>) {
  const { dense, sequential } = library;
  return sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend });
}

/** A backend of the user's own, which does not come from `wasm`, `auto` or `typescript`. */
const written = async () => (await import('../../src/backends/twins.js')).openTwins();

test('without a backend of the library, what few programs call is refused and all else works', async () => {
  const model = network(await written());
  model.compile({ optimizer: 'sgd', loss: 'meanSquaredError' });
  expect(model.trainOnBatch(x, y).loss).toBeGreaterThan(0);
  expect(model.predict(x).rows).toBe(2);
  const { StateError } = library;
  const calls = [() => model.summary(), () => model.gradients(x, y), () => model.program('train', 2)];
  for (const call of calls) {
    expect(call).toThrow(StateError);
    expect(call).toThrow('await wasm() or await auto() loads it, and so does typescript()');
  }
});

const source = () => new Uint8Array(readFileSync(new URL('../../build/kernels.wasm', import.meta.url)));
const threadUrl = new URL('../../build/thread.js', import.meta.url);

describe('it is there after', () => {
  test.each<[string, (library: Library) => unknown]>([
    ['wasm()', ({ wasm }) => wasm()],
    ['wasm({ extras: false })', ({ wasm }) => wasm({ extras: false })],
    ['wasm({ source })', ({ wasm }) => wasm({ source: source() })],
    ['wasm({ threads })', ({ wasm }) => wasm({ threads: 2, threadUrl })],
    ['auto()', ({ auto }) => auto()],
    ['typescript()', ({ typescript }) => typescript()],
  ])('%s', async (_, open) => {
    await open(library);
    const model = network(await written());
    model.compile({ optimizer: 'sgd', loss: 'meanSquaredError', clipNorm: 1 });
    expect(model.summary().parameters).toBe(2);
    expect(Object.keys(model.gradients(x, y).gradients)).toEqual(['layers.0.kernel', 'layers.0.bias']);
    expect(() => model.compile({ optimizer: any('adan'), loss: 'meanSquaredError' })).toThrow('adan()');
  });
});

test('a program reaches the folders called rare through the list of parts alone', () => {
  const isRare = (file: string) => file.includes('/rare/');
  const edges = sources('src')
    .flatMap(edgesOf)
    .filter(({ to, kind }) => isRare(to) && kind !== 'type');
  expect(edges.length).toBeGreaterThan(15);
  const wrong = edges
    .filter(({ from }) => !isRare(from) && from !== 'src/model/rare-parts.ts')
    // Functions that make items of one's own refuse these names, before there is a backend.
    .filter(({ from, to }) => !(/\/own-\w+\.ts$/.test(from) && to === 'src/nn/rare/function-names.ts'));
  // The command line is bundled by nobody.
  expect(wrong.filter(({ from }) => !from.startsWith('src/cli/')).map(({ from, to }) => `${from} -> ${to}`)).toEqual(
    [],
  );
});

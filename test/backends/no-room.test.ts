import { afterEach, describe, expect, test, vi } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { wasm } from '../../src/backends/wasm.js';
import { BackendError } from '../../src/errors.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';

// What engines throw where they have no room: V8 and JavaScriptCore a RangeError, Firefox an InternalError or a mere text.

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

class InternalError extends Error {
  override name = 'InternalError';
}
const thrown = {
  'a RangeError': () => new RangeError('WebAssembly.Memory(): could not allocate memory'),
  'an InternalError': () => new InternalError('allocation size overflow'),
  'a text': () => 'out of memory',
};

const layers = [dense({ units: 2, inputShape: 3 })];
const failing = (what: unknown) =>
  class {
    constructor() {
      throw what;
    }
  };

describe.each(Object.entries(thrown))('%s', (_, make) => {
  const text = make() instanceof Error ? (make() as Error).message : make();

  test.each(['Memory', 'Instance'] as const)('WebAssembly.%s', async (name) => {
    const backend = await wasm();
    vi.stubGlobal('WebAssembly', { ...webAssembly, [name]: failing(make()) });
    const caught = attempt(() => sequential({ layers, backend }));
    expect(caught).toBeInstanceOf(BackendError);
    expect((caught as BackendError).message).toMatch(/no room for a heap of 1 page/);
    expect((caught as BackendError).cause).toBeInstanceOf(Error);
    expect(((caught as BackendError).cause as Error).message).toBe(text);
  });

  test('the heap of the TypeScript backend', () => {
    const backend = typescript();
    vi.stubGlobal('Float32Array', failing(make()));
    const caught = attempt(() => backend.open(1 << 20));
    expect(caught).toBeInstanceOf(BackendError);
    expect((caught as BackendError).message).toMatch(/no room for a heap of 64 pages/);
    expect(((caught as BackendError).cause as Error).message).toBe(text);
  });

  test('text that is too long to save, and to load', () => {
    const model = sequential({ layers, backend: typescript() });
    const bytes = serialize(model);
    vi.spyOn(JSON, 'stringify').mockImplementation(() => {
      throw make();
    });
    expect(`${attempt(() => serialize(model))}`).toMatch(/ValueError: .*more text than a string can hold/);
    vi.restoreAllMocks();
    vi.spyOn(JSON, 'parse').mockImplementation(() => {
      throw make();
    });
    expect(`${attempt(() => deserialize(bytes, { backend: typescript() }))}`).toContain(`(${text})`);
  });
});

const webAssembly = Object.fromEntries(
  Object.getOwnPropertyNames(WebAssembly).map((name) => [name, WebAssembly[name as keyof typeof WebAssembly]]),
);

function attempt(work: () => unknown): unknown {
  try {
    work();
    return undefined;
  } catch (error) {
    return error;
  }
}

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type WasmOptions, wasm } from '../../src/backends/wasm.js';
import type { BackendFactory } from '../../src/kernels/contract.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { launch, noBrowser, serve } from '../support/browser.js';
import { hasFirefox, openFirefox } from '../support/webdriver.js';

const place = (name: string) => new URL(`../../build/${name}.wasm`, import.meta.url);
const bytes = (name = 'kernels') => new Uint8Array(readFileSync(place(name)));
const response = (type = 'application/wasm', name = 'kernels') =>
  new Response(bytes(name), { headers: { 'content-type': type } });

function trained(backend: BackendFactory) {
  const layers = [dense({ units: 6, inputShape: 2, activation: 'gelu' }), dense({ units: 1 })];
  const model = sequential({ layers, backend, seed: 4 });
  model.compile({ optimizer: 'rmsprop', loss: 'huber' });
  for (let i = 0; i < 3; i++) model.trainOnBatch([[0.5, -1]], [i]);
  return Object.values(model.getWeights()).flatMap(({ data }) => [...data]);
}

/** Serves the kernels: /type/name.wasm, the type as the server is to name it. */
function listen(): Promise<Server> {
  const server = createServer((request, reply) => {
    const [, type = '', name = ''] = decodeURIComponent(request.url ?? '').split('|');
    if (name === 'none') reply.statusCode = 404;
    if (type) reply.setHeader('content-type', type);
    reply.end(name === 'none' ? 'none' : bytes(name));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

describe('wasm({ source })', async () => {
  const expected = trained(await wasm());
  let server: Server;
  const at = (type: string, name = 'kernels') =>
    `http://127.0.0.1:${(server.address() as AddressInfo).port}/|${encodeURIComponent(type)}|${name}`;

  beforeAll(async () => {
    server = await listen();
  });
  afterAll(() => {
    server.close();
  });

  test.each<[string, boolean, () => WasmOptions['source']]>([
    ['a URL', true, () => new URL(at('application/wasm'))],
    ['a URL as text', true, () => at('application/wasm')],
    ['a type with parameters', false, () => at('application/wasm; charset=utf-8')],
    ['another type', false, () => at('application/octet-stream')],
    ['no type', false, () => at('')],
    ['what fetch returns', true, () => fetch(at('application/wasm'))],
    ['a response', true, () => response()],
    ['a response of another type', false, () => response('text/plain')],
    ['a file', false, () => place('kernels')],
    ['a file as text', false, () => place('kernels').href],
    ['bytes', false, () => bytes()],
    ['an ArrayBuffer', false, () => bytes().buffer],
    ['a module', false, () => new WebAssembly.Module(bytes())],
    ['parts', true, () => ({ core: at('application/wasm', 'kernels.core'), extras: place('kernels.extras') })],
    [
      'parts as responses',
      true,
      () => ({ core: response(undefined, 'kernels.core'), extras: bytes('kernels.extras') }),
    ],
    [
      'promises of parts',
      false,
      () => ({
        core: Promise.resolve(bytes('kernels.core')),
        extras: Promise.resolve(response('', 'kernels.extras')),
      }),
    ],
  ])('%s, compiled as it arrives: %s', async (_, streamed, source) => {
    const { instantiateStreaming } = WebAssembly;
    let calls = 0;
    WebAssembly.instantiateStreaming = (...args) => {
      calls++;
      return instantiateStreaming(...args);
    };
    try {
      expect(trained(await wasm({ source: source() as object }))).toEqual(expected);
    } finally {
      WebAssembly.instantiateStreaming = instantiateStreaming;
    }
    expect(calls > 0).toBe(streamed);
  });

  test('threads take a URL, and rewrite what is there', async () => {
    const backend = await wasm({ source: at('application/wasm'), threads: 2 });
    expect(trained(backend)).toEqual(expected);
    backend.dispose?.();
  });

  // (module (import "other" "f" (func)))
  const foreign = Uint8Array.from([
    0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 2, 11, 1, 5, 111, 116, 104, 101, 114, 1, 102, 0, 0,
  ]);
  const empty = foreign.slice(0, 8);
  const used = async () => {
    const read = response();
    await read.arrayBuffer();
    return read;
  };

  test.each<[string, () => unknown, string, RegExp]>([
    ['a status', () => at('application/wasm', 'none'), 'BackendError', /status is 404/],
    ['no server', () => 'http://127.0.0.1:1/k.wasm', 'BackendError', /Cannot load.*127\.0\.0\.1/],
    ['no file', () => new URL('none.wasm', place('kernels')), 'FileError', /none\.wasm/],
    ['a relative text without a page', () => 'kernels.wasm', 'ValueError', /wasm\.source.*new URL/],
    ['a number', () => 5, 'ValueError', /wasm\.source.*got 5/],
    ['null', () => null, 'ValueError', /wasm\.source.*null/],
    ['a promise of a number', () => Promise.resolve(5), 'ValueError', /wasm\.source.*got 5/],
    ['a promise that fails', () => Promise.reject(new Error('offline')), 'BackendError', /offline/],
    ['a response that was read', used, 'ValueError', /wasm\.source.*read before.*clone/],
    ['parts without a core', () => ({ core: undefined }), 'ValueError', /wasm\.source\.core/],
    [
      'extras of another kind',
      () => ({ core: bytes('kernels.core'), extras: 5 }),
      'ValueError',
      /source\.extras.*got 5/,
    ],
    [
      'no module',
      () => new Response(new Uint8Array(8), { headers: { 'content-type': 'application/wasm' } }),
      'BackendError',
      /cannot start/,
    ],
    [
      'other imports',
      () => new Response(foreign, { headers: { 'content-type': 'application/wasm' } }),
      'ValueError',
      /wasm\.source.*other imports/,
    ],
    [
      'no kernels',
      () => new Response(empty, { headers: { 'content-type': 'application/wasm' } }),
      'ValueError',
      /without the compute kernels/,
    ],
    ['no kernels, as bytes', () => empty, 'ValueError', /without the compute kernels/],
    [
      'the parts changed',
      () => ({ core: response(undefined, 'kernels.extras') }),
      'ValueError',
      /without the compute kernels/,
    ],
  ])('refused: %s', async (_, source, name, message) => {
    const given = source();
    const error = await wasm({ source: given as object }).catch((error: unknown) => error);
    expect(error).toMatchObject({ name, message: expect.stringMatching(message) });
  });

  describe('in browsers', () => {
    let pages: Server;
    let address: string;
    const script = `
      import { dense, sequential, wasm } from './index.js';
      const result = {};
      const { instantiateStreaming } = WebAssembly;
      let calls = 0;
      WebAssembly.instantiateStreaming = (...args) => (calls++, instantiateStreaming.apply(WebAssembly, args));
      const sources = {
        text: 'kernels.wasm',
        url: () => new URL('kernels.wasm', location.href),
        fetched: () => fetch('kernels.wasm'),
        other: () => fetch('kernels.wasm?octets'),
        parameters: () => fetch('kernels.wasm?parameters'),
        none: () => fetch('none.wasm'),
      };
      for (const [name, source] of Object.entries(sources)) {
        calls = 0;
        try {
          const backend = await wasm({ source: typeof source === 'function' ? source() : source });
          const layers = [dense({ units: 6, inputShape: 2, activation: 'gelu' }), dense({ units: 1 })];
          const model = sequential({ layers, backend, seed: 4 });
          model.compile({ optimizer: 'rmsprop', loss: 'huber' });
          for (let i = 0; i < 3; i++) model.trainOnBatch([[0.5, -1]], [i]);
          const weights = Object.values(model.getWeights()).flatMap(({ data }) => [...data]);
          result[name] = [calls, weights];
        } catch (error) {
          result[name] = [error.name, error.message];
        }
      }
      window.result = result;`;

    beforeAll(async () => {
      pages = await serve(script);
      address = `http://127.0.0.1:${(pages.address() as AddressInfo).port}/plain/`;
    });
    afterAll(() => {
      pages.close();
    });

    const found = {
      text: [1, expected],
      url: [1, expected],
      fetched: [1, expected],
      other: [0, expected],
      parameters: [0, expected],
      none: ['BackendError', expect.stringMatching(/status is 404/)],
    };

    test.skipIf(noBrowser)('Chromium', async () => {
      const browser = await launch();
      try {
        const page = await browser.newPage();
        await page.goto(address);
        await page.waitForFunction('window.result', undefined, { timeout: 60_000 });
        expect(await page.evaluate('window.result')).toEqual(found);
      } finally {
        await browser.close();
      }
    });

    test.skipIf(!hasFirefox)('Firefox', async () => {
      const browser = await openFirefox();
      try {
        await browser.open(address);
        expect(await browser.waitFor('window.result')).toEqual(found);
      } finally {
        await browser.close();
      }
    });
  });
});

// Pages of the built package under the policies that servers set, and what a page finds of the backends there.

import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Found {
  readonly name?: string;
  readonly threads?: number;
  readonly hash?: string;
  readonly reason?: string;
  /** The class of an error, its text and its cause. */
  readonly error?: readonly [name: string, message: string, cause: string];
}

export type Place = Readonly<Record<'wasm' | 'auto' | 'two' | 'threads' | 'worker', Found>> & {
  readonly isolated: boolean;
  readonly violations: readonly string[];
};

/** Trains with each backend that can be had; `at` is where the package lies. */
const script = (at: string) => `
const violations = [];
addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective));
const at = ${JSON.stringify(at)};
const found = {};
const part = async (name, run) => {
  try {
    found[name] = await run();
  } catch (error) {
    found[name] = { error: [error?.name, String(error?.message ?? error), String(error?.cause)] };
  }
};
const { auto, dense, dropout, sequential, wasm } = await import(at + 'index.js');
const remote = await import(at + 'worker.js');
const options = {
  layers: [
    dense({ units: 160, inputShape: 2, activation: 'tanh' }),
    dropout({ rate: 0.25 }),
    dense({ units: 3, activation: 'softmax' }),
  ],
  seed: 3,
};
const x = Array.from({ length: 60 }, (_, i) => [(i % 7) / 7, ((i * 5) % 11) / 11]);
const train = async (model) => {
  await model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy' });
  await model.fit(x, x.map((_, i) => i % 3), { epochs: 2, batchSize: 30 });
  let sum = 0xcbf29ce484222325n;
  for (const { data } of Object.values(await model.getWeights())) {
    for (const byte of new Uint8Array(data.buffer, data.byteOffset, data.byteLength)) {
      sum = BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n);
    }
  }
  const { name, threads, reason } = model.backend;
  return { name, threads, reason, hash: sum.toString(16) };
};
await part('wasm', async () => train(sequential({ ...options, backend: await wasm() })));
await part('auto', async () => train(sequential({ ...options, backend: await auto() })));
await part('two', async () => train(sequential({ ...options, backend: await auto({ threads: 2 }) })));
await part('threads', async () => train(sequential({ ...options, backend: await wasm({ threads: 2 }) })));
await part('worker', async () => train(await remote.sequential(options)));
`;

export interface Rules {
  /** The content policy of the page. */
  readonly policy?: string;
  /** The content policy of the scripts of threads and workers, which is theirs; default the page's. */
  readonly scripts?: string;
  readonly isolated?: boolean;
  /** Whether the package comes from another origin, as from a CDN. */
  readonly foreign?: boolean;
  /** Runs in the page before everything else. */
  readonly before?: string;
}

const listen = (server: Server) =>
  new Promise<string>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`));
  });

/** Two servers: one with pages, and one, another origin, with the package alone. */
export class Places {
  readonly #rules: Rules[] = [];
  readonly #pages: Server;
  readonly #cdn: Server;
  #origin = '';
  #foreign = '';

  constructor() {
    const files = /^\/(?:(\d+)\/)?((?:chunks\/)?[\w.-]+\.js)$/;
    const place = (name: string) => new URL(`../../build/${name}`, import.meta.url);
    const has = (name: string | undefined): name is string => name !== undefined && existsSync(place(name));
    const send = (name: string) => readFileSync(place(name));
    this.#cdn = createServer((request, response) => {
      const [, , name] = files.exec(request.url ?? '') ?? [];
      if (!has(name)) return void response.writeHead(404).end();
      response.setHeader('access-control-allow-origin', '*');
      response.setHeader('cross-origin-resource-policy', 'cross-origin');
      response.setHeader('content-type', 'text/javascript').end(send(name));
    });
    this.#pages = createServer((request, response) => {
      const [, number, name] = files.exec(request.url ?? '') ?? [];
      const rules = this.#rules[Number(number ?? /^\/(\d+)\/$/.exec(request.url ?? '')?.[1])];
      if (!rules || (name && name !== 'page.js' && !has(name))) return void response.writeHead(404).end();
      if (rules.isolated) {
        response.setHeader('cross-origin-opener-policy', 'same-origin');
        response.setHeader('cross-origin-embedder-policy', 'require-corp');
      }
      const policy = name && name !== 'page.js' ? (rules.scripts ?? rules.policy) : rules.policy;
      if (policy) {
        const origins = policy.replaceAll('CDN', this.#foreign);
        response.setHeader('content-security-policy', origins);
      }
      if (name === undefined) {
        const page = '<!doctype html><script type="module" src="page.js"></script>';
        response.setHeader('content-type', 'text/html').end(page);
      } else {
        response.setHeader('content-type', 'text/javascript');
        const at = rules.foreign ? `${this.#foreign}/` : './';
        const end = 'window.result = { ...found, isolated: self.crossOriginIsolated === true, violations };';
        response.end(name === 'page.js' ? `${rules.before ?? ''}\n${script(at)}\n${end}` : send(name));
      }
    });
  }

  async open(): Promise<void> {
    [this.#origin, this.#foreign] = await Promise.all([listen(this.#pages), listen(this.#cdn)]);
  }

  /** The address of a page under these rules. */
  page(rules: Rules): string {
    return `${this.#origin}/${this.#rules.push(rules) - 1}/`;
  }

  close(): void {
    this.#pages.close();
    this.#cdn.close();
  }
}

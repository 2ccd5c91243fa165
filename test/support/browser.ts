import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Browser, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { effort } from './effort.js';

const EXECUTABLE = '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A user's quick run starts no browser; where CI runs, one that is missing is a failure. */
export const noBrowser = effort === 'quick' || (!existsSync(EXECUTABLE) && !process.env.CI);
if (noBrowser) {
  const why = effort === 'quick' ? 'MYELIN_EFFORT=full runs them' : `no Chromium at ${EXECUTABLE}`;
  console.warn(`browser tests skipped: ${why}`);
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: EXECUTABLE, args: FLAGS });

/**
 * Serves the built package and a page that runs `script`. The first part of a path says what the page and all that it loads
 * are like: isolated, strict (its policy allows no WebAssembly), or plain.
 */
export function serve(script: string): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname, search } = new URL(request.url ?? '/', 'http://localhost');
    const [, kind, ...rest] = pathname.split('/');
    const name = rest.join('/');
    if (kind === 'isolated') {
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
    }
    if (kind === 'strict') response.setHeader('content-security-policy', "script-src 'self'");
    const type = (name: string) => response.setHeader('content-type', name);
    if (name === 'page.js') type('text/javascript').end(script);
    else if (name === 'kernels.wasm') {
      const types: Record<string, string> = {
        '?octets': 'application/octet-stream',
        '?parameters': 'application/wasm; a=b',
      };
      type(types[search] ?? 'application/wasm').end(readFileSync(new URL('../../build/kernels.wasm', import.meta.url)));
    } else if (name === 'none.wasm') response.writeHead(404).end();
    else if (/^(chunks\/)?[\w.-]+\.js$/.test(name)) {
      type('text/javascript').end(readFileSync(new URL(`../../build/${name}`, import.meta.url)));
    } else type('text/html').end('<!doctype html><script type="module" src="./page.js"></script>');
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

/** A browser, and a server with a page that leaves what it found in `window.result`. */
export class PageRunner<Result extends { readonly error?: string }> {
  private constructor(
    readonly browser: Browser,
    private readonly server: Server,
  ) {}

  static async open<Result extends { readonly error?: string }>(script: string): Promise<PageRunner<Result>> {
    return new PageRunner<Result>(await launch(), await serve(script));
  }

  /** Loads a path, such as 'isolated/?threads', and waits for the result; `begin` and `end` may watch the page meanwhile. */
  async run(
    path: string,
    { begin, end }: { begin?(page: Page): Promise<void>; end?(): Promise<void> } = {},
  ): Promise<Result> {
    const page = await this.browser.newPage();
    await begin?.(page);
    await page.goto(`http://127.0.0.1:${(this.server.address() as AddressInfo).port}/${path}`);
    // Not waitForFunction, which a content policy keeps from evaluating.
    await expect.poll(() => page.evaluate('!!window.result'), { timeout: 120_000, interval: 200 }).toBe(true);
    await end?.();
    const result = (await page.evaluate('window.result')) as Result;
    await page.close();
    expect(result.error).toBeUndefined();
    return result;
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.server.close();
  }
}

import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';

// Every page of HTML in the documentation, and the one of examples/page, run in Chromium beside the built package.

const root = resolve(import.meta.dirname, '../..');

const html = (page: string) => {
  const found = /^```html\n([\s\S]*?)^```/m.exec(readFileSync(join(root, page), 'utf8'));
  return found?.[1] as string;
};

/** A page, what to press, and what it must say in the end. */
const pages: readonly (readonly [name: string, source: string, button: boolean, says: RegExp])[] = [
  ['README.md', html('README.md'), false, /f\(10\) is about 2[01]\.\d/],
  ['docs/guides/web-page.md', html('docs/guides/web-page.md'), true, /sin\(1\.5\) is about (0\.9\d|1\.0\d)/],
];

describe.skipIf(noBrowser)('pages run', () => {
  let browser: Browser;
  let server: Server;

  beforeAll(async () => {
    browser = await launch();
    server = createServer((request, response) => {
      const [, name, ...rest] = new URL(request.url ?? '/', 'http://localhost').pathname.split('/');
      if (name === 'myelin') {
        const path = rest.join('/');
        if (!/^(chunks\/)?[\w.-]+\.js$/.test(path)) return response.writeHead(404).end();
        return response.setHeader('content-type', 'text/javascript').end(readFileSync(join(root, 'build', path)));
      }
      response.setHeader('content-type', 'text/html').end(pages[Number(name)]?.[1] ?? '');
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  test.each(pages)(
    '%s',
    async (name, _, button, says) => {
      const page = await browser.newPage();
      const errors: string[] = [];
      page.on('pageerror', (error) => errors.push(String(error)));
      const number = pages.findIndex(([other]) => other === name);
      await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${number}`);
      if (button) await page.click('button');
      const text = () => page.evaluate('document.querySelector("#answer, output").textContent');
      await expect.poll(text, { timeout: 30_000, interval: 100 }).toMatch(says);
      expect(errors).toEqual([]);
      await page.close();
    },
    60_000,
  );
});

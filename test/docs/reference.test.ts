import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { effort } from '../support/effort.js';

// The reference that `npm run docs` writes: it has no warning, and its search finds what it looks for.

const skipped = noBrowser || effort !== 'long';
if (skipped) console.warn('reference skipped: typedoc comes from a registry; MYELIN_EFFORT=long runs it');

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;

describe.skipIf(skipped)('npm run docs', () => {
  let said: string;

  beforeAll(() => {
    // treatWarningsAsErrors is set, so that it fails where a link leads nowhere.
    said = execFileSync('npm', ['run', 'docs'], { cwd: root, encoding: 'utf8', stdio: 'pipe' });
  }, 10 * MINUTES);

  test('warns of nothing', () => {
    expect(said).toMatch(/html generated at/);
    expect(said).not.toMatch(/warn|error/i);
  });

  test('writes a site whose search leads to a page', { timeout: 2 * MINUTES }, async () => {
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      try {
        response.end(readFileSync(join(root, 'build/reference', pathname === '/' ? 'index.html' : pathname)));
      } catch {
        response.writeHead(404).end();
      }
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const browser = await launch();
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(String(error)));
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    for (const entry of ['myelin', 'myelin/data', 'myelin/kernels', 'myelin/worker']) {
      expect(await page.locator('.col-content').getByText(entry, { exact: true }).count()).toBeGreaterThan(0);
    }
    await page.click('#tsd-search-trigger');
    await page.keyboard.type('earlyStopping', { delay: 20 });
    const found = page.locator('#tsd-search-results li', { hasText: /^\s*myelin\.earlyStopping\s*$/ });
    await expect.poll(() => found.count(), { timeout: 30_000 }).toBe(1);
    await found.locator('a').click();
    await expect.poll(() => page.textContent('h1'), { timeout: 30_000 }).toMatch(/earlyStopping/);
    expect(await page.textContent('.col-content')).toMatch(/EarlyStoppingOptions/);
    expect(errors).toEqual([]);
    await browser.close();
    server.close();
  });
});

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { effort } from '../support/effort.js';

// The examples of examples/ that are pages run in Chromium, with the package as npm packs it.

const root = resolve(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'myelin-pages-'));
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const packed = join(folder, `myelin-${version}.tgz`);
let browser: Browser;

beforeAll(async () => {
  if (noBrowser) return;
  execFileSync('npm', ['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', folder], {
    cwd: root,
    stdio: 'ignore',
  });
  execFileSync('tar', ['xzf', packed], { cwd: folder });
  browser = await launch();
});

afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true });
});

/** Opens a page, and what it complains of. */
async function open(url: string, width: number): Promise<{ page: Page; errors: string[] }> {
  const page = await browser.newPage({ viewport: { width, height: 900 } });
  const errors: string[] = [];
  page.on('pageerror', (error) => errors.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && errors.push(message.text()));
  await page.goto(url);
  return { page, errors };
}

const textOf = (page: Page, selector: string) => () => page.textContent(selector);
const waiting = { timeout: 60_000, interval: 50 };

describe.skipIf(noBrowser)('examples/page', () => {
  let server: ChildProcess;
  let url: string;

  beforeAll(async () => {
    const script = join(root, 'examples/page/serve.js');
    server = spawn(process.execPath, [script, join(folder, 'package')], { env: { ...process.env, PORT: '0' } });
    const [said] = (await once(server.stdout!, 'data')) as [Buffer];
    url = String(said).trim();
  });

  afterAll(() => server?.kill());

  test.each([1200, 400])('learns the spirals, %i pixels wide', async (width) => {
    const { page, errors } = await open(url, width);
    const colour = (x: number, y: number) =>
      page.evaluate(`[...document.querySelector('canvas').getContext('2d').getImageData(${x}, ${y}, 1, 1).data]`);
    const box = (await page.locator('canvas').boundingBox())!;
    const corner = { x: box.width * 0.98, y: box.height * 0.98 };
    const at = Math.round(512 * 0.98);
    const before = await colour(at, at);
    await page.click('canvas', { position: corner });
    expect(await colour(at, at)).not.toEqual(before);
    await page.click('#train');
    await expect.poll(textOf(page, 'output'), waiting).toMatch(/(9\d|100)% of the points are right/);
    await page.click('#train');
    await expect.poll(textOf(page, '#train'), waiting).toBe('Train');
    const epochs = await page.textContent('output');
    await new Promise((done) => setTimeout(done, 200));
    expect(await page.textContent('output')).toBe(epochs);
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    expect(errors).toEqual([]);
    await page.close();
  });

  test('its server gives no file of another folder', async () => {
    const status = async (path: string) => (await fetch(new URL(path, url))).status;
    expect(await Promise.all(['page.js', 'myelin/index.js', 'none.js'].map(status))).toEqual([200, 200, 404]);
    expect(await Promise.all(['..%2f..%2fpackage.json', 'myelin/%2e%2e/package.json'].map(status))).toEqual([404, 404]);
  });
});

const skipped = noBrowser || effort === 'quick';
if (skipped) console.warn('examples/react skipped: React comes from a registry; MYELIN_EFFORT=full runs it');

describe.skipIf(skipped)('examples/react', () => {
  let app: string;
  const MINUTES = 60_000;

  beforeAll(() => {
    const sources = join(root, 'examples/react');
    const { dependencies, ...manifest } = JSON.parse(readFileSync(join(sources, 'package.json'), 'utf8'));
    expect(dependencies.myelin).toBe(`file:../../myelin-${version}.tgz`);
    // All but Myelin is installed once for each version of package.json.
    const others = { ...manifest, dependencies: { ...dependencies, myelin: undefined } };
    const name = createHash('sha256').update(JSON.stringify(others)).digest('hex').slice(0, 12);
    app = join(tmpdir(), `myelin-react-${name}`);
    mkdirSync(app, { recursive: true });
    for (const file of ['Trainer.tsx', 'main.tsx', 'index.html', 'tsconfig.json']) {
      cpSync(join(sources, file), join(app, file));
    }
    writeFileSync(join(app, 'package.json'), JSON.stringify(others));
    if (!existsSync(join(app, 'installed'))) {
      const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
      execFileSync('npm', args, { cwd: app, stdio: 'inherit' });
      writeFileSync(join(app, 'installed'), '');
    }
    rmSync(join(app, 'node_modules/myelin'), { recursive: true, force: true });
    cpSync(join(folder, 'package'), join(app, 'node_modules/myelin'), { recursive: true });
    // Vite looks at it, and the runner of tests sets it to something else.
    const env = { ...process.env, NODE_ENV: 'production' };
    execFileSync('npm', ['run', 'build'], { cwd: app, env, encoding: 'utf8' });
  }, 10 * MINUTES);

  test(
    'shows its progress, and stops when it is taken away',
    async () => {
      const server = createServer((request, response) => {
        const { pathname } = new URL(request.url ?? '/', 'http://localhost');
        const file = join(app, 'dist', pathname === '/' ? 'index.html' : pathname);
        const type = extname(file) === '.html' ? 'text/html' : 'text/javascript';
        if (existsSync(file)) response.setHeader('content-type', type).end(readFileSync(file));
        else response.writeHead(404).end();
      });
      await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
      const { page, errors } = await open(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`, 1200);
      const progress = () => page.evaluate('document.querySelector("progress").value') as Promise<number>;
      const epoch = async () => ((await progress()) > 0 ? 'under way' : 'not yet');
      await expect.poll(epoch, waiting).toBe('under way');
      expect(page.workers()).toHaveLength(1);
      await page.click('button');
      await expect.poll(() => page.workers().length, waiting).toBe(0);
      expect(await page.locator('progress').count()).toBe(0);
      await page.click('button');
      await expect.poll(textOf(page, '[role=status]'), waiting).toMatch(/Trained: (9\d|100)% of the rows/);
      expect(await progress()).toBe(300);
      await expect.poll(() => page.workers().length, waiting).toBe(0);
      expect(errors).toEqual([]);
      await page.close();
      server.close();
    },
    2 * MINUTES,
  );
});

// Real bundlers, in a folder of their own outside the repository, with the package as npm packs it.

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';

const root = join(import.meta.dirname, '../..');
const apps = join(root, 'test/bundlers');

const TYPES: Record<string, string> = { '.html': 'text/html', '.js': 'text/javascript', '.wasm': 'application/wasm' };

export interface Part {
  readonly name?: string;
  readonly threads?: number;
  readonly hash?: string;
  readonly reason?: string;
  readonly error?: string;
}

export type Parts = Readonly<Record<'wasm' | 'auto' | 'threads' | 'worker' | 'workerThreads', Part>>;

/** An app that is built, and served from this machine, isolated. */
export interface Served {
  readonly url: string;
  readonly warnings: readonly string[];
  close(): Promise<void>;
}

/** The folder with these packages of tools.json, which are installed once, and the package of today. */
export class Workshop {
  private constructor(private readonly folder: string) {}

  static open(packages: readonly string[]): Workshop {
    const { dependencies } = JSON.parse(readFileSync(join(apps, 'tools.json'), 'utf8'));
    const wanted = Object.fromEntries(packages.map((name) => [name, dependencies[name] as string]));
    const manifest = JSON.stringify({ private: true, type: 'module', dependencies: wanted });
    const version = createHash('sha256').update(manifest).digest('hex').slice(0, 12);
    const folder = join(tmpdir(), `myelin-bundlers-${version}`);
    const installed = join(folder, 'installed');
    if (!existsSync(installed)) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'package.json'), manifest);
      const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
      execFileSync('npm', args, { cwd: folder, stdio: 'inherit' });
      writeFileSync(installed, '');
    }
    const quiet = ['--ignore-scripts', '--loglevel=error'];
    execFileSync('npm', ['pack', ...quiet, '--pack-destination', folder], { cwd: root, stdio: 'ignore' });
    const { version: own } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    rmSync(join(folder, 'package'), { recursive: true, force: true });
    execFileSync('tar', ['xzf', `myelin-${own}.tgz`], { cwd: folder });
    cpSync(join(apps, 'build.js'), join(folder, 'build.js'));
    return new Workshop(folder);
  }

  /** A folder with the app and the package among its modules, as npm installs it. */
  app(name: string): string {
    const app = join(this.folder, 'apps', name);
    rmSync(app, { recursive: true, force: true });
    cpSync(join(this.folder, 'package'), join(app, 'node_modules/myelin'), { recursive: true });
    const isNext = name.startsWith('next');
    if (isNext) cpSync(join(apps, 'next'), app, { recursive: true });
    for (const file of isNext ? ['app.js'] : ['app.js', 'page.js', 'index.html'])
      cpSync(join(apps, file), join(app, file));
    writeFileSync(join(app, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    return app;
  }

  /** What the app comes to in Node, without a bundler. */
  async inNode(): Promise<Parts> {
    const script = "import { run } from './app.js'; console.log(JSON.stringify(await run()));";
    const args = ['--input-type=module', '-e', script];
    return JSON.parse(execFileSync(process.execPath, args, { cwd: this.app('node'), encoding: 'utf8' }));
  }

  /** Builds the app with one bundler of build.js. */
  async build(name: string): Promise<Served> {
    const app = this.app(name);
    // Bundlers look at it, and the runner of tests sets it to something else.
    const env = { ...process.env, NODE_ENV: name.endsWith('-dev') ? 'development' : 'production' };
    const child = spawn(process.execPath, [join(this.folder, 'build.js'), name], { cwd: app, env, stdio: 'pipe' });
    const { url, warnings } = await told(child);
    if (url !== undefined) return { url, warnings, close: () => end(child) };
    const server = createServer((request, response) => {
      const { pathname } = new URL(request.url ?? '/', 'http://localhost');
      const file = join(app, 'dist', pathname === '/' ? 'index.html' : pathname);
      response.setHeader('cross-origin-opener-policy', 'same-origin');
      response.setHeader('cross-origin-embedder-policy', 'require-corp');
      if (!existsSync(file)) response.writeHead(404).end();
      else response.setHeader('content-type', TYPES[extname(file)] ?? 'text/plain').end(readFileSync(file));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const close = async () => void server.close();
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, warnings, close };
  }
}

interface Told {
  readonly url?: string;
  readonly warnings: readonly string[];
}

/** The line of JSON that build.js ends with; or an error with all that it said. */
function told(child: ChildProcess): Promise<Told> {
  let text = '';
  let complaints = '';
  child.stderr?.on('data', (data) => {
    complaints += data;
  });
  return new Promise((resolve, reject) => {
    child.stdout?.on('data', (data) => {
      text += data;
      const line = /^\{.*\}$/m.exec(text);
      if (line) resolve(JSON.parse(line[0]));
    });
    child.on('exit', () => reject(new Error(`${text}${complaints}`)));
  });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill();
  await gone;
}

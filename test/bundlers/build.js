// Builds the app of the current folder with one bundler, and for development servers serves it: `node build.js vite8-dev`.
// Prints one line of JSON: warnings, and the address of a server.

import { spawn } from 'node:child_process';
import { cpSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const [, , name = ''] = process.argv;
const root = process.cwd();
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** Runs a program of a package to its end, or until it has said `ready`. */
function run(place, args, ready) {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.resolve(place)), ...args], {
    env: { ...process.env, NEXT_TELEMETRY_DISABLED: '1', NODE_ENV: 'production' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  process.on('exit', () => child.kill());
  let told = '';
  return new Promise((done, fail) => {
    const hear = (data) => {
      told += data;
      if (ready?.test(told)) done(told);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    child.on('exit', (code) => (code === 0 ? done(told) : fail(new Error(told))));
  });
}

async function parcel() {
  await run('parcel/lib/bin.js', ['build', 'index.html', '--dist-dir', 'dist', '--no-cache', '--no-autoinstall']);
  return { warnings: [] };
}

async function next(...options) {
  const warnings = [await run('next/dist/bin/next', ['build', ...options])].filter((text) =>
    /critical dependency/i.test(text),
  );
  const server = createServer();
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  await run('next/dist/bin/next', ['start', '-p', String(port), '-H', '127.0.0.1'], /ready/i);
  return { url: `http://127.0.0.1:${port}/`, warnings };
}

const html = () => cpSync('index.html', 'dist/index.html');

function report(stats) {
  const { errors, warnings } = stats.toJson({ all: false, errors: true, warnings: true });
  if (errors.length > 0) throw new Error(errors.map(({ message }) => message).join('\n'));
  return warnings.map(({ message }) => message);
}

/** As users of webpack and Rspack begin: an entry and nothing else. */
async function pack(make, mode) {
  const compiler = make({
    mode,
    context: root,
    entry: './page.js',
    output: { path: resolve('dist'), filename: 'page.js' },
  });
  const stats = await new Promise((done, fail) => compiler.run((error, stats) => (error ? fail(error) : done(stats))));
  html();
  return report(stats);
}

async function vite(version, kind) {
  const { build, createServer } = await import(`vite${version}`);
  const warnings = [];
  const warn = (text) => warnings.push(text);
  const options = {
    root,
    configFile: false,
    logLevel: 'error',
    server: { headers: ISOLATED, host: '127.0.0.1', port: 0 },
  };
  if (kind === 'dev') {
    const server = await createServer(options);
    await server.listen();
    return { url: `http://127.0.0.1:${server.httpServer.address().port}/`, warnings };
  }
  const customLogger = {
    info() {},
    warn,
    warnOnce: warn,
    error: console.error,
    clearScreen() {},
    hasErrorLogged: () => false,
  };
  // The app awaits at its top level.
  await build({ ...options, customLogger, build: { target: 'es2022' } });
  return { warnings };
}

async function rollup(input) {
  const [{ rollup }, { nodeResolve }] = await Promise.all([import('rollup'), import('@rollup/plugin-node-resolve')]);
  const warnings = [];
  const plugins = [nodeResolve({ browser: true })];
  const bundle = await rollup({ input, plugins, onwarn: ({ message }) => warnings.push(message) });
  await bundle.write({ dir: 'dist', format: 'es', entryFileNames: '[name].js' });
  html();
  return { warnings };
}

async function esbuild(options) {
  const { build } = await import('esbuild');
  const common = { bundle: true, minify: true, outdir: 'dist', logLevel: 'silent', target: 'es2022' };
  const { warnings } = await build({ ...common, format: 'esm', ...options });
  html();
  return { warnings: warnings.map(({ text }) => text) };
}

const page = { page: 'page.js' };
/** What docs/runtimes.md says to write for bundlers that do not know workers. */
const scripts = { ...page, thread: 'myelin/thread.js', 'worker-host': 'myelin/worker-host.js' };

const builds = {
  webpack: async () => ({ warnings: await pack((await import('webpack')).default, 'production') }),
  'webpack-dev': async () => ({ warnings: await pack((await import('webpack')).default, 'development') }),
  rspack: async () => ({ warnings: await pack((await import('@rspack/core')).rspack, 'production') }),
  parcel,
  next: () => next(),
  'next-webpack': () => next('--webpack'),
  rollup: () => rollup(page),
  'rollup-scripts': () => rollup(scripts),
  esbuild: () => esbuild({ entryPoints: page }),
  'esbuild-split': () => esbuild({ entryPoints: page, splitting: true }),
  'esbuild-scripts': () => esbuild({ entryPoints: scripts }),
  ...Object.fromEntries(
    ['5', '6', '7', '8'].flatMap((version) => [
      [`vite${version}`, () => vite(version, 'build')],
      [`vite${version}-dev`, () => vite(version, 'dev')],
    ]),
  ),
};

const build = builds[name];
if (!build) throw new Error(`no bundler ${name} in ${join(root)}`);
console.log(JSON.stringify(await build()));

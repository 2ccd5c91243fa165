import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

// Adds an activation, a loss and an optimizer to a copy of the project, each by the steps of its section in ADDING.md alone: a
// step that the page does not name is an edit of a file that this test does not make, and something below fails.

const skipped = !process.env.CI && process.env.MYELIN_LONG === undefined;
if (skipped) console.warn('adding skipped: it builds and tests a copy of the project, two minutes; CI=1 runs it');

const root = resolve(import.meta.dirname, '../..');
const MINUTES = 60_000;

const COPIED = [
  ...['src', 'assembly', 'test', 'bench', 'docs', 'examples', 'scripts', 'README.md', 'ADDING.md', 'CHANGELOG.md'],
  ...['package.json', 'asconfig.json', 'tsconfig.json', 'tsconfig.build.json', 'biome.json', 'vitest.config.ts'],
];

/** The text of a section of ADDING.md, by the first words of its heading. */
function section(heading: string): string {
  const text = readFileSync(join(root, 'ADDING.md'), 'utf8');
  const found = text.split(/^## /m).find((part) => part.startsWith(heading));
  if (found === undefined) throw new Error(`ADDING.md has no section '${heading}'`);
  return found;
}

/** Edits the files of a copy, those alone that a section names. */
class Page {
  readonly #text: string;

  constructor(
    private readonly folder: string,
    heading: string,
  ) {
    this.#text = section(heading);
  }

  #change(file: string, change: (text: string) => string): void {
    if (!this.#text.includes(`\`${file}\``)) throw new Error(`The section does not name ${file}`);
    const path = join(this.folder, file);
    const before = readFileSync(path, 'utf8');
    const after = change(before);
    if (after === before) throw new Error(`${file} stays as it is`);
    writeFileSync(path, after);
  }

  /** Adds a text to the end. */
  append(file: string, text: string): void {
    this.#change(file, (before) => before + text);
  }

  /** Adds a text after the only place of another, or before it. */
  insert(file: string, where: 'after' | 'before', place: string, text: string): void {
    this.#change(file, (before) => {
      if (before.split(place).length !== 2) throw new Error(`${file} has not one place '${place}'`);
      return before.replace(place, () => (where === 'after' ? place + text : text + place));
    });
  }

  /** A twin, its kernel's name in the family, and the definition. */
  twin(file: string, kernels: readonly string[], definition: string, twins: string): void {
    this.insert(file, 'after', 'type Family = Pick<\n  Twins,\n', kernels.map((name) => `  | '${name}'\n`).join(''));
    this.insert(file, 'before', '/** The loops in TypeScript. */\n', definition);
    this.#change(file, (before) => before.replace(/ {2}\};\n\}\n$/, () => `${twins}  };\n}\n`));
  }

  fixture<T>(file: string, change: (fixture: T) => void): void {
    this.#change(file, (before) => {
      const fixture = JSON.parse(before) as T;
      change(fixture);
      return JSON.stringify(fixture);
    });
  }
}

/** x / (2 + |x|). */
function addActivation(folder: string): void {
  const page = new Page(folder, 'An activation');
  page.append(
    'assembly/kernels/activations.ts',
    `
@unmanaged
@final
class Gentle extends Curve {
  @inline
  f(x: v128, _a: v128, _b: v128): v128 {
    return f32x4.div(x, f32x4.add(f32x4.splat(2), f32x4.abs(x)));
  }

  @inline
  df(y: v128, dy: v128, _a: v128, _b: v128): v128 {
    const root = f32x4.sub(f32x4.splat(1), f32x4.abs(y));
    return f32x4.mul(dy, f32x4.mul(f32x4.mul(root, root), f32x4.splat(0.5)));
  }
}

export function gentleForward(x: i32, y: i32, n: i32): void {
  forward<Gentle>(x, y, n);
}

export function gentleBackward(y: i32, dy: i32, dx: i32, n: i32): void {
  backward<Gentle>(y, dy, dx, n);
}
`,
  );
  page.twin(
    'src/kernels/twins/activations.ts',
    ['gentleForward', 'gentleBackward'],
    `/** x / (2 + |x|). */
export const gentle = /* @__PURE__ */ define<'gentle', object>('gentle', () => ({
  plan: () => elementwise('gentle', 'y'),
}));

`,
    `
    gentleForward: forward(f, (x) => f(x / f(2 + Math.abs(x)))),
    gentleBackward: backward(f, (y, dy) => {
      const root = f(1 - Math.abs(y));
      return f(dy * f(f(root * root) * 0.5));
    }),
`,
  );
  type Fixture = { x: (number | string)[]; cases: object[] };
  page.fixture<Fixture>('test/fixtures/activations.json', ({ x, cases }) => {
    const y = x.map((value) => Number(value) / (2 + Math.abs(Number(value))));
    const dx = x.map((value) => 2 / (2 + Math.abs(Number(value))) ** 2);
    cases.push({ activation: { name: 'gentle' }, y, dx, special: ['NaN', 'NaN', 'NaN'] });
  });
  page.insert(
    'test/support/nn/models.ts',
    'after',
    "      dense({ units: 12, activation: 'softsign' }),\n",
    "      dense({ units: 12, activation: 'gentle' }),\n",
  );
}

/** sqrt((y - t)^2 + 1) - 1. */
function addLoss(folder: string): void {
  const page = new Page(folder, 'A loss');
  const assembly = 'assembly/kernels/losses-regression.ts';
  page.insert(assembly, 'after', '  Divergence,\n', '  Rounded,\n');
  page.insert(
    assembly,
    'after',
    '    switch (kind) {\n',
    '      case Kind.Rounded:\n        return roundedTerm(y, t);\n',
  );
  page.append(
    assembly,
    `
function roundedTerm(y: v128, t: v128): v128 {
  const one = f32x4.splat(1);
  const s = f32x4.sub(y, t);
  const root = f32x4.sqrt(f32x4.add(f32x4.mul(s, s), one));
  Elementwise.slope = f32x4.div(s, root);
  return f32x4.sub(root, one);
}

/** sqrt((y - t)^2 + 1) - 1. */
export function roundedError(
  y: i32,
  targets: i32,
  weights: i32,
  dy: i32,
  loss: i32,
  rows: i32,
  columns: i32,
  stride: i32,
  targetStride: i32,
  scale: f32,
  slope: f32,
): void {
  regression(Kind.Rounded, y, targets, weights, dy, loss, rows, columns, stride, targetStride, scale, slope);
}
`,
  );
  page.twin(
    'src/kernels/twins/losses-regression.ts',
    ['roundedError'],
    `/** sqrt((y - t)^2 + 1) - 1. */
export const roundedError = /* @__PURE__ */ loss('roundedError');

`,
    `
    roundedError: each((y, t, out) => {
      const s = f(y - t);
      const root = f(Math.sqrt(f(f(s * s) + 1)));
      out.slope = f(s / root);
      return f(root - 1);
    }),
`,
  );
  type Case = { y: number[]; t: number[]; loss: number; gradient: number[] };
  type Fixture = { losses: { name: string; options: object; cases: Case[] }[] };
  page.fixture<Fixture>('test/fixtures/losses.json', ({ losses }) => {
    const cases = losses[0]!.cases.map(({ y, t }) => {
      const roots = y.map((value, i) => Math.sqrt((value - t[i]!) ** 2 + 1));
      return {
        y,
        t,
        loss: roots.reduce((sum, root) => sum + root - 1, 0) / y.length,
        gradient: y.map((value, i) => (value - t[i]!) / roots[i]! / y.length),
      };
    });
    losses.push({ name: 'roundedError', options: {}, cases });
  });
}

/** w -= rate g / (1 + |g|). */
function addOptimizer(folder: string): void {
  const page = new Page(folder, 'An optimizer');
  page.append(
    'assembly/kernels/optimizers.ts',
    `
/** w += step g / (1 + |g|). */
export function bounded(w: i32, g: i32, n: i32, block: i32, factor: i32): void {
  if (isNaN(f32.load(at(factor)))) return;
  const s = v128.load32_splat(at(factor));
  const step = hyper(block, 0);
  const one = f32x4.splat(1);
  let p = at(w);
  let q = at(g);
  for (const end = p + at(n); p < end; p += 16, q += 16) {
    const gradient = f32x4.mul(v128.load(q), s);
    v128.store(p, fma(f32x4.div(gradient, f32x4.add(one, f32x4.abs(gradient))), step, v128.load(p)));
  }
}
`,
  );
  page.twin(
    'src/kernels/twins/optimizers.ts',
    ['bounded'],
    `/** Steps of at most the learning rate: w -= learningRate g / (1 + |g|). */
export const bounded = /* @__PURE__ */ optimizer<'bounded', CommonOptions>('bounded', () => ({
  options: common(0.01),
  loops: { bounded: [] },
  fill(heap, block, _, learningRate) {
    heap[block] = -learningRate;
  },
}));

`,
    `
    bounded(h, w, g, n, block, factor) {
      if (Number.isNaN(h[factor]!)) return;
      const step = h[block]!;
      for (let i = 0; i < n; i++) {
        const gradient = f(h[g + i]! * h[factor]!);
        h[w + i] = f(f(gradient / f(1 + Math.abs(gradient))) * step) + h[w + i]!;
      }
    },
`,
  );
  type Slab = [number[], number[]];
  type Fixture = { weights: Slab; gradients: Slab[]; cases: { name: string; options: object; after: Slab[] }[] };
  page.fixture<Fixture>('test/fixtures/optimizers.json', ({ weights, gradients, cases }) => {
    let present = weights;
    const after = gradients.map((step) => {
      present = present.map((values, part) =>
        values.map((w, i) => {
          const g = step[part]![i]!;
          return Math.fround(w - (0.01 * g) / (1 + Math.abs(g)));
        }),
      ) as Slab;
      return present;
    });
    cases.push({ name: 'bounded', options: {}, after });
  });
}

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
    ['src/nn/function-names.ts', "'bounded'"],
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

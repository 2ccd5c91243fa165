import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

// What test/package/adding.test.ts adds to a copy of the project.

const root = resolve(import.meta.dirname, '../..');

/** The text of a section of ADDING.md, by the first words of its heading. */
export function section(heading: string): string {
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
    this.insert(file, 'before', '/** Makes the loops in TypeScript. */\n', definition);
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
export function addActivation(folder: string): void {
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
  page.fixture<Fixture>('test/fixtures/pytorch/parts/activations.json', ({ x, cases }) => {
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
export function addLoss(folder: string): void {
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
  page.fixture<Fixture>('test/fixtures/pytorch/parts/losses.json', ({ losses }) => {
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
export function addOptimizer(folder: string): void {
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
  page.fixture<Fixture>('test/fixtures/pytorch/training/optimizers.json', ({ weights, gradients, cases }) => {
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

import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as data from '../../src/data/index.js';
import { Tabular } from '../../src/data/tabular/tabular.js';
import * as main from '../../src/index.js';
import * as kernels from '../../src/kernels-entry/index.js';
import { Model } from '../../src/model/model.js';
import * as worker from '../../src/worker/index.js';
import { thorough } from '../support/effort.js';
import { programs } from '../support/types/programs.js';

// What TypeScript says of programs that use the package as npm installs it: copied, since a link is no dependency to it.

const root = resolve(import.meta.dirname, '../..');
const errorsIn = programs();

/** Exports each function under another name, and what it returns. */
function reexport(entry: object, from: string): string {
  const lines = Object.entries(entry).map(([name, value]) =>
    typeof value === 'function' && /^[a-z]/.test(name)
      ? `export const own_${name} = M.${name}; export const made_${name} = M.${name}(...(none as Arguments<typeof M.${name}>));`
      : `export const own_${name} = M.${name};`,
  );
  return `
    import * as M from '${from}';
    type Arguments<F> = F extends (...args: infer A) => unknown ? A : never;
    declare const none: any;
    ${lines.join('\n')}`;
}

/** Exports what each member of a class or an interface holds. */
function members(type: string, names: readonly string[], from: string): string {
  const lines = names.map((name) => `export const ${name}_ = (null! as ${type}).${name};`);
  return `import type { ${type} } from '${from}';\n${lines.join('\n')}`;
}

const membersOf = (type: { readonly prototype: object }) =>
  Object.getOwnPropertyNames(type.prototype).filter((name) => name !== 'constructor');

describe('types can be named, and resolve without the DOM and without those of Node', { timeout: 60_000 }, () => {
  test.each([
    ['myelin', reexport(main, 'myelin')],
    ['myelin/data', reexport(data, 'myelin/data')],
    ['myelin/kernels', reexport(kernels, 'myelin/kernels')],
    ['myelin/worker', reexport(worker, 'myelin/worker')],
  ])('all of %s', async (_, code) => {
    expect(await errorsIn(code)).toBe('');
  });

  test.each([
    ['Model', membersOf(Model), 'myelin'],
    ['Table', membersOf(data.Table), 'myelin/data'],
    ['Preprocessing', membersOf(data.Preprocessing), 'myelin/data'],
    ['Tabular', membersOf(Tabular), 'myelin/data'],
    ['RemoteModel', membersOf(Model), 'myelin/worker'],
  ])('members of %s', async (type, names, from) => {
    expect(names.length).toBeGreaterThan(4);
    expect(await errorsIn(members(type, names, from))).toBe('');
  });

  test('what members return', async () => {
    const code = `
      import { accuracy, adam, customLoss, dense, f1, huber, lbfgs, sequential, typescript } from 'myelin';
      export const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend: typescript() });
      export const { spec, run, summary } = model;
      export const [optimizer, solver, metric] = [adam(), lbfgs(), f1()];
      export const losses = [huber(), customLoss((y, p, { mean, square, sub }) => mean(square(sub(y, p))))];
      export const metrics = { all: [accuracy, f1] };
      export const trained = () => model.fit([[1, 2]], [1], { epochs: 2 });
      export const gradients = model.gradients([[1, 2]], [1]);
      export const profile = () => model.profile([[1, 2]], [1]);
      export const first = spec.layers[0];`;
    expect(await errorsIn(code)).toBe('');
  });

  test.each(['fit', 'evaluateBatches'])('streams by name for %s, as generators yield them', async (method) => {
    const code = `
      import type { Model } from 'myelin';
      import type { RemoteModel } from 'myelin/worker';
      const [x, y] = [[[1, 2]], [1]];
      async function* batches() { yield [{ a: x }, { o: y }]; }
      function* weighted() { yield [{ a: x, b: x }, { o: y, p: y }, y]; }
      export async function run(model: Model, remote: RemoteModel) {
        await model.${method}(async function* () { yield [{ a: x }, { o: y }]; });
        await model.${method}(batches);
        await model.${method}(weighted());
        await model.${method}([[{ a: x }, { o: y }]].values());
        await model.${method}(function* () { yield { x: { a: x }, y: { o: y } }; });
        await remote.${method}(batches);
        // @ts-expect-error
        await model.${method}(function* () { yield ['a', 'b']; });
      }`;
    expect(await errorsIn(code)).toBe('');
    expect(await errorsIn(code, { exactOptionalPropertyTypes: true })).toBe('');
  });

  test('the names that the reference tells', async () => {
    const text = readFileSync(join(root, 'docs/api.md'), 'utf8');
    const [table] = text.split('\nTypes by name')[1]!.split('\nThey need');
    const rows = [...table!.matchAll(/^\| (`.*?) \| (.*) \|$/gm)].map(([, names, what]) => ({
      names: [...names!.matchAll(/`(\w+)`/g)].map(([, name]) => name),
      from: /of `(myelin\/\w+)`/.exec(what!)?.[1] ?? 'myelin',
    }));
    expect(rows.length).toBeGreaterThan(9);
    const code = rows.map(({ names, from }) => `export type { ${names.join(', ')} } from '${from}';`);
    expect(await errorsIn(code.join('\n'))).toBe('');
    expect(await errorsIn(code.join('\n'), { module: 'esnext', moduleResolution: 'bundler' })).toBe('');
    expect(await errorsIn(code.join('\n'), { module: 'node16' })).toBe('');
  });

  test('names that a program registers, of their family alone', async () => {
    const code = `
      import { dense } from 'myelin';
      declare module 'myelin' { interface Registered { ownSwish: 'activation'; ownSquare: 'loss' } }
      export const own = dense({ units: 1, activation: 'ownSwish' });
      export const known = dense({ units: 1, activation: 'relu' });
      // @ts-expect-error
      export const loss = dense({ units: 1, activation: 'ownSquare' });
      // @ts-expect-error
      export const none = dense({ units: 1, activation: 'ownSwihs' });`;
    expect(await errorsIn(code)).toBe('');
    expect(await errorsIn(code, { module: 'esnext', moduleResolution: 'bundler' })).toBe('');
  });

  thorough('the DOM and Node change nothing', async () => {
    const code = `
      import { load, save, typescript, type Model, type SaveTarget } from 'myelin';
      import { readCsv } from 'myelin/data';
      export const read = (url: URL) => load(url, { backend: typescript() });
      export const write = (model: Model, target: SaveTarget) => save(model, target);
      export const rows = async () => readCsv(await fetch('rows.csv'));
      export const signal: AbortSignal = new AbortController().signal;`;
    const typeRoots = [join(root, 'node_modules/@types')];
    expect(await errorsIn(code, { lib: ['es2022', 'dom'] })).toBe('');
    expect(await errorsIn(code, { types: ['node'], typeRoots })).toBe('');
    expect(await errorsIn(code, { lib: ['es2022', 'dom'], types: ['node'], typeRoots })).toBe('');
  });
});

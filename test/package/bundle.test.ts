import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';
import { describe, expect, test } from 'vitest';
import { pack } from '../../assembly/pack/pack.js';
import { BUNDLING, reachable } from '../../bench/cold.js';
import { unpack } from '../../src/backends/unpack.js';
import * as index from '../../src/index.js';

const root = join(import.meta.dirname, '../..');

/** The program of the benchmark, as a bundler makes it of the package: what it loads at once, and from which files. */
async function bundle() {
  const { outputFiles, metafile } = await build({ ...BUNDLING, absWorkingDir: root, outdir: 'bundle', write: false });
  const loaded = reachable(metafile, 'bundle/first-step.js');
  const sources = [...loaded].flatMap((name) =>
    Object.entries(metafile.outputs[name]!.inputs)
      .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
      .map(([source]) => source),
  );
  const bytes = outputFiles
    .filter(({ path }) => [...loaded].some((name) => path === join(root, name)))
    .reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).length, 0);
  return { sources, bytes };
}

describe('a program of dense layers and adam', () => {
  const bundled = bundle();

  test('is at most so large with gzip, the kernels within', async () => {
    const { bytes } = await bundled;
    expect(bytes).toBeLessThan(39_900);
  });

  test('holds nothing that it does not name', async () => {
    const { sources } = await bundled;
    expect(sources).toContain('esm/kernels/twins/adam.js');
    expect(sources).toContain('build/kernels.core.wasm.js');
    expect(sources.filter((source) => /kernels\.(?!core)/.test(source))).toEqual([]);
    const foreign = new RegExp(
      `^esm/(${[
        'kernels/twins/(elementwise|embedding|expressions|linalg|normalization|random|reductions|step)',
        'kernels/lib/(logarithm|elementary|math)',
        'kernels/tables',
        'nn/(specs|registry)',
        'nn/expressions/(?!builds).*',
        'nn/initializers/orthogonal',
        'nn/optimizers/(lbfgs|full-batch)',
        'nn/metrics/(classification|definition|gathered|ranking|regression|sample)',
        'nn/layers/(activation|alpha-dropout|batch-normalization|dropout|embedding|table-learning|gaussian.*|layer-normalization|merge|registry)',
        'on-demand/.*',
        '(.+/)?rare/.*',
        'backends/(threads/.*|fused|own-kernels|typescript|detect|twins|rest|heaps)',
        'program/(split|profile)',
        'engine/step-in-parts',
        'rows/mixup',
        'passes/epoch-totals',
        'callbacks/.*',
        'fit/.*',
        'model/(lsuv|from-spec|rare-parts)',
        'io/.*',
        'kernels-entry/.*',
      ].join('|')})\\.js$`,
    );
    expect(sources.filter((source) => foreign.test(source))).toEqual([]);
  });
});

/** A script of one file, without chunks: what it exports, and the files it is made of. */
async function oneFile(contents: string) {
  const { outputFiles, metafile } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    minify: true,
    metafile: true,
    format: 'iife',
    globalName: 'program',
    platform: 'node',
    target: BUNDLING.target,
    write: false,
    logLevel: 'error',
    logOverride: { 'empty-import-meta': 'silent' },
  });
  const exported = new Function(`${outputFiles[0]!.text}; return program;`)();
  return { exported, inputs: Object.keys(metafile.inputs) };
}

test('a script of one file, without chunks, trains as well', async () => {
  const contents = `
    import { dense, sequential, sgd, wasm } from 'myelin';
    export async function run() {
      const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: await wasm() });
      model.compile({ optimizer: sgd({ learningRate: 0.1 }), loss: 'meanSquaredError' });
      const { history } = await model.fit([[1], [2]], [1, 2], { epochs: 3, batchSize: 2 });
      return history.loss.length;
    }`;
  const { exported } = await oneFile(contents);
  expect(await exported.run()).toBe(3);
});

// In a bundle without chunks modules begin when they are called for: by those that only pass their exports on, too.
test.each(['dense', 'dense, dropout', 'adam', 'save', 'matrix', 'earlyStopping'])(
  'a script of one file has what it imports: %s',
  async (names) => {
    const { exported } = await oneFile(`import { ${names} } from 'myelin'; export const found = [${names}];`);
    for (const item of exported.found) expect(item).toBeTypeOf('function');
  },
);

test('a script that imports all of the package holds one copy of it', async () => {
  const contents = `
    import { MyelinError, serialize, wasm } from 'myelin';
    import { pca, readCsv, tabular } from 'myelin/data';
    import { sequential } from 'myelin/worker';
    export async function run(text) {
      const table = await readCsv(text);
      const preprocess = { after: [pca()] };
      const pipeline = tabular({ target: 'b', epochs: 1, members: 1, preprocess, backend: await wasm() });
      const error = await pipeline.fit(table.drop('b')).catch((error) => error);
      await pipeline.fit(table);
      return [typeof sequential, error instanceof MyelinError, serialize(pipeline.model).length > 0];
    }`;
  const { exported, inputs } = await oneFile(contents);
  // The script of threads is one file, since it must run by itself.
  expect(inputs.filter((name) => !/^(<stdin>|esm\/|build\/kernels)/.test(name))).toEqual(['build/thread.js']);
  const rows = Array.from({ length: 30 }, (_, i) => `${i},${i % 7},${(i % 5) + 0.5}`);
  expect(await exported.run(Buffer.from(`a,c,b\n${rows.join('\n')}\n`))).toEqual(['function', true, true]);
});

test.each(['', '.fast'].flatMap((math) => ['core', 'extras', 'special'].map((part) => `kernels${math}.${part}`)))(
  '%s comes out of its text as it went in',
  async (name) => {
    const module = readFileSync(join(root, `build/${name}.wasm`));
    const { default: text } = await import(`../../build/${name}.wasm.js`);
    expect(Buffer.compare(Buffer.from(unpack(text)), module)).toBe(0);
    expect(pack(module)).toBe(text);
  },
);

test('the public names', () => {
  expect(Object.keys(index).sort().join('\n')).toMatchSnapshot();
});

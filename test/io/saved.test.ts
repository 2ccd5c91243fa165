import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { deserializeTabular, type Row } from '../../src/data/index.js';
import * as myelin from '../../src/index.js';
import { any } from '../support/any.js';

// Files of every build since 2026-11-21, made by fixtures/saved/make.js with that build, load and predict to the same bits.

interface Packed {
  readonly rows: number;
  readonly columns: number;
  /** Float32, in base64. */
  readonly data: string;
}

type Every = Packed | Readonly<Record<string, Packed>>;

interface Saved {
  readonly name: string;
  readonly file: string;
  readonly x: Every;
  readonly y: Every;
  readonly fit: {
    readonly epochs: number;
    readonly batchSize: number;
    readonly callbacks?: readonly [string, object][];
  };
  /** Predictions of x, after the same `fit` once more. */
  readonly later: Every;
}

interface Manifest {
  readonly models: readonly (Saved & { readonly predictions: Every })[];
  /** With the model as it was before. */
  readonly backups: readonly (Saved & {
    readonly start: string;
    /** Batches that the process which died had still to take. */
    readonly left: number;
  })[];
  readonly pipelines: readonly {
    readonly name: string;
    readonly file: string;
    readonly fresh: readonly Row[];
    readonly predictions: readonly unknown[];
  }[];
}

const saved = fileURLToPath(new URL('../fixtures/saved/', import.meta.url));
const builds = readdirSync(saved, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const backends = [await myelin.wasm(), myelin.typescript()];

const isOne = (value: Every): value is Packed => typeof value.rows === 'number';

function unpacked(value: Every): myelin.Matrix | Record<string, myelin.Matrix> {
  if (!isOne(value))
    return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, unpacked(part)])) as never;
  const bytes = Buffer.from(value.data, 'base64');
  const numbers = new Float32Array(value.rows * value.columns);
  new Uint8Array(numbers.buffer).set(bytes);
  return myelin.matrix(numbers, value.rows, value.columns);
}

/** The bits of a matrix, or of matrices by name. */
function packed(value: unknown): Every {
  const { rows, columns, data } = value as myelin.Matrix;
  if (typeof rows !== 'number') {
    return Object.fromEntries(Object.entries(any(value)).map(([name, part]) => [name, packed(part) as Packed]));
  }
  return { rows, columns, data: Buffer.from(Float32Array.from(data).buffer).toString('base64') };
}

function predict(model: myelin.Model, { x, later }: Saved): Every {
  const rows = any(unpacked(x));
  return packed(isOne(later) ? model.predict(rows) : model.predictOutputs(rows));
}

function train(
  model: myelin.Model,
  { x, y, fit: { callbacks = [], ...options } }: Saved,
  more: readonly myelin.Callback[] = [],
) {
  const made = callbacks.map(([name, given]) => any(myelin)[name](given) as myelin.Callback);
  return model.fit(any(unpacked(x)), any(unpacked(y)), { ...options, lint: false, callbacks: [...made, ...more] });
}

test('there are files of a build', () => {
  expect(builds.map(({ name }) => name)).toContain('2026-11-21');
});

describe.each(builds.map(({ name }) => name))('files of the build of %s', (build) => {
  const folder = join(saved, build);
  const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest;

  describe.each(backends)('on $name', (backend) => {
    const open = (file: string) => myelin.deserialize(readFileSync(join(folder, file)), { backend });

    test.each(manifest.models)(
      '$name: the model predicts the same bits, and its training goes on to the same',
      async (item) => {
        const model = open(item.file);
        expect(predict(model, item)).toEqual(item.predictions);
        await train(model, item);
        expect(predict(model, item)).toEqual(item.later);
      },
    );

    test.each(manifest.backups)('$name: what was interrupted ends in the bits of what was not', async (item) => {
      const whole = open(item.start);
      await train(whole, item);
      expect(predict(whole, item)).toEqual(item.later);
      const temporary = mkdtempSync(join(tmpdir(), 'myelin-saved-'));
      try {
        const path = join(temporary, basename(item.file));
        cpSync(join(folder, item.file), path);
        const model = open(item.start);
        let batches = 0;
        const counter = { onBatchEnd: () => void batches++ };
        await train(model, item, [myelin.backupAndRestore({ path }), counter]);
        expect(batches).toBe(item.left);
        expect(predict(model, item)).toEqual(item.later);
      } finally {
        rmSync(temporary, { recursive: true });
      }
    });

    test.each(manifest.pipelines)('$name: the pipeline predicts the same', ({ file, fresh, predictions }) => {
      const pipeline = deserializeTabular(readFileSync(join(folder, file)), { backend });
      expect(Array.from(pipeline.predict(fresh) as Iterable<unknown>)).toEqual(predictions);
    });
  });
});

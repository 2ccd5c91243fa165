import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { earlyStopping } from '../../src/callbacks/early-stopping.js';
import { FileFormatError, ValueError } from '../../src/errors.js';
import { decodeSafetensors } from '../../src/io/safetensors.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { tryOpen, withHeader } from '../fuzz/hostile.js';

// Numbers of plain data become tensors, so that the header of a file, which has a limit, does not grow with them.

const backend = typescript();

function holding(preprocessing: unknown) {
  const model = sequential({ layers: [dense({ units: 1, inputShape: 2 })], seed: 1, backend });
  model.preprocessing = preprocessing;
  return model;
}

const headerOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
const list = (length: number, of: (i: number) => number) => Array.from({ length }, (_, i) => of(i));
const table = (rows: number, columns: number, of: (i: number) => number) =>
  list(rows, (r) => r).map((r) => list(columns, (c) => of(r * columns + c)));
const base64 = (values: Float32Array) => Buffer.from(values.buffer).toString('base64');

const cases: readonly (readonly [string, unknown, readonly string[]])[] = [
  ['small whole numbers', list(1000, (i) => i % 200), ['U8']],
  ['whole numbers up to 65535', list(1000, (i) => 60 * i), ['U16']],
  ['negative whole numbers', list(1000, (i) => 500 - i), ['I32']],
  ['what float32 holds', list(1000, (i) => i / 8 - 3), ['F32']],
  ['what it does not hold', list(1000, (i) => i / 10), ['F64']],
  ['whole numbers beyond 2^31', list(1000, (i) => 2 ** 52 + i), ['F64']],
  ['the largest and the smallest', list(1000, (i) => (i % 2 ? 1.7976931348623157e308 : 5e-324)), ['F64']],
  ['-0', list(1000, (i) => (i % 2 ? -0 : i)), ['F32']],
  ['a table', table(40, 25, (i) => i), ['U16']],
  ['tables within', { a: [{ confusion: table(300, 300, (i) => i % 7) }], b: list(999, (i) => i + 0.1) }, ['F64', 'U8']],
  ['rows of other lengths, of which one is long', [list(3, (i) => i), list(400, (i) => i)], ['U16']],
  ['a packed array', { $float32: base64(Float32Array.from(list(999, (i) => i / 3))) }, ['F32']],
  ['a packed array with NaN', { w: { $float32: base64(new Float32Array(999).fill(NaN)) } }, ['F32']],
  ['few numbers', { mean: list(255, (i) => i / 7) }, []],
  ['lists of something else', [list(300, (i) => i).map(String), list(300, (i) => (i % 2 ? i : null) as number)], []],
  ['text that only looks packed', { $float32: `${'A'.repeat(400)}====` }, []],
  ['text of other bits than it says', { $float32: `${'A'.repeat(398)}B=` }, []],
];

describe('numbers of plain data', () => {
  test.each(cases)('%s', (_, data, dtypes) => {
    const bytes = serialize(holding(data));
    const loaded = deserialize(bytes, { backend });
    expect(loaded.preprocessing).toEqual(data);
    expect(serialize(loaded)).toEqual(bytes);
    const { tensors, metadata } = decodeSafetensors(bytes);
    const found = [...tensors].filter(([name]) => name.startsWith('metadata.')).map(([, { dtype }]) => dtype);
    expect(found.sort()).toEqual(dtypes);
    expect(metadata.get('version')).toBe(dtypes.length > 0 ? '2' : '1');
  });

  test('keys that mean something to the file are data of the user as well', () => {
    const numbers = list(300, (i) => i);
    const data = [
      { $numbers: 'metadata.0' },
      { $plain: { $floats: numbers } },
      { $floats: 3, b: { $numbers: null } },
      numbers,
    ];
    const bytes = serialize(holding(data));
    expect(deserialize(bytes, { backend }).preprocessing).toEqual(data);
    // And in a file that has no such tensors.
    const few = [{ $numbers: 'metadata.0' }];
    expect(deserialize(serialize(holding(few)), { backend }).preprocessing).toEqual(few);
  });

  test('the header does not grow with them', () => {
    const [small, large] = [20, 400].map((n) => headerOf(serialize(holding({ confusion: table(n, n, (i) => i) }))));
    expect(Math.abs(large! - small!)).toBeLessThan(32);
  });

  test('the best weights of early stopping are tensors, and a run goes on from them to the same bits', async () => {
    const build = () => {
      const model = sequential({
        layers: [dense({ units: 40, inputShape: 50 }), dense({ units: 1 })],
        seed: 3,
        backend,
      });
      model.compile({ optimizer: 'adam', loss: 'meanSquaredError' });
      return model;
    };
    const x = table(8, 50, (i) => Math.fround(Math.sin(i)));
    const y = list(8, (i) => i);
    const options = { epochs: 4, batchSize: 4, lint: false as const, validationData: [x, y] as const };
    const stopping = () => earlyStopping({ patience: 9, restoreBestWeights: true });
    const whole = build();
    await whole.fit(x, y, { ...options, callbacks: [stopping()] });
    const cut = build();
    const controller = new AbortController();
    const abort = { onEpochEnd: (epoch: number) => void (epoch === 1 && controller.abort()) };
    const run = cut.fit(x, y, { ...options, signal: controller.signal, callbacks: [stopping(), abort] });
    await expect(run).rejects.toThrow();
    const bytes = serialize(cut);
    expect(headerOf(bytes)).toBeLessThan(8000);
    const { tensors } = decodeSafetensors(bytes);
    expect([...tensors.keys()].filter((name) => name.startsWith('metadata.')).length).toBeGreaterThan(0);
    const loaded = deserialize(bytes, { backend });
    expect(loaded.run).toEqual(cut.run);
    await loaded.fit(x, y, { ...options, resume: true, callbacks: [stopping()] });
    expect(loaded.getWeights()).toEqual(whole.getWeights());
  });
});

describe('what could not be read back is not written', () => {
  // A hundred megabytes of text take a while.
  test.each<readonly [string, unknown, RegExp]>([
    [
      'a header that is too long',
      ['x'.repeat(100_000_001)],
      /^preprocessing: expected a header of at most 100000000 bytes/,
    ],
    ['many texts', Array.from({ length: 101 }, () => 'y'.repeat(1_000_000)), /^preprocessing: expected a header/],
  ])('%s', (_, data, message) => {
    let error: unknown;
    try {
      serialize(holding(data));
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(ValueError);
    expect((error as ValueError).message).toMatch(message);
  });

  test.each<readonly [string, object, RegExp]>([
    ['class names that are numbers', { classNames: [1, 2] }, /^model\.classNames/],
    ['class names of others', { classNames: Array(77).fill('a') }, /^model\.classNames: expected .*got 77 names/],
    ['half an epoch', { epochs: 0.5 }, /^model\.training/],
    ['a key that no reader takes', { preprocessing: JSON.parse('{"__proto__":1}') }, /__proto__/],
  ])('%s', (_, change, message) => {
    const model = Object.assign(holding(undefined), change);
    expect(() => serialize(model)).toThrow(message);
  });
});

describe('files whose numbers are not where they say', () => {
  const bytes = serialize(holding({ a: list(300, (i) => i), b: { $float32: base64(new Float32Array(300)) } }));
  type Header = Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>;
  const refusal = (change: (header: Header, metadata: Record<string, string>) => void) => {
    const opened = tryOpen(
      withHeader(bytes, (header) => change(header as Header, header.__metadata__ as Record<string, string>)),
    );
    expect(opened).toBeInstanceOf(FileFormatError);
    return (opened as FileFormatError).message;
  };
  const named = (from: string, to: string) => (_: Header, metadata: Record<string, string>) => {
    metadata.preprocessing = metadata.preprocessing!.replace(from, to);
  };

  test.each<readonly [string, Parameters<typeof refusal>[0], RegExp]>([
    ['a tensor that is not there', named('metadata.0', 'metadata.7'), /'metadata\.7', which is no tensor/],
    ['a weight', named('metadata.0', 'layers.0.kernel'), /missing|no part|two places|\[2, 1\]|kernel/],
    ['one tensor twice', named('metadata.1', 'metadata.0'), /metadata\.0/],
    ['a name that is none', named('"metadata.0"', '{"a":1}'), /no tensor/],
    ['whole numbers for floats', named('$numbers', '$floats'), /U16 in place of F32/],
    ['no object in plain data', named('{"$numbers":"metadata.0"}', '{"$plain":3}'), /\$plain/],
    [
      'three dimensions',
      (header) => void Object.assign(header['metadata.0']!, { shape: [3, 10, 10] }),
      /shape \[3, 10, 10\]/,
    ],
    ['version 1', (_, metadata) => void Object.assign(metadata, { version: '1' }), /no part of this model/],
    ['version 3', (_, metadata) => void Object.assign(metadata, { version: '3' }), /reads '1' and '2'/],
  ])('%s', (_, change, message) => {
    expect(refusal(change)).toMatch(message);
  });

  test('a billion rows of nothing', () => {
    const message = refusal((header) => {
      header['metadata.9'] = { dtype: 'U8', shape: [1e9, 0], data_offsets: [0, 0] };
      const metadata = (header as unknown as { __metadata__: Record<string, string> }).__metadata__;
      metadata.preprocessing = '{"$numbers":"metadata.9"}';
    });
    expect(message).toMatch(/shape \[1000000000, 0\] for plain data/);
  });
});

import { describe, expect, test } from 'vitest';
import { FileFormatError } from '../../src/errors.js';
import { headerLength, PREFIX, readLayout } from '../../src/io/layout.js';
import { type Block, Blocks, lift } from '../../src/io/numbers.js';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.js';

const prefixOf = (length: number) => {
  const bytes = new Uint8Array(PREFIX);
  new DataView(bytes.buffer).setUint32(0, length, true);
  return bytes;
};

test.each([
  [2, 10, 2],
  [2, 9, undefined],
  [10, 18, 10],
  [10, 17, undefined],
  [10, 10, undefined],
])('a header of %i bytes in a file of %i', (length, size, expected) => {
  const read = () => headerLength(prefixOf(length), size);
  if (expected !== undefined) expect(read()).toBe(expected);
  else
    expect(read).toThrow(
      new FileFormatError('header length', `${length} bytes, but only ${size - PREFIX} follow it in the file`),
    );
});

describe('tensors without elements', () => {
  const entry = (shape: number[], start: number, end: number) => ({ dtype: 'F32', shape, data_offsets: [start, end] });
  const layoutOf = (tensors: object, bytes: number) =>
    readLayout(new TextEncoder().encode(JSON.stringify(tensors)), bytes).entries.map(({ name }) => name);

  test.each([
    [{ full: entry([1], 0, 4), none: entry([0], 0, 0) }, ['none', 'full']],
    [{ none: entry([0], 0, 0), full: entry([1], 0, 4) }, ['none', 'full']],
    [{ none: entry([3, 0], 4, 4), full: entry([1], 0, 4) }, ['full', 'none']],
  ])('stand before, between and after others: %j', (tensors, names) => {
    expect(layoutOf(tensors, 4)).toEqual(names);
  });
});

test('wider numbers stand first, and begin at a multiple of their size', () => {
  const bytes = encodeSafetensors({
    a: { data: Uint8Array.of(1, 2, 3) },
    b: { data: Float32Array.of(1.5) },
    c: { data: Float64Array.of(2.5, 3.5) },
  });
  const { entries } = readLayout(bytes.subarray(PREFIX, PREFIX + headerLength(bytes)));
  expect(entries.map(({ name, start }) => [name, start])).toEqual([
    ['c', 0],
    ['b', 16],
    ['a', 20],
  ]);
  expect((PREFIX + headerLength(bytes)) % 16).toBe(0);
  expect(decodeSafetensors(bytes).tensors.get('c')!.data).toEqual(Float64Array.of(2.5, 3.5));
});

test.each([
  [0, 'U8'],
  [255, 'U8'],
  [256, 'U16'],
  [65_535, 'U16'],
  [65_536, 'I32'],
  [2 ** 31 - 1, 'I32'],
  [2 ** 31, 'F32'],
  [2 ** 31 + 1, 'F64'],
  [-1, 'I32'],
  [-(2 ** 31), 'I32'],
  [-(2 ** 31) - 1, 'F64'],
  [-0, 'F32'],
  [0.5, 'F32'],
  [0.1, 'F64'],
])('a list of zeros with %d among them is stored as %s, and holds it', (value, dtype) => {
  const blocks: Block[] = [];
  lift(
    Array.from({ length: 300 }, (_, i) => (i === 7 ? value : 0)),
    blocks,
  );
  expect(blocks.map((block) => block.dtype)).toEqual([dtype]);
  expect(blocks[0]!.data[7]).toBe(value);
});

test('numbers that two places name would unpack to more than the file holds', () => {
  const entry = { name: 'metadata.0', dtype: 'U8', shape: [2], start: 0, end: 2 } as const;
  const blocks = () => new Blocks([entry], () => Uint8Array.of(1, 2));
  const place = { $numbers: 'metadata.0' };
  expect(blocks().lower({ a: place, b: [3] }, 'metadata.run')).toEqual({ a: [1, 2], b: [3] });
  expect(() => blocks().lower({ a: place, b: [place] }, 'metadata.run')).toThrow(/two places/);
  expect(() => blocks().lower({ a: { $numbers: 'metadata.1' } }, 'metadata.run')).toThrow(/no tensor of the file/);
});

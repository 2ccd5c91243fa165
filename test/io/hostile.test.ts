import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.js';
import { Xxh32 } from '../../src/io/xxhash.js';
import { fuzz, samples, take, tryOpen } from '../fuzz/hostile.js';
import { any } from '../support/any.js';
import { Random } from '../support/buffers.js';
import { byEffort } from '../support/effort.js';
import { refusal } from '../support/refusal.js';

const [small, solver, graph, classifier] = samples() as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const encoder = new TextEncoder();

describe('XXH32', () => {
  // From the specification of xxHash: a PRNG's bytes, seed 0.
  test('known hashes', () => {
    expect(new Xxh32().digest()).toBe(0x02cc5d05);
    expect(new Xxh32().update(encoder.encode('abc')).digest()).toBe(0x32d153ff);
    expect(new Xxh32().update(encoder.encode('Nobody inspects the spammish repetition')).digest()).toBe(0xe2293b2f);
  });

  test('pieces of any size, aligned or not, hash as the whole', () => {
    const random = new Random(5);
    const bytes = Uint8Array.from({ length: 5000 }, () => random.integer(256));
    for (let i = 0; i < 300; i++) {
      const from = random.integer(20);
      const end = random.between(from, bytes.length);
      const pieces = new Xxh32();
      for (let at = from; at < end; ) {
        const next = Math.min(end, at + random.integer(random.integer(3) === 0 ? 900 : 20));
        pieces.update(bytes.subarray(at, next));
        at = next;
      }
      expect(pieces.digest()).toBe(new Xxh32().update(bytes.slice(from, end)).digest());
    }
  });
});

describe('the format', () => {
  test('what is written is what the format asks for, and what is read', () => {
    const tensors = {
      'a.weight': { shape: [2, 3], data: Float32Array.of(1, -2, 3.5, -0, Infinity, 6) },
      bytes: { data: Uint8Array.of(1, 2, 3) },
      doubles: { shape: [1, 2, 1], data: Float64Array.of(Math.PI, -1e300) },
      integers: { data: Int32Array.of(-5, 2 ** 31 - 1) },
      counts: { data: BigUint64Array.of(2n ** 64n - 1n) },
      empty: { shape: [0, 4], data: new Float32Array(0) },
      scalar: { shape: [], data: Uint32Array.of(7) },
      constructor: { data: Int8Array.of(-1) },
    };
    const bytes = encodeSafetensors(tensors, { made: 'by "hand"\n\u{1f600}' });
    const { header, data } = take(bytes);
    const length = new DataView(bytes.buffer).getBigUint64(0, true);
    expect(Number(length)).toBe(bytes.length - 8 - data.length);
    expect((8 + Number(length)) % 16).toBe(0);
    const parsed = JSON.parse(header);
    expect(parsed['a.weight']).toEqual({ dtype: 'F32', shape: [2, 3], data_offsets: expect.any(Array) });
    expect(parsed.__metadata__).toEqual({ made: 'by "hand"\n\u{1f600}' });
    const decoded = decodeSafetensors(bytes);
    expect(decoded.metadata.get('made')).toBe('by "hand"\n\u{1f600}');
    expect(decoded.tensors.size).toBe(8);
    for (const [name, { data, ...rest }] of Object.entries(tensors)) {
      const found = decoded.tensors.get(name)!;
      expect(found.data).toEqual(data);
      expect(found.shape).toEqual('shape' in rest ? rest.shape : [data.length]);
      expect(found.data.buffer).toBe(bytes.buffer);
    }
    const shifted = new Uint8Array(bytes.length + 3);
    shifted.set(bytes, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.get('doubles')!.data).toEqual(tensors.doubles.data);
  });

  test('the file of a model, name by name', () => {
    const { tensors, metadata } = decodeSafetensors(small);
    expect([...tensors.keys()]).toEqual(['layers.0.kernel', 'optimizer.velocity.layers.0.kernel']);
    expect([...metadata.keys()]).toEqual([
      'format',
      'version',
      'checksum',
      'spec',
      'compile',
      'training',
      'classNames',
    ]);
    expect(JSON.parse(metadata.get('spec')!)).toMatchObject({
      layers: [{ type: 'dense', units: 2, inputShape: 1 }],
      seed: 0,
    });
    expect(JSON.parse(metadata.get('training')!)).toEqual({
      epochs: 0,
      state: { optimizer: 'sgd', taken: 1, accumulated: 0, learningRate: null },
    });
    expect([...decodeSafetensors(solver).tensors.keys()]).toContain('optimizer.s.0.layers.0.kernel');
    expect(decodeSafetensors(solver).tensors.get('optimizer.s.0.layers.0.kernel')!.dtype).toBe('F64');
  });

  test('files of the first version load for ever', () => {
    const saved = new URL('../fixtures/saved/saved-v1.json', import.meta.url);
    const fixture = JSON.parse(readFileSync(saved, 'utf8')) as readonly { bytes: string; weights: object }[];
    expect(fixture.length).toBe(4);
    for (const { bytes, weights } of fixture) {
      const opened = tryOpen(new Uint8Array(Buffer.from(bytes, 'base64')));
      if (opened instanceof Error) throw opened;
      expect(JSON.parse(JSON.stringify(opened.getWeights()))).toEqual(weights);
    }
  });

  test('a file of the reference implementation, in Python', () => {
    const bytes = Buffer.from(
      '2AAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJmb3JtYXQiOiJucCJ9LCJzdGVwcyI6eyJkdHlwZSI6Ikk2NCIsInNoYXBlIjpbXSwiZGF0YV9vZmZz' +
        'ZXRzIjpbMCw4XX0sImZjMS53ZWlnaHQiOnsiZHR5cGUiOiJGMzIiLCJzaGFwZSI6WzMsMl0sImRhdGFfb2Zmc2V0cyI6WzgsMzJdfSwiZmMxLmJp' +
        'YXMiOnsiZHR5cGUiOiJGMTYiLCJzaGFwZSI6WzNdLCJkYXRhX29mZnNldHMiOlszMiwzOF19fSADAAAAAAAAAAAAAAAAAIA+AAAAPwAAQD8AAIA/' +
        'AACgPwA8AEAAuA==',
      'base64',
    );
    const { tensors } = decodeSafetensors(new Uint8Array(bytes));
    expect(tensors.get('fc1.weight')).toEqual({
      dtype: 'F32',
      shape: [3, 2],
      data: Float32Array.of(0, 0.25, 0.5, 0.75, 1, 1.25),
    });
    expect(tensors.get('fc1.bias')!.data).toEqual(Float32Array.of(1, 2, -0.5));
    expect(tensors.get('steps')!.data).toEqual(BigInt64Array.of(3n));
  });

  test('writing refuses what it could not read', () => {
    const data = new Float32Array(2);
    expect(() => encodeSafetensors({ __metadata__: { data } })).toThrow(/__metadata__/);
    expect(() => encodeSafetensors({ a: { data, shape: [3] } })).toThrow(/one of 2 elements, got \[3\]/);
    expect(() => encodeSafetensors({ a: { data: any([1]) } })).toThrow(/typed array/);
    expect(() => encodeSafetensors({ a: { data } }, any({ b: 1 }))).toThrow(/metadata\.b/);
    expect(() => decodeSafetensors(any('x'))).toThrow(/Uint8Array/);
  });
});

describe('damage', () => {
  const files = { small, solver, graph, classifier };

  test.each(Object.entries(files))('%s, cut short after any byte', (_, bytes) => {
    for (let end = 0; end < bytes.length; end++) expect(refusal(bytes.slice(0, end))).not.toBe('loaded');
    expect(refusal(new Uint8Array([...bytes, 0]))).toMatch(/^data: 1 bytes after/);
  });

  test.each(Object.entries(files))('%s, with any byte flipped', (_, bytes) => {
    const copy = bytes.slice();
    for (let at = 0; at < copy.length; at++) {
      const before = copy[at]!;
      for (const flip of [1 << (at & 7), 0x20, 0xff]) {
        copy[at] = before ^ flip;
        if (refusal(copy) === 'loaded') throw new Error(`byte ${at} ^ ${flip} goes unnoticed`);
      }
      copy[at] = before;
    }
    expect(refusal(copy)).toBe('loaded');
  });
});

const FILES = byEffort(2000, 100_000);

test(`${FILES} mutated files load the same model or are refused`, { timeout: 600_000 }, () => {
  const { refused, loaded } = fuzz(FILES, 20);
  expect(refused).toBeGreaterThan(FILES / 2);
  expect(loaded).toBeGreaterThan(FILES / 20);
});

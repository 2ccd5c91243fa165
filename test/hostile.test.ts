import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { typescript } from '../src/backends/typescript.js';
import { FileFormatError } from '../src/errors.js';
import { decodeSafetensors, encodeSafetensors } from '../src/io/safetensors.js';
import { serialize } from '../src/io/save.js';
import { Xxh32 } from '../src/io/xxhash.js';
import { dense } from '../src/model/layers/index.js';
import { sequential } from '../src/train/model.js';
import { any } from './support/any.js';
import { Random } from './support/buffers.js';
import { fuzz, put, samples, seal, take, tryOpen, withHeader, withPart } from './support/hostile.js';

const [small, solver, graph, classifier] = samples() as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];
const encoder = new TextEncoder();

/** What the error says, or that there was none. */
function refusal(bytes: Uint8Array): string {
  const opened = tryOpen(bytes);
  if (opened instanceof FileFormatError) {
    expect(opened.message).toBe(`${opened.where}: ${opened.what}.`);
    return opened.message;
  }
  return opened instanceof Error ? opened.name : 'loaded';
}

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
    const saved = new URL('fixtures/saved-v1.json', import.meta.url);
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
    expect(refusal(new Uint8Array([...bytes, 0]))).toMatch(/^data: 1 bytes behind/);
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

const offsets = (name: string, start: number, end: number) =>
  withHeader(small, (header) => {
    Object.assign(header[name] as object, { data_offsets: [start, end] });
  });
const kernel = 'layers.0.kernel';
const change = (to: object) =>
  withHeader(small, (header) => {
    Object.assign(header[kernel] as object, to);
  });
const metadata = (to: Record<string, unknown>) =>
  withHeader(small, (header) => {
    Object.assign(header.__metadata__ as object, to);
  });
const text = (replace: (header: string) => string) => {
  const { header, data } = take(small);
  return put(replace(header), data);
};
const number = (name: string, value: number, bytes = small) => {
  const copy = bytes.slice();
  const { data } = take(copy);
  const entry = JSON.parse(take(copy).header)[name] as { dtype: string; data_offsets: [number, number] };
  const view = new DataView(data.buffer, data.byteOffset);
  if (entry.dtype === 'F64') view.setFloat64(entry.data_offsets[0], value, true);
  else view.setFloat32(entry.data_offsets[0], value, true);
  return seal(copy);
};
const length = (low: number, high: number) => {
  const copy = small.slice();
  new DataView(copy.buffer).setUint32(0, low, true);
  new DataView(copy.buffer).setUint32(4, high, true);
  return copy;
};

/** What was done to a file whose checksum is right, and what the error must say. */
const table: readonly (readonly [string, () => Uint8Array, RegExp])[] = [
  ['nothing at all', () => new Uint8Array(0), /^header length: the file ends after 0/],
  ['a header of 2^63 bytes', () => length(0, 0x80000000), /^header length: .*more than 100000000/],
  ['a header of 90 MB', () => length(9e7, 0), /^header length: 90000000 bytes, but only/],
  ['an empty header', () => put('', new Uint8Array(0)), /^header: no JSON object/],
  ['a header that is no object', () => put('[]', new Uint8Array(0)), /^header: no JSON object/],
  ['no JSON', () => text((header) => header.replace('{', '{{')), /^header: no JSON/],
  [
    'no UTF-8',
    () => {
      const copy = small.slice();
      copy[20] = 0xff;
      return copy;
    },
    /^header: no UTF-8/,
  ],
  [
    'no tensors, no metadata',
    () => put('{}', new Uint8Array(0)),
    /^metadata\.format: not a model saved by Myelin \(no format\)/,
  ],
  [
    'a tensor twice',
    () => text((header) => header.replace('{', '{"layers.0.kernel":{"dtype":"F32","shape":[0],"data_offsets":[0,0]},')),
    /^header: the key 'layers\.0\.kernel' twice/,
  ],
  [
    'a key twice, spelt otherwise',
    () => text((header) => header.replace('"dtype":"F32"', '"dtype":"F32","\\u0064type":"F32"')),
    /the key 'dtype' twice/,
  ],
  [
    'metadata twice',
    () => text((header) => header.replace('{', '{"__metadata__":{},')),
    /the key '__metadata__' twice/,
  ],
  [
    'a tensor __proto__',
    () => text((header) => header.replace('"layers.0.kernel"', '"__proto__"')),
    /the key '__proto__'/,
  ],
  [
    'a tensor constructor',
    () => text((header) => header.replace('"layers.0.kernel"', '"constructor"')),
    /^tensor layers\.0\.kernel: missing/,
  ],
  [
    '__proto__ in the spec',
    () => text((header) => header.replace('\\"type\\"', '\\"__proto__\\":{},\\"type\\"')),
    /^metadata\.spec: the key '__proto__'/,
  ],
  [
    'a key twice in the spec',
    () => text((header) => header.replace('\\"type\\"', '\\"units\\":2,\\"type\\"')),
    /^metadata\.spec: the key 'units' twice/,
  ],
  [
    'an overlap',
    () => offsets('optimizer.velocity.layers.0.kernel', 4, 12),
    /^tensor optimizer\.velocity.*: an overlap/,
  ],
  ['a gap', () => offsets('optimizer.velocity.layers.0.kernel', 12, 20), /^tensor optimizer.*: a gap of 4 bytes/],
  ['data beyond the end', () => change({ shape: [100], data_offsets: [0, 400] }), /overlap|before its last tensor/],
  ['a tensor before the start', () => change({ data_offsets: [-8, 0] }), /data_offsets that are no two whole numbers/],
  ['offsets the wrong way round', () => change({ data_offsets: [8, 0] }), /data_offsets of -8 bytes for 8/],
  ['three offsets', () => change({ data_offsets: [0, 8, 8] }), /no two whole numbers/],
  ['offsets in text', () => change({ data_offsets: ['0', '8'] }), /no two whole numbers/],
  ['a fraction of a byte', () => change({ data_offsets: [0, 8.5] }), /no two whole numbers/],
  ['a shape whose product overflows', () => change({ shape: [2 ** 40, 2 ** 40] }), /more than 2\^53 bytes/],
  [
    'a product that wraps to the right one in 32 bits',
    () => change({ shape: [2 ** 16 + 1, 2 ** 16, 2 ** 31] }),
    /2\^53|bytes for/,
  ],
  ['a shape with a zero and a monster', () => change({ shape: [0, 2 ** 53 - 1] }), /data_offsets of 8 bytes for 0/],
  ['a negative shape', () => change({ shape: [-1, -2] }), /no array of whole numbers/],
  ['a shape of one number', () => change({ shape: 2 }), /no array of whole numbers/],
  ['an unknown dtype', () => change({ dtype: 'F33' }), /unknown dtype 'F33'/],
  ['a dtype off the prototype', () => change({ dtype: 'toString' }), /unknown dtype/],
  ['a key that the format does not have', () => change({ strides: [1] }), /unknown key 'strides'/],
  [
    'a tensor that is a number',
    () =>
      withHeader(small, (header) => {
        header[kernel] = 5;
      }),
    /5 in place of dtype/,
  ],
  ['metadata that are no strings', () => metadata({ spec: {} }), /^__metadata__\.spec: an object/],
  [
    'metadata that are an array',
    () =>
      withHeader(small, (header) => {
        header.__metadata__ = ['myelin'];
      }),
    /^__metadata__: an array/,
  ],
  ['another format', () => metadata({ format: 'pt' }), /format 'pt'.*loadWeights/],
  [
    'a version of the future',
    () => metadata({ version: '3' }),
    /^metadata\.version: '3', where this version of Myelin reads '1' and '2'/,
  ],
  ['no version', () => metadata({ version: '' }), /^metadata\.version/],
  [
    'no checksum',
    () =>
      withHeader(small, (header) => {
        delete (header.__metadata__ as Record<string, unknown>).checksum;
      }),
    /^metadata\.checksum: missing/,
  ],
  ['a checksum of another kind', () => metadata({ checksum: 'crc32:00000000' }), /^metadata\.checksum: missing/],
  [
    'no spec',
    () =>
      withHeader(small, (header) => {
        delete (header.__metadata__ as Record<string, unknown>).spec;
      }),
    /^metadata\.spec: nothing/,
  ],
  ['a spec that is no JSON', () => metadata({ spec: '{' }), /^metadata\.spec: no JSON/],
  [
    'a spec nested a million deep',
    () => metadata({ spec: `${'['.repeat(1e6)}${']'.repeat(1e6)}` }),
    /^metadata\.spec: (no JSON|nested)/,
  ],
  [
    'a layer that does not exist',
    () => withPart(small, 'spec', (spec: { layers: object[] }) => ({ ...spec, layers: [{ type: 'dens' }] })),
    /^metadata\.spec: .*Did you mean 'dense'/,
  ],
  [
    'a layer of a billion units',
    () =>
      withPart(small, 'spec', (spec: { layers: object[] }) => ({
        ...spec,
        layers: [{ ...spec.layers[0], units: 1e9 }],
      })),
    /^tensor layers\.0\.kernel: F32 \[1, 2\] in place of F32 \[1, 1000000000\]/,
  ],
  [
    'a billion columns without weights',
    () =>
      withPart(small, 'spec', (spec: { layers: object[] }) => ({
        ...spec,
        layers: [{ type: 'dropout', rate: 0.5, inputShape: 1e9 }],
      })),
    /^metadata\.spec: a layer of 1000000000 columns/,
  ],
  [
    'a layer more',
    () =>
      withPart(small, 'spec', (spec: { layers: object[] }) => ({
        ...spec,
        layers: [...spec.layers, { type: 'dense', units: 3 }],
      })),
    /^tensor layers\.1\.kernel: missing/,
  ],
  [
    'a seed that is none',
    () => withPart(small, 'spec', (spec: object) => ({ ...spec, seed: -1 })),
    /^metadata\.spec: seed/,
  ],
  [
    'inputs that are none',
    () => withPart(graph, 'spec', (spec: object) => ({ ...spec, inputs: 3 })),
    /^metadata\.spec/,
  ],
  [
    'null for a layer',
    () => withPart(small, 'spec', (spec: object) => ({ ...spec, layers: [null] })),
    /^metadata\.spec/,
  ],
  [
    'an optimizer that does not exist',
    () => withPart(small, 'compile', (options: object) => ({ ...options, optimizer: 'adm' })),
    /^metadata\.compile: .*adam/,
  ],
  [
    'options that compile does not know',
    () => withPart(small, 'compile', (options: object) => ({ ...options, x: 1 })),
    /^metadata\.compile/,
  ],
  [
    'a loss that does not fit',
    () => withPart(small, 'compile', (options: object) => ({ ...options, loss: 3 })),
    /^metadata\.compile/,
  ],
  [
    'another optimizer than the state',
    () => withPart(small, 'compile', (options: object) => ({ ...options, optimizer: 'adam' })),
    /^training state, optimizer/,
  ],
  [
    'a state without its tensors',
    () => withPart(small, 'compile', (options: object) => ({ ...options, averaging: 'exponentialMovingAverage' })),
    /^tensor average\.layers\.0\.kernel: missing/,
  ],
  [
    'tensors that nothing asks for',
    () =>
      withPart(small, 'training', (training: { state: object }) => ({
        ...training,
        state: { ...training.state, taken: 0 },
      })),
    /^tensor optimizer\.velocity.*: no part of this model/,
  ],
  [
    'a negative step',
    () =>
      withPart(small, 'training', (training: { state: object }) => ({
        ...training,
        state: { ...training.state, taken: -1 },
      })),
    /^training state, taken/,
  ],
  [
    'half an epoch',
    () => withPart(small, 'training', (training: object) => ({ ...training, epochs: 0.5 })),
    /^metadata\.training/,
  ],
  [
    'more accumulated than there is to accumulate',
    () =>
      withPart(classifier, 'training', (training: { state: object }) => ({
        ...training,
        state: { ...training.state, accumulated: 2 },
      })),
    /^training state, accumulated/,
  ],
  [
    'a solver that remembers too much',
    () =>
      withPart(solver, 'training', (training: { state: object }) => ({
        ...training,
        state: { ...training.state, solver: Array(99).fill('1') },
      })),
    /^training state, solver/,
  ],
  ['class names that are numbers', () => metadata({ classNames: '[1, 2]' }), /^metadata\.classNames/],
  ['class names of none', () => metadata({ classNames: '[]' }), /^metadata\.classNames: 0 names in place of/],
  [
    'a class name too many',
    () => metadata({ classNames: '["a", "b", "c", "d", "e"]' }),
    /^metadata\.classNames: 5 names/,
  ],
  [
    'class names of thousands',
    () => metadata({ classNames: JSON.stringify(Array(5000).fill('a')) }),
    /^metadata\.classNames: 5000 names/,
  ],
  ['a weight that is NaN', () => number(kernel, NaN), /^tensor layers\.0\.kernel: NaN at element 0/],
  ['a weight that is infinite', () => number(kernel, -Infinity), /^tensor layers\.0\.kernel: -Infinity/],
  ['state that is NaN', () => number('optimizer.velocity.layers.0.kernel', NaN), /^tensor optimizer\.velocity.*NaN/],
  [
    'state of a solver that is NaN',
    () => number('optimizer.s.0.layers.0.kernel', NaN, solver),
    /^tensor optimizer\.s\.0.*NaN/,
  ],
];

describe('files made to do harm', () => {
  test.each(table)('%s', (_, make, message) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(refusal(make())).toMatch(message);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2e7);
  });

  test('none of them has touched a prototype', () => {
    expect(Object.keys(Object.prototype)).toEqual([]);
    expect(({} as { units?: number }).units).toBeUndefined();
  });

  test('infinite state is state, and what else other tools may write is read', () => {
    expect(refusal(number('optimizer.velocity.layers.0.kernel', Infinity))).toBe('loaded');
    expect(refusal(metadata({ note: 'added' }))).toBe('loaded');
    const model = sequential({ layers: [dense({ units: 1, inputShape: 1 })], backend: typescript() });
    const { tensors } = decodeSafetensors(serialize(model));
    expect(tensors.get(kernel)!.shape).toEqual([1, 1]);
  });
});

test('a hundred thousand mutated files load the same model or are refused', { timeout: 600_000 }, () => {
  const { refused, loaded } = fuzz(100_000, 20);
  expect(refused).toBeGreaterThan(50_000);
  expect(loaded).toBeGreaterThan(5_000);
});

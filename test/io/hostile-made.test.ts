import { describe, expect, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { decodeSafetensors } from '../../src/io/safetensors.js';
import { serialize } from '../../src/io/save.js';
import { sequential } from '../../src/model/model.js';
import { dense } from '../../src/nn/layers/index.js';
import { put, samples, seal, take, withHeader, withPart } from '../fuzz/hostile.js';
import { refusal } from '../support/refusal.js';

const [small, solver, graph, classifier] = samples() as [Uint8Array, Uint8Array, Uint8Array, Uint8Array];

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
    "an optimizer of one's own without its parts",
    () => withPart(small, 'compile', (options: object) => ({ ...options, optimizer: { name: 'custom' } })),
    /^metadata\.compile: .*customOptimizer\.states/,
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

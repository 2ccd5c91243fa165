import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, expectTypeOf, test } from 'vitest';
import { typescript } from '../../src/backends/typescript.js';
import { type Names, named, namesOf, type Operands, positional } from '../../src/kernels/operands.js';
import * as signatures from '../../src/kernels/signatures/index.js';
import type { Tensor } from '../../src/program/plan.js';
import { matrixTensor, vectorTensor } from '../../src/program/plan.js';
import { declaredKernels, signatureTable } from '../support/nn/signatures.js';

const table = signatureTable();
const declared = declaredKernels();

/** Names that kernels of a family have for an operand of the family's. */
const synonyms: Readonly<Record<string, readonly string[]>> = {
  saved: ['x', 'y'],
  y: ['z', 'dx'],
  targets: ['labels'],
  targetStride: ['labelStride'],
  dy: ['dz'],
};

test('every kernel has a signature, and every signature a kernel', () => {
  expect(declared.length).toBeGreaterThan(120);
  expect(declared.map(({ kernel }) => kernel).filter((kernel) => !table[kernel])).toEqual([]);
  const used = new Set(Object.values(table));
  expect(Object.entries(signatures).filter(([, signature]) => !used.has(signature))).toEqual([]);
  for (const [name, signature] of Object.entries(signatures)) expect(['*', name]).toContain(signature.split(' ')[0]);
});

test.each(declared)('$kernel takes what its signature says', ({ kernel, parameters }) => {
  const signature = table[kernel] as string;
  const [, ...tokens] = signature.split(' ');
  const names = namesOf(signature, parameters.length);
  expect(names.length).toBe(parameters.length);
  parameters.forEach(({ name, type }, i) => {
    const token = tokens.find((text) => text.includes('*') && text.replace(/\W/g, '') === names[i]);
    const own = token ? name : (names[i] as string);
    expect([own, ...(synonyms[own] ?? [])]).toContain(name);
    // Offsets, sizes and places in streams are integers; numbers that have to be given are either.
    const given = tokens.find((text) => text.startsWith('#') && text.replace(/\W/g, '') === names[i]);
    if (!given) expect(type).toBe('i32');
  });
});

test('twins take as much, under the same names where they have a signature of their own', () => {
  const folder = new URL('../../src/kernels/twins/', import.meta.url);
  const source = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(new URL(file, folder), 'utf8'));
  const { kernels } = typescript().open(512);
  const differ: string[] = [];
  let found = 0;
  for (const { kernel, parameters } of declared) {
    // Less where a twin has no use for the last ones, or takes them as a rest.
    expect((kernels[kernel as never] as { length: number }).length).toBeLessThanOrEqual(parameters.length);
    if (!(kernel in signatures)) continue;
    const heads = source.flatMap((text) => [...text.matchAll(new RegExp(`^ +${kernel}\\(h, ([\\w, ]*)\\) \\{`, 'gm'))]);
    for (const [, head] of heads) {
      found++;
      const names = (head as string).split(', ').map((name) => name.replace(/^_/, ''));
      if (names.some((name, i) => name !== parameters[i]?.name)) differ.push(`${kernel}(${names.join(', ')})`);
    }
  }
  expect(differ).toEqual([]);
  expect(found).toBeGreaterThan(40);
});

describe('positional', () => {
  const x = matrixTensor('x', 3, 5);
  const y = matrixTensor('y', 3, 600);
  const v = vectorTensor('v', 8);

  test('numbers come from tensors, in the order of the kernel', () => {
    const args = positional(signatures.denseForward, { y, b: v, scratch: v, w: v, x });
    expect(args).toEqual([x, v, v, y, v, 3, 5, 600, x.stride, y.stride]);
  });

  test('a number that is given stands for that of a tensor, 0 as well', () => {
    const args = positional(signatures.copyColumns, { x, y, columns: 0, to: 2 });
    expect(args).toEqual([x, y, 3, 0, x.stride, y.stride, 0, 2]);
  });

  test('lists stand where their name does, and what may be left out is -1', () => {
    const one = { y, targets: y, dy: y, loss: v, scale: 1, slope: 2 };
    const shape = [3, 600, y.stride, y.stride];
    expect(positional(signatures.loss, { ...one, numbers: [7, 8] })).toEqual([y, y, -1, y, v, ...shape, 1, 2, 7, 8]);
    expect(positional(signatures.loss, { ...one, weights: v, numbers: [] })).toEqual([y, y, v, y, v, ...shape, 1, 2]);
    const update = positional(signatures.update, { w: v, g: v, states: [x, y], block: v, factor: v });
    expect(update).toEqual([v, v, x, y, 8, v, v]);
    expect(named(signatures.update, ['adam', 10, 20, 30, 40, 8, 50, 60])).toEqual({
      w: 10,
      g: 20,
      states: 40,
      n: 8,
      block: 50,
      factor: 60,
    });
  });

  test('names are types: what lacks, and what is too much, does not compile', () => {
    type Scale = Operands<typeof signatures.scale, Tensor>;
    expectTypeOf<keyof Scale>().toEqualTypeOf<'x' | 'y' | 'n' | 'factor'>();
    expectTypeOf<Scale['factor']>().toEqualTypeOf<number>();
    expectTypeOf<Scale['n']>().toEqualTypeOf<number | undefined>();
    expectTypeOf<Operands<typeof signatures.loss, Tensor>['weights']>().toEqualTypeOf<Tensor | undefined>();
    expectTypeOf<Operands<typeof signatures.update, Tensor>['states']>().toEqualTypeOf<readonly Tensor[]>();
    expectTypeOf<Names<typeof signatures.denseBiasGradient>>().toEqualTypeOf<
      'dy' | 'db' | 'rows' | 'units' | 'dyStride'
    >();
    // @ts-expect-error db lacks
    positional(signatures.denseBiasGradient, { dy: x });
    // @ts-expect-error there is no dw
    positional(signatures.denseBiasGradient, { dy: x, db: v, dw: v });
    // @ts-expect-error a number is no tensor
    positional(signatures.denseBiasGradient, { dy: x, db: 3 });
  });
});

import { ShapeError } from '../../errors.js';
import * as k from '../../kernels/signatures/index.js';
import type { Emitter } from '../../program/emitter.js';
import type { Layer, Step } from '../../program/layer.js';
import type { Tensor } from '../../program/plan.js';
import { defineLayer, type LayerOptions } from './kind.js';

/** Options of the layers that merge several inputs, such as `add`, `concatenate` and `average`. */
export type MergeOptions = LayerOptions;

function equalWidths(widths: readonly number[], name: string): number {
  const [first] = widths as readonly [number];
  const other = widths.findIndex((width) => width !== first);
  if (other < 0) return first;
  throw new ShapeError({
    argument: `${name}, input ${other}`,
    given: `${widths[other]} columns`,
    expected: `${first}, as many as input 0 has`,
    hint: 'A dense layer without a bias can change the width on the way.',
  });
}

const merge = (
  name: string,
  units: number,
  forward: (emit: Emitter, xs: readonly Tensor[]) => Step,
): readonly Layer[] => [
  { name, units, parameters: [], forward: (emit, x, ...others) => forward(emit, [x, ...others]) },
];

/** Side by side: the columns of all inputs, in order. */
export const concatenate = /* @__PURE__ */ defineLayer<'concatenate', MergeOptions>('concatenate', {
  options: [],
  merges: true,
  build(_, name, widths) {
    const units = widths.reduce((sum, width) => sum + width, 0);
    const starts = [0];
    for (const width of widths) starts.push((starts.at(-1) as number) + width);
    return merge(name, units, (emit, xs) => {
      const y = emit.matrix(`${name}.y`, units);
      xs.forEach((x, i) => {
        emit.call(k.copyColumns, { x, y, to: starts[i] });
      });
      return {
        y,
        backward: (dy, wanted) =>
          xs.map((x, i) => {
            if (!wanted[i]) return undefined;
            const dx = emit.matrix(`${name}.dx${i}`, x.columns);
            emit.call(k.copyColumns, { x: dy, y: dx, columns: x.columns, from: starts[i] });
            return dx;
          }),
      };
    });
  },
});

/** The sum of inputs of one width: a residual (skip) connection where one of them is the other's own input. */
export const add = /* @__PURE__ */ defineLayer<'add', MergeOptions>('add', {
  options: [],
  merges: true,
  build(_, name, widths) {
    const units = equalWidths(widths, name);
    return merge(name, units, (emit, [first, ...others]) => {
      const y = emit.matrix(`${name}.y`, units);
      let sum = first as Tensor;
      for (const x of others) {
        emit.call(k.add, { a: sum, b: x, y });
        sum = y;
      }
      return {
        y,
        backward(dy, wanted) {
          const last = wanted.lastIndexOf(true);
          return wanted.map((needed, i) => {
            if (!needed || i === last) return needed ? dy : undefined;
            const dx = emit.matrix(`${name}.dx${i}`, units);
            emit.call(k.copyColumns, { x: dy, y: dx });
            return dx;
          });
        },
      };
    });
  },
});

/** Up to here the gradient of each factor is a product of its own, which of more would take calls for each pair of them. */
const MANY_FACTORS = 64;

/** Emits the gradients of many factors: of each, the product of those before it times that of those after it, which neighbours share. */
function productGradients(emit: Emitter, xs: readonly Tensor[], dy: Tensor, name: string): readonly Tensor[] {
  const times = (a: Tensor, b: Tensor, label: string) => {
    const y = emit.matrix(`${name}.${label}`, a.columns);
    emit.call(k.multiply, { a, b, y });
    return y;
  };
  const last = xs.length - 1;
  const before = [dy];
  for (let i = 0; i < last; i++) before.push(times(before[i] as Tensor, xs[i] as Tensor, `before${i + 1}`));
  const gradients = [before[last] as Tensor];
  let after = xs[last] as Tensor;
  for (let i = last - 1; i >= 0; i--) {
    gradients.push(times(before[i] as Tensor, after, `dx${i}`));
    if (i > 0) after = times(xs[i] as Tensor, after, `after${i - 1}`);
  }
  return gradients.reverse();
}

/** The product of inputs of one width, element by element. */
export const multiply = /* @__PURE__ */ defineLayer<'multiply', MergeOptions>('multiply', {
  options: [],
  merges: true,
  build(_, name, widths) {
    const units = equalWidths(widths, name);
    return merge(name, units, (emit, xs) => {
      const products = (all: readonly Tensor[], label: string): Tensor =>
        all.reduce((a, b, i) => {
          const y = emit.matrix(`${name}.${label}${i === all.length - 1 ? '' : i}`, units);
          emit.call(k.multiply, { a, b, y });
          return y;
        });
      return {
        y: products(xs, 'y'),
        backward: (dy, wanted) => {
          if (xs.length > MANY_FACTORS) return productGradients(emit, xs, dy, name);
          return wanted.map((needed, i) =>
            needed ? products([dy, ...xs.filter((_, other) => other !== i)], `dx${i}`) : undefined,
          );
        },
      };
    });
  },
});

function two(widths: readonly number[], name: string): void {
  if (widths.length === 2) return;
  throw new ShapeError({ argument: `${name}, inputs`, given: `${widths.length} inputs`, expected: 'two inputs' });
}

/** The first of two inputs of one width less the second. */
export const subtract = /* @__PURE__ */ defineLayer<'subtract', MergeOptions>('subtract', {
  options: [],
  merges: true,
  build(_, name, widths) {
    two(widths, name);
    const units = equalWidths(widths, name);
    return merge(name, units, (emit, [a, b]) => {
      const y = emit.matrix(`${name}.y`, units);
      emit.call(k.subtract, { a: a as Tensor, b: b as Tensor, y });
      return {
        y,
        backward(dy, [firstWanted, secondWanted]) {
          if (!secondWanted) return [dy];
          const dx = firstWanted ? emit.matrix(`${name}.dx1`, units) : dy;
          emit.call(k.scale, { x: dy, y: dx, factor: -1 });
          return firstWanted ? [dy, dx] : [undefined, dx];
        },
      };
    });
  },
});

/** The mean of inputs of one width, element by element. */
export const average = /* @__PURE__ */ defineLayer<'average', MergeOptions>('average', {
  options: [],
  merges: true,
  build(_, name, widths) {
    const units = equalWidths(widths, name);
    const share = 1 / widths.length;
    return merge(name, units, (emit, [first, ...others]) => {
      const y = emit.matrix(`${name}.y`, units);
      let sum = first as Tensor;
      for (const x of others) {
        emit.call(k.add, { a: sum, b: x, y });
        sum = y;
      }
      emit.call(k.scale, { x: y, y, factor: share });
      return {
        y,
        backward(dy, wanted) {
          const last = wanted.lastIndexOf(true);
          return wanted.map((needed, i) => {
            if (!needed) return undefined;
            const dx = i === last ? dy : emit.matrix(`${name}.dx${i}`, units);
            emit.call(k.scale, { x: dy, y: dx, factor: share });
            return dx;
          });
        },
      };
    });
  },
});

/** The largest of inputs of one width, element by element; where two are equal, each gets half of the gradient. */
export const maximum = /* @__PURE__ */ defineLayer<'maximum', MergeOptions>('maximum', {
  options: [],
  merges: true,
  build(_, name, widths) {
    const units = equalWidths(widths, name);
    return merge(name, units, (emit, [first, ...others]) => {
      // largest[i] is the maximum of the first i + 1 inputs.
      const largest = [first as Tensor];
      others.forEach((x, i) => {
        const y = emit.matrix(`${name}.y${i === others.length - 1 ? '' : i}`, units);
        emit.call(k.maximum, { a: largest[i] as Tensor, b: x, y });
        largest.push(y);
      });
      return {
        y: largest.at(-1) as Tensor,
        backward(dy, wanted) {
          const dxs = others.map((x, i) => ({ x, dx: emit.matrix(`${name}.dx${i + 1}`, units), before: largest[i] }));
          for (const { x, dx, before } of [...dxs].reverse()) {
            emit.call(k.maximumBackward, { a: before as Tensor, b: x, dy, da: dy, db: dx });
          }
          return [dy, ...dxs.map(({ dx }) => dx)].map((dx, i) => (wanted[i] ? dx : undefined));
        },
      };
    });
  },
});

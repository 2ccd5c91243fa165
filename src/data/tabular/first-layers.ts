import type { Model } from '../../callbacks/interfaces.js';
import { type Matrix, makeMatrix } from '../../matrix.js';
import { Model as GraphModel, sequential } from '../../model/model.js';
import type { Graph } from '../../nn/graph.js';
import { activation, dense } from '../../nn/layers/index.js';
import type { LayerSpec } from '../../nn/layers/kind.js';

interface DenseSpec extends LayerSpec {
  readonly units: number;
  readonly activation?: Parameters<typeof activation>[0]['activation'];
}

/**
 * A model whose input feeds dense layers alone, cut after their sums: where some inputs change, the sums change by these
 * inputs' own products, and only the layers after them are computed anew.
 */
export class FirstLayers {
  /** Products so far: what was done, however long it took. */
  work = 0;
  readonly #first: Model;
  readonly #rest: Model;
  /** Inputs x sums of all first layers. */
  readonly #kernel: Matrix;
  /** Units of each first layer. */
  readonly #widths: readonly number[];
  readonly #restProducts: number;

  private constructor(first: Model, rest: Model, widths: readonly number[]) {
    this.#first = first;
    this.#rest = rest;
    this.#widths = widths;
    this.#kernel = first.getWeights()['layers.0.kernel'] as Matrix;
    this.#restProducts = Object.values(rest.getWeights()).reduce((sum, { data }) => sum + data.length, 0);
  }

  /** Undefined for a model that is made otherwise. */
  static of(model: Model): FirstLayers | undefined {
    const { layers, inputs, outputs } = model.spec;
    const label = (i: number) => (layers[i] as { readonly name?: string }).name ?? `layers.${i}`;
    const given = inputs?.[0]?.name ?? '';
    const numbers = new Map(layers.map((_, i) => [label(i), i]));
    const feeding = (i: number): readonly string[] => {
      if (inputs) return (layers[i] as { readonly inputs?: readonly string[] }).inputs ?? [];
      return [i === 0 ? given : label(i - 1)];
    };
    const firsts = layers.map((_, i) => i).filter((i) => feeding(i).includes(given));
    const fits = firsts.every((i) => layers[i]!.type === 'dense' && feeding(i).length === 1);
    if ((inputs && inputs.length !== 1) || !fits || firsts.length === 0) return undefined;
    const weights = model.getWeights();
    const kernels = firsts.map((i) => weights[`${label(i)}.kernel`]);
    const biases = firsts.map((i) => weights[`${label(i)}.bias`]);
    if (!kernels.every(Boolean) || !biases.every(Boolean)) return undefined;
    const widths = kernels.map((kernel) => kernel!.columns);
    const total = widths.reduce((sum, width) => sum + width, 0);
    const { rows } = kernels[0]!;
    const { backend } = model;

    const first = sequential({ layers: [dense({ units: total, inputShape: rows })], backend });
    first.setWeights({
      'layers.0.kernel': beside(kernels as Matrix[], rows, total),
      'layers.0.bias': beside(biases as Matrix[], 1, total),
    });
    const numberOf = (name: string) => firsts.length + numbers.get(name)!;
    const graph: Graph = {
      sequential: false,
      inputs: widths.map((width, i) => ({ name: `sums${i}`, width })),
      nodes: layers.map((spec, i) => {
        const at = firsts.indexOf(i);
        if (at < 0) {
          const { inputs: _, ...own } = spec as LayerSpec & { readonly inputs?: unknown };
          return { spec: own as LayerSpec, inputs: feeding(i).map(numberOf) };
        }
        return { spec: activation({ activation: (spec as DenseSpec).activation ?? 'linear' }), inputs: [at] };
      }),
      outputs: outputs ? outputs.map(numberOf) : [firsts.length + layers.length - 1],
    };
    const rest = new GraphModel(graph, { backend });
    rest.setWeights(Object.fromEntries(Object.keys(rest.getWeights()).map((name) => [name, weights[name]!])));
    return new FirstLayers(first, rest, widths);
  }

  /** Sums of all first layers, a row for each row of x. */
  sums(x: Matrix): Matrix {
    this.work += x.data.length * this.#kernel.columns;
    return this.#first.predict(x);
  }

  /** Returns the model's predictions for these sums. */
  outputs({ data, rows, columns }: Matrix): Matrix {
    let start = 0;
    const inputs = this.#widths.map((width, i): [string, Matrix] => {
      const part = new Float32Array(rows * width);
      for (let row = 0; row < rows; row++) {
        const from = row * columns + start;
        part.set(data.subarray(from, from + width), row * width);
      }
      start += width;
      return [`sums${i}`, makeMatrix(part, rows, width)];
    });
    this.work += rows * (columns + this.#restProducts);
    return this.#rest.predict(Object.fromEntries(inputs));
  }

  /**
   * Rows that change where inputs in some ranges are, in each row, those of another one; and their sums. Of pixels and rare
   * categories most rows stay as they are.
   */
  moved(
    x: Matrix,
    sums: Matrix,
    ranges: readonly (readonly [number, number])[],
    order: Uint32Array,
  ): { readonly rows: Uint32Array; readonly sums: Matrix } {
    const { data: kernel, columns: width } = this.#kernel;
    const inputs = Int32Array.from(
      ranges.flatMap(([start, end]) => Array.from({ length: end - start }, (_, i) => start + i)),
    );
    const { data: values, columns } = x;
    const rows: number[] = [];
    for (let row = 0; row < x.rows; row++) {
      const own = row * columns;
      const other = order[row]! * columns;
      let k = 0;
      while (k < inputs.length && values[other + inputs[k]!] === values[own + inputs[k]!]) k++;
      if (k < inputs.length) rows.push(row);
    }
    const data = new Float32Array(rows.length * width);
    for (let place = 0; place < rows.length; place++) {
      const row = rows[place]!;
      const own = row * columns;
      const other = order[row]! * columns;
      const at = place * width;
      data.set(sums.data.subarray(row * width, (row + 1) * width), at);
      for (let k = 0; k < inputs.length; k++) {
        const input = inputs[k]!;
        const change = values[other + input]! - values[own + input]!;
        if (change === 0) continue;
        this.work += width;
        const from = input * width;
        for (let i = 0; i < width; i++) data[at + i] = data[at + i]! + change * kernel[from + i]!;
      }
    }
    return { rows: Uint32Array.from(rows), sums: makeMatrix(data, rows.length, width) };
  }
}

/** Joins the columns of several matrices in one. */
function beside(parts: readonly Matrix[], rows: number, total: number): Matrix {
  const data = new Float32Array(rows * total);
  let start = 0;
  for (const part of parts) {
    for (let row = 0; row < rows; row++) {
      data.set(part.data.subarray(row * part.columns, (row + 1) * part.columns), row * total + start);
    }
    start += part.columns;
  }
  return makeMatrix(data, rows, total);
}

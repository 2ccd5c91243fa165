import { Generator, stream } from '../../kernels/lib/philox.js';
import type { Column } from '../column.js';
import { Table } from '../table.js';

/** Returns the rows of tables that have the same columns, one table after the other. */
export function joined(tables: readonly Table[]): Table {
  const [first] = tables as readonly [Table];
  return tables.length === 1 ? first : new Table(first.columns.map((column) => joinedColumn(column, tables)));
}

function joinedColumn(first: Column, tables: readonly Table[]): Column {
  const { name } = first;
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const parts = tables.map((table) => table.column(name));
  if (first.kind !== 'category') {
    const values = new Float64Array(rows);
    let at = 0;
    for (const part of parts as (typeof first)[]) {
      values.set(part.values, at);
      at += part.values.length;
    }
    return { name, kind: first.kind, values, ...(first.words && { words: first.words }) };
  }
  const places = new Map<string, number>();
  const codes = new Int32Array(rows);
  let at = 0;
  for (const part of parts as (typeof first)[]) {
    for (const code of part.codes) codes[at++] = code < 0 ? -1 : placeOf(places, part.categories[code]!);
  }
  return { name, kind: 'category', codes, categories: [...places.keys()] };
}

/** Returns the number of a text, the next one if it is new. */
export function placeOf(places: Map<string, number>, text: string): number {
  const known = places.get(text);
  if (known !== undefined) return known;
  places.set(text, places.size);
  return places.size - 1;
}

/**
 * Keeps rows of tables as they pass: all of them up to `most`, and of more a uniform sample of half as many to all as many,
 * in their order. Each row draws a number, and stays while that is below a bound, which is halved where there are too many.
 */
export class RowSample {
  #kept: { readonly table: Table; readonly draws: Float64Array }[] = [];
  #rows = 0;
  #bound = 1;
  readonly #random: Generator;

  constructor(
    private readonly most: number,
    seed: number,
  ) {
    this.#random = new Generator(seed, stream('shuffle', 1));
  }

  add(table: Table): void {
    const draws = Float64Array.from({ length: table.rows }, () => this.#random.uniform());
    this.#keep({ table, draws });
    while (this.#rows > this.most) {
      this.#bound /= 2;
      const before = this.#kept;
      this.#kept = [];
      this.#rows = 0;
      for (const part of before) this.#keep(part);
    }
  }

  #keep({ table, draws }: { readonly table: Table; readonly draws: Float64Array }): void {
    const rows = [...draws.keys()].filter((row) => draws[row]! < this.#bound);
    if (rows.length === 0) return;
    const all = rows.length === table.rows;
    this.#kept.push(all ? { table, draws } : { table: table.take(rows), draws: draws.filter((d) => d < this.#bound) });
    this.#rows += rows.length;
  }

  /** Returns the rows that were kept. */
  get table(): Table {
    return joined(this.#kept.map(({ table }) => table));
  }
}

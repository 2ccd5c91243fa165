import { Generator as Random, stream } from '../../kernels/lib/philox.js';
import { type Matrix, makeMatrix } from '../../matrix.js';

/** Says how rows are cut into batches. */
export interface Cutting {
  readonly batchSize: number;
  readonly dropRemainder: boolean;
  /** Rows of the buffer from which the next row is drawn; 0 for the order in which rows come. */
  readonly shuffle: number;
  readonly seed: number;
}

/** Cuts rows that come in blocks of any length into batches; the rows of all parts stay together. */
export class Rebatching {
  #batch: Float32Array[] | undefined;
  #filled = 0;
  #buffer: Float32Array[] | undefined;
  #held = 0;
  #columns: readonly number[] = [];
  readonly #random: Random;

  constructor(
    private readonly cutting: Cutting,
    epoch: number,
  ) {
    this.#random = new Random(cutting.seed, stream('shuffle'), epoch);
  }

  /** Takes rows in; yields the batches that are full. */
  *add(parts: readonly Matrix[]): Generator<Matrix[], void, undefined> {
    const { shuffle } = this.cutting;
    this.#columns = parts.map(({ columns }) => columns);
    const data = parts.map((part) => part.data);
    const rows = parts[0]?.rows ?? 0;
    if (shuffle > 0) this.#buffer ??= this.#room(shuffle);
    for (let row = 0; row < rows; ) {
      if (!this.#buffer) row += this.#put(data, row, rows - row);
      else if (this.#held < shuffle) this.#copy(data, row++, this.#buffer, this.#held++);
      else {
        const drawn = this.#random.integer(shuffle);
        this.#put(this.#buffer, drawn);
        this.#copy(data, row++, this.#buffer, drawn);
      }
      if (this.#filled === this.cutting.batchSize) yield this.#take();
    }
  }

  /** Yields what is left. */
  *end(): Generator<Matrix[], void, undefined> {
    while (this.#buffer && this.#held > 0) {
      const drawn = this.#random.integer(this.#held);
      this.#put(this.#buffer, drawn);
      this.#copy(this.#buffer, --this.#held, this.#buffer, drawn);
      if (this.#filled === this.cutting.batchSize) yield this.#take();
    }
    if (this.#filled > 0 && !this.cutting.dropRemainder) yield this.#take();
  }

  #room(rows: number): Float32Array[] {
    return this.#columns.map((columns) => new Float32Array(rows * columns));
  }

  #copy(from: readonly Float32Array[], row: number, to: readonly Float32Array[], at: number, rows = 1): void {
    this.#columns.forEach((columns, i) => {
      to[i]!.set(from[i]!.subarray(row * columns, (row + rows) * columns), at * columns);
    });
  }

  /** Puts as many of the rows into the batch as there is room for; returns how many. */
  #put(from: readonly Float32Array[], row: number, most = 1): number {
    const { batchSize } = this.cutting;
    this.#batch ??= this.#room(batchSize);
    const rows = Math.min(most, batchSize - this.#filled);
    this.#copy(from, row, this.#batch, this.#filled, rows);
    this.#filled += rows;
    return rows;
  }

  #take(): Matrix[] {
    const rows = this.#filled;
    const full = rows === this.cutting.batchSize;
    const made = this.#batch!.map((data, i) => {
      const columns = this.#columns[i]!;
      return makeMatrix(full ? data : data.slice(0, rows * columns), rows, columns);
    });
    this.#batch = undefined;
    this.#filled = 0;
    return made;
  }
}

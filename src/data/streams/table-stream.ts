import type { Matrix } from '../../matrix.js';
import type { Table } from '../table.js';
import {
  type NumberTargetBatchOptions,
  planBatches,
  type TableBatches,
  type TableBatchOptions,
  type TableSource,
  type TargetBatchOptions,
} from './batch-options.js';
import { BatchMaker } from './table-batches.js';

/** Tables of a source, a block at a time, and the batches that they make. */
export interface TableStream extends AsyncGenerator<Table, void, undefined> {
  /**
   * Returns batches for `fit`, `validationData`, `evaluateBatches` and, without a target, `predictBatches`: rows made into
   * matrices by `preprocess` and cut anew into batches of `batchSize` rows, however long the blocks are. Each epoch reads the
   * source from its beginning.
   * @throws ValueError and UnknownNameError for wrong options; as batches are read DataError, and ValueError for rows without
   * a target and for a source that can be read but once and would have to be read again.
   */
  batches(options: NumberTargetBatchOptions): TableBatches<[x: Matrix, y: Matrix, sampleWeight?: Matrix]>;
  batches(options: TargetBatchOptions): TableBatches;
  batches(options?: Omit<TableBatchOptions, 'target' | 'targets' | 'sampleWeight'>): TableBatches<Matrix>;
}

/** Gives the tables of a source their `batches`. */
export function tableStream(source: TableSource): TableStream {
  const batches = (options: TableBatchOptions = {}) => {
    const maker = new BatchMaker(source, planBatches(options));
    const made = Object.assign((epoch = 0) => maker.epoch(epoch), { prepare: () => maker.prepare() });
    return Object.defineProperty(made, 'isFitted', { get: () => maker.isFitted });
  };
  return Object.defineProperty(source.read(undefined), 'batches', { value: batches }) as TableStream;
}

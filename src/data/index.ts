/**
 * Tables: reading, preprocessing, splits, augmentation, and pipelines from rows to predictions.
 * @module myelin/data
 */

// With these exports, TypeScript finds the names of all that methods take and return.
export type { BackendFactory, Callback, Logs, Matrix, MatrixLike, Model } from '../index.js';
export { type Augmentation, augmented, type Batch, type BatchOptions } from './augment/augmented.js';
export { type DistortOptions, distort, type EraseOptions, erase, type ImageShape } from './augment/images.js';
export {
  type AddNoiseOptions,
  addNoise,
  type DropFeaturesOptions,
  dropFeatures,
  type MixUpOptions,
  mixUp,
  type OversampleOptions,
  oversample,
} from './augment/vectors.js';
export type { CellOptions } from './cells/cell-options.js';
export type { Cell, Doubts, Odd } from './cells/doubts.js';
export type { Decimal, Thousands } from './cells/numerals.js';
export type { Reading, ReadOptions } from './cells/reading.js';
export type { CategoryColumn, Column, ColumnKind, NumberColumn, Value } from './column.js';
export type { CsvOptions, Limits } from './csv/dialect.js';
export { readCsv, streamCsv } from './csv/read.js';
export { DataError, type DataErrorCode } from './data-error.js';
export { type IdxArray, type IdxValues, readIdx } from './idx.js';
export { type JsonOptions, readJson, readJsonLines, streamJsonLines } from './json/read.js';
export type { Source } from './opened.js';
export { type DatePart, type DatePartsOptions, dateParts } from './prep/dates.js';
export {
  type EmbeddingIdsOptions,
  embeddingIds,
  frequency,
  type OneHotOptions,
  type OrdinalOptions,
  oneHot,
  ordinal,
  type Unknown,
} from './prep/encoding.js';
export { type FillMissingOptions, fillMissing } from './prep/missing.js';
export {
  Preprocessing,
  type PreprocessOptions,
  preprocess,
  preprocessingFromJSON,
  type Steps,
} from './prep/preprocess.js';
export type { State as StepState, StepSpec } from './prep/preprocessing-step.js';
export { type PcaOptions, pca, type ZcaOptions, zca } from './prep/projection.js';
export {
  type ClipOutliersOptions,
  clipOutliers,
  type Log1pOptions,
  log1p,
  type MinMaxOptions,
  maxAbs,
  minMax,
  type QuantileNormalOptions,
  quantileNormal,
  type RobustOptions,
  robust,
  type StandardizeOptions,
  standardize,
  zeroCentre,
} from './prep/scaling.js';
export { type Format, readTable, streamTable, type TableOptions } from './read.js';
export type { ColumnReport, TableReport } from './report.js';
export { type Row, type RowOptions, tableFromRows } from './rows.js';
export { type Fold, type FoldOptions, kFold, type Split, type SplitOptions, split } from './splits.js';
export type { Prepared, TableBatches, TableBatchOptions, TargetBatchOptions } from './streams/batch-options.js';
export type { TableStream } from './streams/table-stream.js';
export { Table } from './table.js';
export type { Design, TabularOptions, Task } from './tabular/design.js';
export type { Baseline, Metrics, Prior } from './tabular/estimate/measure.js';
export type { ClassPrediction, Predictions } from './tabular/estimate/predictions.js';
export type { ExplainOptions, Explanation, Importance } from './tabular/explain.js';
export type { InputRecord } from './tabular/inputs.js';
export type { HeldOut } from './tabular/learn.js';
export { deserializeTabular, loadTabular } from './tabular/load.js';
export type { MemberRecord } from './tabular/member.js';
export type { TabularRecord } from './tabular/record.js';
export { type Tabular, tabular } from './tabular/tabular.js';
export type { FitTabularOptions } from './tabular/watch.js';
export type { MissingTimes, PerRow } from './times.js';

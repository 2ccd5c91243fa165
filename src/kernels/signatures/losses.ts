// See index.ts.

export const loss =
  '* y targets weights=-1 dy @loss y.rows y.columns y.stride targetStride=targets.stride #scale #slope #numbers*';
export const sparseCategoricalAccuracy = 'sparseCategoricalAccuracy z labels @out z.rows z.columns z.stride';
export const categoricalAccuracy =
  'categoricalAccuracy z targets @out z.rows z.columns z.stride targetStride=targets.stride';
export const binaryAccuracy =
  'binaryAccuracy z targets @out z.rows z.columns z.stride targetStride=targets.stride #threshold';

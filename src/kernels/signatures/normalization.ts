// See index.ts.

export const batchNormalizationMoments = 'batchNormalizationMoments x mean variance x.rows x.columns x.stride';
export const batchNormalizationUpdate =
  'batchNormalizationUpdate mean variance movingMean movingVariance @factor #rows #columns #momentum';
export const batchNormalizationForward =
  'batchNormalizationForward x mean variance gamma beta y x.rows x.columns x.stride #epsilon';
export const batchNormalizationBackward =
  'batchNormalizationBackward x mean variance gamma dy dx dgamma dbeta x.rows x.columns x.stride #epsilon';
export const layerNormalizationForward =
  'layerNormalizationForward x gamma beta y mean inverse x.rows x.columns x.stride #epsilon';
export const layerNormalizationGradients =
  'layerNormalizationGradients x mean inverse dy dgamma dbeta x.rows x.columns x.stride';
export const layerNormalizationBackward =
  'layerNormalizationBackward x mean inverse gamma dy dx x.rows x.columns x.stride';

// See index.ts.

export const denseForward =
  'denseForward x w b y scratch x.rows inputs=x.columns units=y.columns xStride=x.stride yStride=y.stride';
export const denseInputGradient =
  'denseInputGradient dy w dx scratch dy.rows inputs=dx.columns units=dy.columns dyStride=dy.stride dxStride=dx.stride #wPanel';
export const denseKernelGradient =
  'denseKernelGradient x dy dw scratch x.rows inputs=x.columns units=dy.columns xStride=x.stride dyStride=dy.stride';
export const denseBiasGradient = 'denseBiasGradient dy db dy.rows units=dy.columns dyStride=dy.stride';

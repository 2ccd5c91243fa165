// See index.ts.

export const sparseForward =
  'sparseForward starts indices values w b y y.rows #inputs units=y.columns yStride=y.stride';
export const sparseKernelGradient =
  'sparseKernelGradient starts indices values dy dw dy.rows #inputs units=dy.columns dyStride=dy.stride';

// See index.ts.

export const randomNormal = 'randomNormal y n=y.size @state #stream #mean #deviation first=0';
export const uniformWeights = 'uniformWeights w scratch #rows #columns @state #stream #limit';
export const dropoutForward = 'dropoutForward x y mask n=x.size @state #stream #rate first=0';
export const alphaDropoutForward =
  'alphaDropoutForward x y mask n=x.size @state #stream #rate #scale #shift #dropped first=0';
export const dropoutBackward = 'dropoutBackward mask dy dx n=dy.size';

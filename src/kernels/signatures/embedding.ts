// See index.ts.

export const embeddingForward = 'embeddingForward ids table y ids.rows ids.columns #dim ids.stride yStride=y.stride';
export const embeddingRows = 'embeddingRows ids seen places distinct ids.rows ids.columns ids.stride';
export const embeddingGradient = 'embeddingGradient dy places g dy.rows #columns #dim dy.stride g.size';
export const gatherRows = 'gatherRows table distinct y n=distinct.size #dim y.size';
export const scatterRows = 'scatterRows x distinct table n=distinct.size #dim';

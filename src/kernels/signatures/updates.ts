// See index.ts.

export const update = '* w g states* n=w.size @block @factor';
export const decayWeights = 'decayWeights w n=w.size @slot @factor';
export const constraint = '* w #panels #rows #joint #value @factor';
export const penalty = '* w @out w.rows w.columns w.stride #lambda';
export const penaltyGradient = '* w g n=g.size #lambda';
export const gradientNorm = 'gradientNorm g n=g.size @out';
export const clipFactor = 'clipFactor @norm @out #limit';
export const clipGradient = 'clipGradient g n=g.size #limit';
export const clipValues = 'clipValues g n=g.size #limit';
export const guard = 'guard x x.rows x.columns x.stride @other @limit @factor';
export const accumulateGradients = 'accumulateGradients sum g n=g.size @factor';
export const meanGradients = 'meanGradients sum g n=g.size #scale';
export const averageWeights = 'averageWeights average w n=w.size @share @factor';

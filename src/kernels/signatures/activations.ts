// See index.ts.

export const activationForward = '* x y n=x.size #numbers*';
export const activationBackward = '* saved dy dx n=dx.size #numbers*';
export const activationRowsForward = '* x y x.rows x.columns x.stride';
export const activationRowsBackward = '* saved dy dx dx.rows dx.columns dx.stride';
export const activationUnitsForward = '* x alpha y x.rows units=x.columns x.stride';
export const activationUnitsBackward = '* x alpha dy dx dalpha x.rows units=x.columns x.stride';
export const activationRandomForward = '* x y slopes n=x.size #numbers*';
export const randomUniform = 'randomUniform y n=y.size @state #stream';

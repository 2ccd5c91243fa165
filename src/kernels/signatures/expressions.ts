// See index.ts.

export const flat = '* operands* y n=y.size';
export const broadcast = '* a #aRow #aColumn b #bRow #bColumn y #yRow #rows #columns';
export const expand = 'expand x #xRow #xColumn y #yRow #rows #columns #divisor';
export const sumRows = 'sumRows x y #rows #columns x.stride #divisor';
export const sumAll = 'sumAll x @out #rows #columns #stride #divisor';
export const sumColumns = 'sumColumns x y #rows #columns x.stride #divisor';
export const sum = 'sum x n=x.size @out';

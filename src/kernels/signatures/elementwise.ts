// See index.ts.

export const add = 'add a b y n=y.size';
export const copyColumns = 'copyColumns x y x.rows x.columns xStride=x.stride yStride=y.stride from=0 to=0';
export const multiply = 'multiply a b y n=y.size';

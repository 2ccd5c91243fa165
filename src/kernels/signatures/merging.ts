// See index.ts.

export const subtract = 'subtract a b y n=y.size';
export const maximum = 'maximum a b y n=y.size';
export const maximumBackward = 'maximumBackward a b dy da db n=dy.size';
export const scale = 'scale x y n=x.size #factor';

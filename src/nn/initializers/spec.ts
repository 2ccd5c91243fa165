import type { Makers } from '../../kernels/makers.js';
import type * as initializers from './initializers.js';

type Table = Makers<typeof initializers>;

/** An initializer as plain data: its name and options, which may be left out. */
export type InitializerSpec = {
  readonly [N in keyof Table]: {
    /** The name of the initializer. */
    readonly name: N;
  } & NonNullable<Parameters<Table[N]>[0]>;
}[keyof Table];

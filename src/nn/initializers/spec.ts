import type { Makers } from '../../kernels/makers.js';
import type * as initializers from './initializers.js';
import type { CustomInitializer } from './own-initializer.js';

type Table = Makers<typeof initializers>;

/** An initializer as plain data: its name and options, which may be left out. */
export type InitializerSpec = BuiltIn | CustomInitializer;

type BuiltIn = {
  readonly [N in keyof Table]: {
    /** The name of the initializer. */
    readonly name: N;
  } & NonNullable<Parameters<Table[N]>[0]>;
}[keyof Table];

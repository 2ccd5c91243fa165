// Names that programs add by declaration: `export *` lets `declare module 'myelin'` reach the interface.

/**
 * The names that a program registers, for TypeScript: each with its family.
 *
 *     declare module 'myelin' { interface Registered { mySwish: 'activation' } }
 */
// biome-ignore lint/suspicious/noEmptyInterface: programs add their names to it
export interface Registered {}

/** The names in `Registered` that are of one family. */
export type RegisteredNames<Family extends string> = {
  [N in keyof Registered]: Registered[N] extends Family ? N : never;
}[keyof Registered];

// Registries hold everything of a family by its name, as the files of the family export it.

type Family = Readonly<Record<string, unknown>>;

/** An export of a file that has a definition. */
export type Makers<F> = { readonly [K in keyof F as F[K] extends { readonly definition: unknown } ? K : never]: F[K] };

/** Returns the exports of files that have a definition, by name. */
export function makers<F extends Family>(...families: readonly Family[]): Makers<F> {
  const all = families.flatMap((family) => Object.entries(family));
  return Object.fromEntries(all.filter(([, item]) => typeof item === 'function' && 'definition' in item)) as Makers<F>;
}

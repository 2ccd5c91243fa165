/**
 * Returns the address of the script of threads in bundles that do not know `new Worker(new URL(...))`: as a module of its
 * own it can say so. Undefined where it has become part of this one, or cannot be imported.
 */
export async function ownPlace(): Promise<string | undefined> {
  try {
    const { place } = await import(/* webpackIgnore: true */ '../../../build/thread.js');
    return place === import.meta.url ? undefined : place;
  } catch {
    return undefined;
  }
}

import type { Call, KernelName } from './contract.js';
import { type Axis, along } from './cut.js';
import type { Names } from './operands.js';

export { type Axis, along };

/** Says how kernels can be cut; those without an entry cannot. */
export type Axes = {
  readonly [K in KernelName]?: (call: Call) => Axis;
};

/** Nanoseconds per element of the streaming kernels, measured and rounded. */
export const COST = {
  copy: 0.12,
  transcendental: 2,
  random: 1.6,
  normal: 4.5,
  lookUp: 2,
  /** A product is added where an index says. */
  scatter: 0.2,
  moments: 0.4,
  state: 0.4,
};

/** Tensors of a signature that a cut moves, by one element a step. */
function moved(signature: string): { readonly [name: string]: number } {
  const [, ...tokens] = signature.split(' ');
  return Object.fromEntries(
    tokens.filter((token) => /^\w+\*?$/.test(token)).map((token) => [token.replace('*', ''), 1]),
  );
}

/** Returns a kernel over `n` elements of vectors. */
export function elements<S extends string>(signature: 'n' extends Names<S> ? S : never, cost: number) {
  return along<string>(signature, ({ n }) => ({ over: 'n', by: moved(signature), work: (n as number) * cost }));
}

/** Returns the same of one that draws numbers: `first` says which number of the stream is its first. */
export function draws<S extends string>(signature: 'n' | 'first' extends Names<S> ? S : never, cost: number) {
  const by = { ...moved(signature), first: 1 };
  return along<string>(signature, ({ n }) => ({ over: 'n', by, work: (n as number) * cost }));
}

/** Returns a kernel over matrices and rows of numbers, all cut at the same columns, of which `over` is the number. */
export function columns<S extends string>(signature: S, over: Names<S>, cost: number) {
  return along<string>(signature, (numbers) => {
    const work = (numbers[over] as number) * (numbers.rows as number) * cost;
    return { over, by: moved(signature), work };
  });
}

// Named operands for positional calls, by the lines of signatures/.

import type { KernelName } from './contract.js';

/** The parts of a tensor that a signature may ask for. */
interface Sizes {
  readonly rows: number;
  readonly columns: number;
  readonly stride: number;
  readonly size: number;
}

type Tokens<S extends string> = S extends `${infer Head} ${infer Rest}` ? Head | Tokens<Rest> : S;
type WithoutFirst<S extends string> = S extends `${string} ${infer Rest}` ? Tokens<Rest> : never;

type Bare<T extends string> = T extends `${infer N}*` ? N : T;
type Name<T extends string> = T extends `${infer N}=${string}`
  ? N
  : T extends `${string}.${infer N}`
    ? N
    : T extends `@${infer N}`
      ? N
      : T extends `#${infer N}`
        ? Bare<N>
        : Bare<T>;

/** The names of all operands of a signature. */
export type Names<S extends string> = string extends S ? string : Name<WithoutFirst<S>>;

type Sized = `${string}=${string}` | `${string}.${string}`;

type Operand<Token extends string, T> = Token extends `${string}=-1`
  ? T
  : Token extends `#${string}*`
    ? readonly number[]
    : Token extends `#${string}` | Sized
      ? number
      : Token extends `${string}*`
        ? readonly T[]
        : T;

type Given<Token extends string, T> = {
  readonly [K in Token as K extends Sized ? never : Name<K>]: Operand<K, T>;
} & { readonly [K in Token as K extends Sized ? Name<K> : never]?: Operand<K, T> | undefined };

/** The operands that a signature asks for, by name; `T` are tensors. */
export type Operands<S extends string, T> = Given<WithoutFirst<S>, T>;

/** Returns what a signature begins with. */
export function kernelOf(signature: string): KernelName {
  return signature.split(' ', 1)[0] as KernelName;
}

const nameOf = (token: string): string => token.split('=')[0]?.match(/\w+/g)?.at(-1) as string;

/** Returns the operands in the order of the signature: tensors as they are given, sizes of them where no number is. */
export function positional<S extends string, T extends Sizes>(signature: S, operands: Operands<S, T>): (number | T)[] {
  const given = operands as Readonly<Record<string, T | number | (T | number)[]>>;
  const [, ...tokens] = signature.split(' ');
  return tokens.flatMap((token) => {
    const source = token.split('=').at(-1) as string;
    const [tensor, size] = source.split('.') as [string, keyof Sizes];
    return given[nameOf(token)] ?? (given[tensor] as T | undefined)?.[size] ?? Number(source);
  });
}

/** Returns the names of a call's arguments, as many as it has: a list's name stands once for each of it. */
export function namesOf(signature: string, count: number): readonly string[] {
  const [, ...tokens] = signature.split(' ');
  return tokens.flatMap((token) => {
    const name = nameOf(token);
    return token.endsWith('*') ? Array.from({ length: count - tokens.length + 1 }, () => name) : name;
  });
}

/** Returns the arguments of a call by name, of lists the last. */
export function named<S extends string>(
  signature: S,
  [, ...args]: readonly unknown[],
): Readonly<Record<Names<S>, number>> {
  return Object.fromEntries(namesOf(signature, args.length).map((name, i) => [name, args[i]])) as Record<
    Names<S>,
    number
  >;
}

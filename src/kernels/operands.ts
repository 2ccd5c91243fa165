// Named operands for positional calls, by the lines of signatures/.

import type { KernelName } from './contract.js';

/** A signature that several kernels share, which kernel is called has to be said. */
export type Shared<S extends string> = S extends `* ${string}` ? S : never;

/** A signature of one kernel. */
export type Single<S extends string> = S extends `* ${string}` ? never : S;

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

/** An operand, and where it comes from if it is not given. */
interface Part {
  readonly name: string;
  /** Reads a size of a tensor. */
  readonly size: ((tensor: Sizes) => number) | undefined;
  /** The place of that tensor among the operands. */
  readonly source: number;
  /** Takes the place of one that is not given. */
  readonly constant: number;
}

/** Holds what a signature begins with, its operands in order, and the index of the one that is a list, or -1. */
interface Parsed {
  readonly kernel: KernelName;
  readonly parts: readonly Part[];
  readonly list: number;
}

const SIZES: { readonly [K in keyof Sizes]: (tensor: Sizes) => number } = {
  rows: ({ rows }) => rows,
  columns: ({ columns }) => columns,
  stride: ({ stride }) => stride,
  size: ({ size }) => size,
};

/** Programs call the same kernels again and again; a signature is read once. */
const parsed = /* @__PURE__ */ new Map<string, Parsed>();

function read(signature: string): Parsed {
  const known = parsed.get(signature);
  if (known) return known;
  const [kernel, ...tokens] = signature.split(' ') as [KernelName, ...string[]];
  const split = tokens.map((token) => {
    const [own, source = own] = token.split('=') as [string, string?];
    const [from, size] = source.split('.') as [string, (keyof Sizes)?];
    return { name: own === source && size ? size : own.replace(/\W/g, ''), from, size };
  });
  const made: Parsed = {
    kernel,
    parts: split.map(({ name, from, size }) => ({
      name,
      size: size && SIZES[size],
      source: split.findIndex((other) => other.name === from),
      constant: Number(from),
    })),
    list: tokens.findIndex((token) => token.endsWith('*')),
  };
  parsed.set(signature, made);
  return made;
}

/** Returns what a signature begins with. */
export function kernelOf(signature: string): KernelName {
  return read(signature).kernel;
}

/** Returns the operands in the order of the signature: tensors as they are given, sizes of them where no number is. */
export function positional<S extends string, T extends Sizes>(signature: S, operands: Operands<S, T>): (number | T)[] {
  const given = operands as Readonly<Record<string, T | number | (T | number)[]>>;
  const { parts, list } = read(signature);
  const args: (number | T)[] = [];
  for (let i = 0; i < parts.length; i++) {
    const { name, size, source, constant } = parts[i] as Part;
    const value = given[name];
    // A list that comes first moves what follows it.
    const at = source > list ? source + args.length - i : source;
    if (value === undefined) args.push(size ? size(args[at] as T) : constant);
    else if (i === list) args.push(...(value as T[]));
    else args.push(value as T);
  }
  return args;
}

/** Returns the places of names among the arguments of a call, in whose signature no list comes before them. */
export function placesOf(signature: string, names: readonly string[]): readonly number[] {
  return names.map((name) => read(signature).parts.findIndex((part) => part.name === name));
}

/** Returns the names of a call's arguments, as many as it has: a list's name stands once for each of it. */
export function namesOf(signature: string, count: number): readonly string[] {
  const { parts, list } = read(signature);
  return parts.flatMap(({ name }, i) => (i === list ? Array<string>(count - parts.length + 1).fill(name) : name));
}

/** Returns the arguments of a call by name, of lists the last; they begin at `first`, after the kernel's name. */
export function named<S extends string>(
  signature: S,
  call: readonly unknown[],
  first = 1,
): Readonly<Record<Names<S>, number>> {
  const numbers: Record<string, number> = {};
  namesOf(signature, call.length - first).forEach((name, i) => {
    numbers[name] = call[first + i] as number;
  });
  return numbers as Record<Names<S>, number>;
}

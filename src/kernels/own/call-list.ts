import type { Kernels } from '../contract.js';
import { constant, F32, F64, get, HEADER, I32, instantiate, list, section, sized, text, unsigned } from './encoder.js';

// This writes a module with one function: a list of calls of kernels as straight-line code. Offsets are counted from a base
// that is its first argument, and all numbers that are no integers are arguments as well, so that programs which differ in
// these alone, such as those of networks with other rates of dropout, are one function.

type Kernel = (...args: number[]) => void;

/** A call of a list: its offsets count from the base. */
export interface ListedCall {
  readonly kernel: string;
  readonly numbers: readonly number[];
  /** Says of each number whether it is an offset. */
  readonly offset: readonly boolean[];
}

/** The types of each kernel's operands; undefined for what is none of a module. */
const known = new WeakMap<Kernel, readonly number[] | undefined>();

/** Returns whether a function of a module takes operands of these types: an engine refuses an import of other types. */
function takes(kernel: Kernel, types: readonly number[]): boolean {
  const bytes = [
    ...HEADER,
    ...section(1, list([[0x60, ...sized(types), 0]])),
    ...section(2, list([[...text('k'), ...text('0'), 0, 0]])),
  ];
  return instantiate(bytes, { k: { 0: kernel } }) !== undefined;
}

/**
 * Finds out the types of a kernel's operands, which no engine tells: integers but for a run of numbers in float32, or in
 * float64, in which all lie that are not whole.
 */
function findTypes(kernel: Kernel, { numbers, offset }: ListedCall): readonly number[] | undefined {
  const count = numbers.length;
  // A function of JavaScript would be taken as of any types.
  if (kernel.length !== count || takes(kernel, [...numbers.map(() => F64), F64])) return undefined;
  const isWhole = (number: number) => number === (number | 0);
  for (const float of [F32, F64]) {
    for (let end = count; end >= 0 && numbers.slice(end).every(isWhole); end--) {
      for (let start = end; start >= 0 && (start === end || !offset[start]); start--) {
        const types = numbers.map((_, i) => (i >= start && i < end ? float : I32));
        if (numbers.every((number, i) => types[i] === float || isWhole(number)) && takes(kernel, types)) return types;
      }
    }
  }
  return undefined;
}

function typesOf(kernel: Kernel, call: ListedCall): readonly number[] | undefined {
  if (!known.has(kernel)) known.set(kernel, findTypes(kernel, call));
  return known.get(kernel);
}

/** The most arguments that a list may have, base included. */
const MOST_ARGUMENTS = 100;

/** The functions of lists by kernels, which are of one memory, and text: lists that differ in base and arguments share one. */
export type KnownLists = WeakMap<Kernels, Map<string, Kernel | undefined>>;

/**
 * Returns a list of calls as one call; undefined where a kernel is no function of a WebAssembly module, or the engine
 * refuses the module. `base` is the element where the heap begins.
 */
export function compileCalls(
  calls: readonly ListedCall[],
  kernels: Kernels,
  base: number,
  lists: KnownLists,
): (() => void) | undefined {
  const imported = new Map<Kernel, readonly number[]>();
  const indices = new Map<Kernel, number>();
  const types: number[] = [I32];
  const own: number[] = [base];
  const code: number[] = [];
  for (const call of calls) {
    const kernel = kernels[call.kernel as keyof Kernels] as Kernel;
    const operands = typesOf(kernel, call);
    if (!operands) return undefined;
    if (!indices.has(kernel)) indices.set(kernel, indices.size);
    imported.set(kernel, operands);
    operands.forEach((type, i) => {
      const number = call.numbers[i] as number;
      if (call.offset[i]) {
        code.push(...get(0), ...constant(number), 0x6a);
      } else if (type === I32) {
        code.push(...constant(number));
      } else {
        code.push(...get(own.length));
        own.push(number);
        types.push(type);
      }
    });
    code.push(0x10, ...unsigned(indices.get(kernel) as number));
  }
  if (own.length > MOST_ARGUMENTS) return undefined;
  const names = calls.map(({ kernel }) => kernel).join();
  const key = `${names} ${code.join()}`;
  const made = lists.get(kernels) ?? new Map<string, Kernel | undefined>();
  lists.set(kernels, made);
  if (!made.has(key)) made.set(key, assemble([...imported], types, code));
  return made.get(key)?.bind(null, ...own);
}

function assemble(
  kernels: readonly (readonly [Kernel, readonly number[]])[],
  types: readonly number[],
  code: readonly number[],
): Kernel | undefined {
  const signature = (operands: readonly number[]) => [0x60, ...sized(operands), 0];
  const bytes = [
    ...HEADER,
    ...section(1, list([types, ...kernels.map(([, operands]) => operands)].map(signature))),
    ...section(2, list(kernels.map((_, i) => [...text('k'), ...text(String(i)), 0, ...unsigned(i + 1)]))),
    ...section(3, list([[0]])),
    ...section(7, list([[...text('run'), 0, ...unsigned(kernels.length)]])),
    ...section(10, list([sized([0, ...code, 0x0b])])),
  ];
  const imports = Object.fromEntries(kernels.map(([kernel], i) => [i, kernel]));
  return instantiate(bytes, { k: imports })?.run as Kernel | undefined;
}

import {
  aligned,
  constant,
  get,
  HEADER,
  I32,
  instantiate,
  section,
  set,
  sized,
  text,
  unsigned,
  V128,
} from './encoder.js';
import { FACTOR, type Instruction, type Operator, TENSORS } from './instruction.js';

// This writes a module with one function: the instructions of an update as a loop over vectors of four elements, all values
// in locals.

/** The opcodes that it takes, after 0xfd where they work on vectors. */
const VECTOR = 0xfd;
const LOAD = [VECTOR, 0x00];
const LOAD_SPLAT = [VECTOR, 0x09];
const STORE = [VECTOR, 0x0b];
const SPLAT = [VECTOR, 0x13];
const AND = [VECTOR, 0x4e];
const OR = [VECTOR, 0x50];
const BITSELECT = [VECTOR, 0x52];
const ANY_TRUE = [VECTOR, 0x53];
const EQUAL = [VECTOR, 0x41];
const UNEQUAL = [VECTOR, 0x42];
const GREATER = [VECTOR, 0x44];
const AT_MOST = [VECTOR, 0x45];
const AT_LEAST = [VECTOR, 0x46];
const ABS = [VECTOR, 0xe0, 1];
const SQRT = [VECTOR, 0xe3, 1];
const ADD = [VECTOR, 0xe4, 1];
const SUBTRACT = [VECTOR, 0xe5, 1];
const MULTIPLY = [VECTOR, 0xe6, 1];
const DIVIDE = [VECTOR, 0xe7, 1];

type Binary = (
  a: readonly number[],
  b: readonly number[],
  zero: readonly number[],
  one: readonly number[],
) => readonly number[];

const infix = (code: readonly number[]): Binary => {
  return (a, b) => [...a, ...b, ...code];
};
const flag = (code: readonly number[]): Binary => {
  return (a, b, _, one) => [...a, ...b, ...code, ...one, ...AND];
};
/** a where the comparison holds or a is NaN, else b. */
const choice = (code: readonly number[]): Binary => {
  return (a, b) => [...a, ...b, ...a, ...b, ...code, ...a, ...a, ...UNEQUAL, ...OR, ...BITSELECT];
};

/** The operators that need no more than some vector instructions: the same as in assembly/lib/broadcast.ts. */
const OPERATIONS: Partial<Record<Operator, Binary>> = {
  add: infix(ADD),
  subtract: infix(SUBTRACT),
  multiply: infix(MULTIPLY),
  scale: infix(MULTIPLY),
  broadcastAdd: infix(ADD),
  broadcastSubtract: infix(SUBTRACT),
  broadcastMultiply: infix(MULTIPLY),
  broadcastDivide: infix(DIVIDE),
  broadcastMaximum: choice(AT_LEAST),
  broadcastMinimum: choice(AT_MOST),
  broadcastGreaterEqual: flag(AT_LEAST),
  broadcastGreater: flag(GREATER),
  broadcastEqual: flag(EQUAL),
  broadcastKeep: (a, b, zero) => [...a, ...b, ...zero, ...UNEQUAL, ...AND],
  broadcastDrop: (a, b, zero) => [...a, ...b, ...zero, ...EQUAL, ...AND],
  absForward: (a) => [...a, ...ABS],
  sqrtForward: (a) => [...a, ...SQRT],
};

/** The parameters: weights, gradient, states, scratch, n, room, block, factor. */
const [N, BLOCK, SCALE, PARAMETERS] = [TENSORS + 1, TENSORS + 3, TENSORS + 4, TENSORS + 5];

/** Returns the body of the function, with as many locals for vectors as it needs. */
function body(instructions: readonly Instruction[], checking: boolean): readonly number[] {
  const locals = new Map<string, number>();
  const local = (name: string) => {
    const index = locals.get(name) ?? PARAMETERS + locals.size;
    locals.set(name, index);
    return index;
  };
  const operands = instructions.flatMap(({ operator, a, b }) => [a, b].slice(0, operator.endsWith('Forward') ? 1 : 2));
  const numbers = [...new Set(operands.filter((operand) => operand < 0))];
  const isTensor = (operand: number) => operand >= 0 && operand < TENSORS;
  const results = [...new Set(instructions.map(({ y }) => y).filter(isTensor))];
  const tensors = [...new Set([...operands.filter(isTensor), ...results])];
  const [zero, one, sum] = [local('zero'), local('one'), local('sum')];
  const place = (operand: number) => local(`operand ${operand}`);
  const float = (bytes: readonly number[]) => [0x43, ...bytes, ...SPLAT];
  const bytesOf = (value: number) => [...get(value), ...constant(2), 0x74, ...set(value)];
  const advance = (value: number) => [...get(value), ...constant(16), 0x6a, ...set(value)];
  const code = [
    ...float([0, 0, 0x80, 0x3f]),
    ...set(one),
    ...[...tensors, BLOCK, SCALE].flatMap(bytesOf),
    ...numbers.flatMap((operand) => {
      const [from, offset] = operand === FACTOR ? [SCALE, 0] : [BLOCK, -4 * operand];
      return [...get(from), ...LOAD_SPLAT, ...aligned(offset), ...set(place(operand))];
    }),
    0x03,
    0x40,
    ...tensors.flatMap((tensor) => [...get(tensor), ...LOAD, ...aligned(0), ...set(place(tensor))]),
    ...instructions.flatMap(({ operator, y, a, b }) => {
      const operation = OPERATIONS[operator] as Binary;
      return [...operation(get(place(a)), get(place(b)), get(zero), get(one)), ...set(place(y))];
    }),
    ...results.flatMap((tensor) => {
      const value = get(place(tensor));
      // The difference is 0 of what is finite, and otherwise NaN.
      if (checking) return [...get(sum), ...value, ...value, ...SUBTRACT, ...ADD, ...set(sum)];
      return [...get(tensor), ...value, ...STORE, ...aligned(0)];
    }),
    ...tensors.flatMap(advance),
    // A loop takes at least one round; n is a multiple of 4.
    ...[...get(N), ...constant(4), 0x6b, 0x22, ...unsigned(N), 0x0d, 0],
    0x0b,
    ...(checking
      ? [
          ...get(sum),
          ...get(sum),
          ...UNEQUAL,
          ...ANY_TRUE,
          0x04,
          0x40,
          ...get(SCALE),
          0x43,
          0,
          0,
          0xc0,
          0x7f,
          0x38,
          ...aligned(0),
          0x0b,
        ]
      : []),
    0x0b,
  ];
  return [1, ...unsigned(locals.size), V128, ...code];
}

/**
 * Returns a loop of these instructions over a memory; undefined where an instruction needs more than a few operations on
 * vectors, or the engine refuses the module.
 */
export function compileModule(
  instructions: readonly Instruction[],
  memory: WebAssembly.Memory,
  checking: boolean,
): ((...args: number[]) => void) | undefined {
  if (!instructions.every(({ operator }) => OPERATIONS[operator])) return undefined;
  const shared = Object.prototype.toString.call(memory.buffer) === '[object SharedArrayBuffer]';
  const limits = shared ? [3, 0, ...unsigned(65536)] : [0, 0];
  const bytes = [
    ...HEADER,
    ...section(1, [1, 0x60, PARAMETERS, ...Array<number>(PARAMETERS).fill(I32), 0]),
    ...section(2, [1, ...text('env'), ...text('memory'), 2, ...limits]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...text('run'), 0, 0]),
    ...section(10, [1, ...sized(body(instructions, checking))]),
  ];
  return instantiate(bytes, { env: { memory } })?.run as ((...args: number[]) => void) | undefined;
}

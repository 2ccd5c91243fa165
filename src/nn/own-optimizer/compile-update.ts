import { ValueError } from '../../errors.js';
import type { Heap } from '../../kernels/contract.js';
import { SETTLE_EVERY } from '../../kernels/lib/update.js';
import { CODE, CORE } from '../../kernels/own/instruction.js';
import type { Operand, Step } from '../expressions/expression.js';
import { GRADIENT, Instructions, type Item, type Result, readSteps, TINY } from './instructions.js';
import { encode, placeResults, settling } from './placement.js';

/** The vectors of an update in the order of its kernel; states follow. */
export const VECTORS = ['weight', 'gradient'] as const;
/** The numbers that every update has; those that the user names follow. */
export const SCALARS = ['rate', 'step'] as const;

/** An update as plain data. */
interface Update {
  readonly states: Readonly<Record<string, number>>;
  readonly numbers: Readonly<Record<string, number>>;
  readonly steps: readonly Step[];
  readonly results: Readonly<Record<string, Operand>>;
}

/** An update as its kernel takes it. */
export interface CompiledUpdate {
  /** Values between instructions at once. */
  readonly values: number;
  /** Numbers of the block, the decay of weights at its end included. */
  readonly blockSize: number;
  /** Writes what step t, from 1 on, needs. */
  write(heap: Heap, block: number, rate: number, t: number): void;
}

/** @throws ValueError, UnknownNameError for steps that are no update; they name the step. */
export function compileUpdate({ states, numbers, steps, results }: Update): CompiledUpdate {
  const argument = 'customOptimizer';
  const scalars = [...SCALARS, ...Object.keys(numbers)];
  const into = new Instructions(scalars.length);
  const [one, tiny] = [into.constant(1), into.constant(TINY)];
  const vectors = [...VECTORS, ...Object.keys(states)];
  const names = new Map<string, Item>([
    ...vectors.map((name, index): [string, Item] => [name, { kind: 'vector', index }]),
    ...scalars.map((name, index): [string, Item] => [name, { kind: 'scalar', index }]),
    ['gradient', into.gradient()],
  ]);
  const find = readSteps(into, steps, names, argument);
  const outputs = ['weight', ...Object.keys(states)].flatMap((name): (readonly [number, Result])[] => {
    const item = find(results[name], `${argument}.results.${name}`);
    const vector = vectors.indexOf(name);
    if (item.kind === 'vector' && item.index === vector) return [];
    return [[vector, item.kind === 'result' ? item : into.copy(item)]];
  });
  const plan = placeResults(into.list, outputs, one);
  if (!plan.placed.some(({ a }) => a === GRADIENT)) {
    const given = 'an update that does not depend on the gradient';
    throw new ValueError({ argument, given, expected: "one of 'gradient'" });
  }
  const ends = outputs.flatMap(([vector]) => (vector > GRADIENT ? settling(plan, vector, tiny) : []));
  const room = plan.placed.length + ends.length;
  const code = encode([...plan.placed, ...ends], room);
  const first = CODE + code.length;
  const given = Object.values(numbers);
  const values = new Float64Array(into.scalars.length);
  return {
    values: plan.values + 1,
    blockSize: first + values.length + 1,
    write(heap, block, rate, t) {
      values.set([rate, t, ...given]);
      into.scalars.forEach((compute, i) => {
        values[i] = compute(values);
      });
      heap[block] = t % SETTLE_EVERY === 1 ? room : plan.placed.length;
      heap[block + CORE] = plan.placed.length;
      heap.set(code, block + CODE);
      heap.set(values, block + first);
    },
  };
}

import { CODE, FACTOR, INSTRUCTION, OPERATORS, type Operator, TENSORS } from '../../kernels/own/instruction.js';
import type { Instruction, Item, Result } from './instructions.js';

/** An instruction with the places of its result and of its operands. */
interface Placed {
  readonly operator: Operator;
  readonly y: number;
  readonly a: Place;
  readonly b: Place;
}

type Place = number | { readonly scalar: number };

/** Instructions in their order, and how many values there are between them at once. */
export interface Plan {
  readonly placed: readonly Placed[];
  readonly values: number;
}

/** The last reader of each result, and of each vector as it was before. */
interface Readers {
  readonly results: Map<number, number>;
  readonly vectors: Map<number, number>;
  readonly needed: Set<number>;
}

function readersOf(list: readonly Instruction[], outputs: readonly number[]): Readers {
  const readers: Readers = { results: new Map(), vectors: new Map(), needed: new Set(outputs) };
  for (let i = list.length - 1; i >= 0; i--) {
    const { a, b } = list[i] as Instruction;
    if (!readers.needed.has(i)) continue;
    for (const { kind, index } of [a, b]) {
      if (kind === 'scalar') continue;
      if (kind === 'result') readers.needed.add(index);
      const known = kind === 'result' ? readers.results : readers.vectors;
      if (!known.has(index)) known.set(index, i);
    }
  }
  return readers;
}

/**
 * Says where each result lies: in place of the weights or of a state, where nothing reads these afterwards, else in one of
 * few places for values. `outputs` are the vectors that are written, each with what becomes of it; `one` is the number 1.
 */
export function placeResults(
  list: readonly Instruction[],
  outputs: readonly (readonly [vector: number, result: Result])[],
  one: Item,
): Plan {
  const { results, vectors, needed } = readersOf(
    list,
    outputs.map(([, { index }]) => index),
  );
  const places = new Map<number, number>();
  const copies: (readonly [vector: number, result: number])[] = [];
  for (const [vector, { index }] of outputs) {
    if ((vectors.get(vector) ?? -1) <= index && !places.has(index)) places.set(index, vector);
    else copies.push([vector, index]);
  }
  for (const [, index] of copies) results.set(index, list.length);

  const free: number[] = [];
  let values = 0;
  const place = ({ kind, index }: Item): Place => {
    if (kind === 'scalar') return index < 0 ? FACTOR : { scalar: index };
    return kind === 'vector' ? index : (places.get(index) as number);
  };
  const placed: Placed[] = [];
  list.forEach(({ operator, a, b }, i) => {
    if (!needed.has(i)) return;
    const operands = { a: place(a), b: place(b) };
    // Kernels may write where they read.
    const read = new Set([a, b].flatMap(({ kind, index }) => (kind === 'result' ? [index] : [])));
    for (const index of read) {
      const from = places.get(index) as number;
      if (results.get(index) === i && from >= TENSORS) free.push(from);
    }
    const y = places.get(i) ?? free.pop() ?? TENSORS + values++;
    places.set(i, y);
    placed.push({ operator, y, ...operands });
  });
  for (const [vector, index] of copies) {
    placed.push({ operator: 'scale', y: vector, a: places.get(index) as number, b: place(one) });
  }
  return { placed, values };
}

/** Returns instructions by which a state loses numbers below `limit`, with a value more than the plan has. */
export function settling({ values }: Plan, state: number, limit: Item): readonly Placed[] {
  const y = TENSORS + values;
  return [
    { operator: 'absForward', y, a: state, b: state },
    { operator: 'broadcastGreaterEqual', y, a: y, b: { scalar: limit.index } },
    { operator: 'multiply', y: state, a: state, b: y },
  ];
}

/** Returns instructions as the block holds them, with numbers after the last of `room` instructions. */
export function encode(placed: readonly Placed[], room: number): readonly number[] {
  const code = (operand: Place) => {
    return typeof operand === 'number' ? operand : -(CODE + INSTRUCTION * room + operand.scalar);
  };
  return placed.flatMap(({ operator, y, a, b }) => {
    return [OPERATORS.findIndex(([name]) => name === operator), y, code(a), code(b)];
  });
}

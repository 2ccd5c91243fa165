import { align, type Tensor } from './plan.js';

export interface Lifetime {
  readonly tensor: Tensor;
  /** Indices of the first and the last call that touch it. */
  first: number;
  last: number;
}

/** Up to this many tensors each is held against all that are placed; beyond, that would take longer than anything else. */
const MOST_COMPARED = 4096;

/**
 * Places workspace tensors from `base` on. Tensors that are never alive at the same time may share a place. Returns the end.
 */
export function planWorkspace(lifetimes: readonly Lifetime[], base: number): number {
  const start = align(base);
  const used = lifetimes.filter(({ tensor, first, last }) => {
    // A tensor that no call touches conflicts with no other.
    tensor.offset = start;
    return tensor.size > 0 && first <= last;
  });
  return used.length > MOST_COMPARED ? placeByTime(used, start) : placeBySize(used, start);
}

/** Largest first, each at the lowest offset that is free during its lifetime. */
function placeBySize(lifetimes: readonly Lifetime[], start: number): number {
  const total = lifetimes.reduce((sum, { tensor }) => sum + align(tensor.size), start);
  // Four numbers say of each placed tensor, in the order of offsets, where it begins and ends, and its first and last call. One that
  // is read from a Float64Array stays a double to V8 ever after, and kernels in TypeScript take twice as long with offsets that
  // are: only those need it that an Int32Array cannot hold.
  const Places = total < 2 ** 31 ? Int32Array : Float64Array;
  const places = new Places(4 * lifetimes.length);
  let end = start;
  [...lifetimes]
    .sort((a, b) => b.tensor.size - a.tensor.size)
    .forEach(({ tensor, first, last }, placed) => {
      const { size } = tensor;
      let offset = start;
      for (let i = 0; i < 4 * placed && offset + size > places[i]!; i += 4) {
        if (places[i + 1]! > offset && places[i + 2]! <= last && first <= places[i + 3]!) offset = places[i + 1]!;
      }
      tensor.offset = offset;
      end = Math.max(end, offset + size);
      let at = 4 * placed;
      while (at > 0 && places[at - 4]! > offset) at -= 4;
      places.copyWithin(at + 4, at, 4 * placed);
      places[at] = offset;
      places[at + 1] = align(offset + size);
      places[at + 2] = first;
      places[at + 3] = last;
    });
  return align(end);
}

/**
 * Returns the place that a size takes: of the four in each doubling the next one up, so that places of tensors alike are of
 * use again.
 */
function roomOf(size: number): number {
  const quarter = 2 ** Math.max(0, Math.floor(Math.log2(size)) - 2);
  return align(Math.ceil(size / quarter) * quarter);
}

/** In the order of calls, each where one of about its size has ended, else on top: in proportion to their number. */
function placeByTime(lifetimes: readonly Lifetime[], start: number): number {
  const endings = [...lifetimes].sort((a, b) => a.last - b.last);
  const free = new Map<number, number[]>();
  let ended = 0;
  let end = start;
  for (const { tensor, first } of [...lifetimes].sort((a, b) => a.first - b.first)) {
    for (; endings[ended]!.last < first; ended++) {
      const { offset, size } = endings[ended]!.tensor;
      const room = roomOf(size);
      const list = free.get(room);
      if (list) list.push(offset);
      else free.set(room, [offset]);
    }
    const room = roomOf(tensor.size);
    const again = free.get(room)?.pop();
    tensor.offset = again ?? end;
    if (again === undefined) end += room;
  }
  return end;
}

import { align, type Tensor } from './plan.js';

export interface Lifetime {
  readonly tensor: Tensor;
  /** Indices of the first and the last call that touch it. */
  first: number;
  last: number;
}

/** Ranges of the heap that one search looks at one by one; a tensor that needs more goes on top of all others. */
const PATIENCE = 4096;

/**
 * A range of the heap that is taken for a time, in a search tree by offset, then time. Of the whole branch that hangs on it
 * a node knows enough to pass it at once where nothing of it, or all of it, is alive at the time in question.
 */
interface Placed {
  readonly offset: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
  /** Drawn: no node has a higher one above it, which keeps the tree flat. */
  readonly priority: number;
  lower: Placed | undefined;
  upper: Placed | undefined;
  /** Of the branch: the lowest offset, the highest end, the largest gap that nothing in it takes, and the bounds of times. */
  start: number;
  stop: number;
  gap: number;
  earliestFirst: number;
  latestFirst: number;
  earliestLast: number;
  latestLast: number;
}

/** Counts up what a branch holds, once its parts have. */
function measure(node: Placed): Placed {
  const { lower, upper, first, last } = node;
  node.start = lower ? lower.start : node.offset;
  node.stop = node.end;
  node.gap = 0;
  node.earliestFirst = first;
  node.latestFirst = first;
  node.earliestLast = last;
  node.latestLast = last;
  if (lower) {
    node.gap = Math.max(lower.gap, node.offset - lower.stop);
    node.stop = Math.max(node.stop, lower.stop);
    include(node, lower);
  }
  if (upper) {
    node.gap = Math.max(node.gap, upper.gap, upper.start - node.stop);
    node.stop = Math.max(node.stop, upper.stop);
    include(node, upper);
  }
  return node;
}

function include(node: Placed, branch: Placed): void {
  node.earliestFirst = Math.min(node.earliestFirst, branch.earliestFirst);
  node.latestFirst = Math.max(node.latestFirst, branch.latestFirst);
  node.earliestLast = Math.min(node.earliestLast, branch.earliestLast);
  node.latestLast = Math.max(node.latestLast, branch.latestLast);
}

/** A tree with a further node. */
function insert(tree: Placed | undefined, node: Placed): Placed {
  if (!tree) return measure(node);
  if ((node.offset - tree.offset || node.first - tree.first) < 0) {
    const lower = insert(tree.lower, node);
    tree.lower = lower;
    if (lower.priority <= tree.priority) return measure(tree);
    tree.lower = lower.upper;
    lower.upper = measure(tree);
    return measure(lower);
  }
  const upper = insert(tree.upper, node);
  tree.upper = upper;
  if (upper.priority <= tree.priority) return measure(tree);
  tree.upper = upper.lower;
  upper.lower = measure(tree);
  return measure(upper);
}

/** The lowest place from `base` on that a tree leaves free during a tensor's life. */
function search(root: Placed | undefined, base: number, { tensor: { size }, first, last }: Lifetime): number {
  let left = PATIENCE;
  const visit = (tree: Placed | undefined, offset: number): number => {
    if (!tree || offset + size <= tree.start || tree.earliestFirst > last || tree.latestLast < first) return offset;
    if (left-- <= 0) return Math.max(offset, (root as Placed).stop);
    if (tree.latestFirst <= last && tree.earliestLast >= first && tree.gap < size) return Math.max(offset, tree.stop);
    const place = visit(tree.lower, offset);
    if (place + size <= tree.offset) return place;
    const alive = tree.first <= last && first <= tree.last;
    return visit(tree.upper, alive ? Math.max(place, tree.end) : place);
  };
  return visit(root, base);
}

/** Lives of fewer calls than this are listed by call, where those that meet are found without a search. */
const SHORT = 64;

/** What is taken: all of it in a tree, and what lives long in another, beside which the short lives of each call are listed. */
class Taken {
  #all: Placed | undefined;
  #long: Placed | undefined;
  readonly #short: Placed[][] = [];
  #draw = 1;

  add({ first, last }: Lifetime, offset: number, end: number): void {
    this.#draw = Math.imul(this.#draw, 48_271) >>> 0;
    const bounds = { start: 0, stop: 0, gap: 0, earliestFirst: 0, latestFirst: 0, earliestLast: 0, latestLast: 0 };
    const own = { offset, end, first, last, ...bounds, priority: this.#draw };
    const placed = () => ({ ...own, lower: undefined, upper: undefined });
    this.#all = insert(this.#all, placed());
    if (last - first >= SHORT) {
      this.#long = insert(this.#long, placed());
      return;
    }
    const one = placed();
    for (let call = first; call <= last; call++) {
      const list = this.#short[call];
      if (list) list.push(one);
      else this.#short[call] = [one];
    }
  }

  /** The lowest place from `base` on that is free during a tensor's life. */
  search(base: number, lifetime: Lifetime): number {
    const { tensor, first, last } = lifetime;
    if (last - first >= SHORT) return search(this.#all, base, lifetime);
    const met = this.#short.slice(first, last + 1).flatMap((list) => list ?? []);
    met.sort((a, b) => a.offset - b.offset);
    let offset = search(this.#long, base, lifetime);
    for (const { offset: start, end } of met) {
      if (offset + tensor.size <= start) break;
      if (end > offset) offset = search(this.#long, end, lifetime);
    }
    return offset;
  }
}

/**
 * Places workspace tensors from `base` on. Tensors that are never alive at the same time may share a place: largest
 * first, each at the lowest offset that is free during its lifetime. Returns the end.
 */
export function planWorkspace(lifetimes: readonly Lifetime[], base: number): number {
  const taken = new Taken();
  let end = base;
  for (const lifetime of [...lifetimes].sort((a, b) => b.tensor.size - a.tensor.size)) {
    const { tensor, first, last } = lifetime;
    // What no call touches is in nobody's way.
    const used = tensor.size > 0 && first <= last;
    tensor.offset = used ? taken.search(align(base), lifetime) : align(base);
    const stop = tensor.offset + tensor.size;
    end = Math.max(end, stop);
    if (used) taken.add(lifetime, tensor.offset, align(stop));
  }
  return align(end);
}

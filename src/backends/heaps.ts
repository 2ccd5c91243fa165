// Opens the heaps of models. Small ones share memories: engines give a program few of them (Chromium 125 a tab), each with address space of its own.

import { MyelinError, noRoom } from '../errors.js';
import {
  type Backend,
  type BackendFactory,
  type Call,
  GRAIN_ELEMENTS,
  heapElements,
  type Kernels,
  PAGE_ELEMENTS,
  SMALL_ELEMENTS,
} from '../kernels/contract.js';
import type { instances, Modules } from './instance.js';

/** The first memory holds so many elements (1 MiB), each later one twice as many, up to 32 MiB. */
const FIRST_ELEMENTS = 2 ** 18;
const MOST_ELEMENTS = 2 ** 23;

/** Less of a memory than this part is not looked through again before something is given back. */
const WORTH_LOOKING = 1 / 8;

/** Makes `Backend.place` of a heap that begins at `base`. */
const placeAt =
  (base: number): NonNullable<Backend['place']> =>
  ({ calls, symbolic }) => {
    const operands = new Map<string, readonly unknown[]>();
    for (const { kernel, args } of symbolic) operands.set(kernel, args);
    return calls.map((call) => {
      // A slice, whose offsets stay integers: see call-arrays.ts.
      const moved = (call as readonly unknown[]).slice();
      const args = operands.get(call[0]) ?? [];
      for (let i = 0; i < args.length; i++) if (typeof args[i] !== 'number') (moved as number[])[i + 1]! += base;
      return moved as unknown as Call;
    });
  };

/** Marks a grain that a heap has; 0 marks fresh memory, which the system has no pages for until it is written to. */
const TAKEN = 1;
/** Marks a grain that is free, with what a model has left there. */
const USED = 2;

interface Range {
  readonly first: number;
  /** In grains. */
  readonly size: number;
}

/**
 * A memory and who has which part of it. Only its models refer to one that is full, so that it goes with the last of them
 * even while nothing awaits the event loop, when no registry tells of single ones.
 */
class SharedMemory {
  /** By grain, one of the three states below; the first holds the module's static data. */
  readonly #grains: Uint8Array;
  #free: number;
  /** A range is free again when its heap is dropped; programs and models that compute on the range hold on to the heap. */
  readonly #dropped = new FinalizationRegistry<Range>((range) => this.#giveBack(range));

  constructor(
    private readonly memory: WebAssembly.Memory,
    private readonly kernels: Kernels,
    private readonly longestCall: number,
    /** The memories that are looked through for room. */
    private readonly roomy: Set<SharedMemory>,
  ) {
    this.#grains = new Uint8Array(memory.buffer.byteLength / 4 / GRAIN_ELEMENTS);
    this.#grains[0] = TAKEN;
    this.#free = this.#grains.length - 1;
  }

  /** A heap of zeros of so many grains; undefined where there is no room. */
  open(size: number): Backend | undefined {
    const first = size > this.#free ? undefined : this.#find(size);
    if (first === undefined) {
      if (this.#free < this.#grains.length * WORTH_LOOKING) this.roomy.delete(this);
      return undefined;
    }
    const base = first * GRAIN_ELEMENTS;
    const heap = new Float32Array(this.memory.buffer, base * 4, size * GRAIN_ELEMENTS);
    for (let i = 0; i < size; i++) {
      if (this.#grains[first + i] === USED) heap.fill(0, i * GRAIN_ELEMENTS, (i + 1) * GRAIN_ELEMENTS);
    }
    this.#grains.fill(TAKEN, first, first + size);
    this.#free -= size;
    const range = { first, size };
    this.#dropped.register(heap, range, heap);
    const dispose = () => {
      if (this.#dropped.unregister(heap)) this.#giveBack(range);
    };
    const { kernels, longestCall, memory } = this;
    return { heap, base, place: placeAt(base), kernels, longestCall, memory, dispose };
  }

  #find(size: number): number | undefined {
    const grains = this.#grains;
    for (let i = 0, run = 0; i < grains.length; i++) {
      run = grains[i] === TAKEN ? 0 : run + 1;
      if (run === size) return i - size + 1;
    }
    return undefined;
  }

  #giveBack({ first, size }: Range): void {
    this.#grains.fill(USED, first, first + size);
    this.#free += size;
    this.roomy.add(this);
    if (this.#free === this.#grains.length - 1 && this.roomy.size > 1) this.roomy.delete(this);
  }
}

/** The heaps of small models over the same modules. */
class SmallHeaps {
  readonly #roomy = new Set<SharedMemory>();
  #elements = FIRST_ELEMENTS;

  constructor(
    private readonly modules: Modules,
    private readonly make: typeof instances,
    private readonly tall: boolean | undefined,
  ) {}

  /** A heap of so many elements; undefined for one that is not small. @throws BackendError where the engine has no room */
  open(elements: number): Backend | undefined {
    if (elements > SMALL_ELEMENTS) return undefined;
    const size = heapElements(elements) / GRAIN_ELEMENTS;
    for (const shared of this.#roomy) {
      const backend = shared.open(size);
      if (backend) return backend;
    }
    const { make, modules, tall } = this;
    const memory = this.#allocate(elements, (size + 1) * GRAIN_ELEMENTS);
    const kernels = make.instantiate(modules, memory, tall);
    const shared = new SharedMemory(memory, kernels, make.longestCall, this.#roomy);
    this.#roomy.add(shared);
    return shared.open(size);
  }

  /** The next memory, or where the engine has no room for it one for a single heap. */
  #allocate(elements: number, least: number): WebAssembly.Memory {
    const wanted = Math.max(this.#elements, Math.ceil(least / PAGE_ELEMENTS) * PAGE_ELEMENTS);
    let memory: WebAssembly.Memory;
    try {
      memory = this.make.allocate(wanted);
    } catch {
      try {
        return this.make.allocate(least);
      } catch (thrown) {
        throw noRoom(elements, (thrown as Error).cause);
      }
    }
    this.#elements = Math.min(2 * this.#elements, MOST_ELEMENTS);
    return memory;
  }
}

const known = new WeakMap<object, WeakMap<object, SmallHeaps>>();

/** Returns the heaps of small models over these modules: the same for all backends of the same modules. */
function smallHeaps(modules: Modules, make: typeof instances, tall: boolean | undefined): SmallHeaps {
  let byExtras = known.get(modules.core);
  if (!byExtras) {
    // Tries out an instance, since some engines refuse only here, for a content policy or for lack of address space.
    make.instantiate(modules, make.allocate(1), tall);
    byExtras = new WeakMap();
    known.set(modules.core, byExtras);
  }
  const heaps = byExtras.get(modules.extras) ?? new SmallHeaps(modules, make, tall);
  byExtras.set(modules.extras, heaps);
  return heaps;
}

/** Returns `BackendFactory.open` of these modules, after trying them out. For `tall` see `FastPlan`. @throws what the engine refuses them with */
export function opener(modules: Modules, make: typeof instances, tall: boolean | undefined): BackendFactory['open'] {
  const small = smallHeaps(modules, make, tall);
  const own = (elements: number): Backend => {
    const memory = make.allocate(elements);
    const kernels = make.instantiate(modules, memory, tall);
    return { heap: new Float32Array(memory.buffer), kernels, longestCall: make.longestCall, memory };
  };
  return (elements, mayShare = false) => {
    try {
      return (mayShare ? small.open(elements) : undefined) ?? own(elements);
    } catch (thrown) {
      // The modules have been instantiated before, so memory is what is lacking.
      throw thrown instanceof MyelinError ? thrown : noRoom(elements, thrown);
    }
  };
}

import { type Kernels, PAGE_ELEMENTS, RESERVED_ELEMENTS } from '../../kernels/contract.js';

/** A shared memory that all threads know by a number, with this thread's kernels over it. */
export interface Room {
  readonly heap: number;
  readonly memory: WebAssembly.Memory;
  readonly kernels: Kernels;
}

/** Bounds what is kept for later models: this many memories, and this many bytes. */
const MOST = 16;
const MOST_BYTES = 2 ** 29;

/** A memory may be this many times as large as what is asked for. */
const LOOSE = 4;

export const roomSize = (elements: number) => Math.ceil(elements / PAGE_ELEMENTS) * PAGE_ELEMENTS;

/**
 * Memories that no model has any more. Each thread would give its share of one back when it next collects garbage, which a
 * thread that computes on memory alone hardly ever does, so that they are used again instead.
 */
export class FreeRooms {
  #rooms: Room[] = [];

  /** Takes a memory back; returns those that are too many, the oldest. */
  put(room: Room): readonly Room[] {
    this.#rooms.push(room);
    const gone: Room[] = [];
    let bytes = this.#rooms.reduce((sum, { memory }) => sum + memory.buffer.byteLength, 0);
    while (this.#rooms.length > MOST || (bytes > MOST_BYTES && this.#rooms.length > 1)) {
      const oldest = this.#rooms.shift() as Room;
      bytes -= oldest.memory.buffer.byteLength;
      gone.push(oldest);
    }
    return gone;
  }

  /** Returns the smallest that will do, emptied; undefined where there is none. */
  take(elements: number): Room | undefined {
    const size = 4 * roomSize(elements);
    const fits = this.#rooms
      .filter(({ memory }) => memory.buffer.byteLength >= size && memory.buffer.byteLength <= LOOSE * size)
      .sort((a, b) => a.memory.buffer.byteLength - b.memory.buffer.byteLength);
    const [room] = fits;
    if (!room) return undefined;
    this.#rooms = this.#rooms.filter((other) => other !== room);
    // The module's own data are kept.
    new Float32Array(room.memory.buffer, 0, roomSize(elements)).fill(0, RESERVED_ELEMENTS);
    return room;
  }
}

/**
 * As many bytes as a shared memory has, which engines count towards the next collection of garbage, as they do not for
 * memory that is shared; the system gives no pages for them, since nothing touches them.
 */
export function weight(memory: WebAssembly.Memory): ArrayBuffer | undefined {
  try {
    return new ArrayBuffer(memory.buffer.byteLength);
  } catch {
    return undefined;
  }
}

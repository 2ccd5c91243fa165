import { textDecoder } from '../../realms.js';
import { asciiOf } from './scalars.js';

let basis: number | undefined;

/**
 * Returns the start value of hashes, random so that the author of a file cannot choose texts that all fall into one slot. No
 * order and no result depends on it. It is drawn on first use, since workerd has no random numbers before a request comes.
 */
function hashBasis(): number {
  const { crypto } = globalThis as { crypto?: Crypto };
  // Node 18 has no global crypto outside its modules.
  basis ??= crypto ? (crypto.getRandomValues(new Int32Array(1))[0] as number) : Math.floor(performance.now() * 1e6) | 0;
  return basis;
}

/** Texts of so few characters are made faster one by one than by a decoder. */
const SHORT = 12;

/**
 * Distinct texts, numbered in the order in which they come. Holds its own bytes, so that nothing keeps a block alive.
 */
export class Dictionary {
  readonly texts: string[] = [];
  readonly #basis = hashBasis();
  /** Codes by slot, plus 1; 0 where a slot is free. */
  #slots = new Int32Array(64);
  #hashes = new Int32Array(64);
  /** The end of each entry's bytes. */
  #ends = new Int32Array(64);
  #arena = new Uint8Array(1024);
  readonly #decoder = textDecoder('utf-8', { fatal: true, ignoreBOM: true });

  /** Returns the code of the text that these bytes of UTF-8 are; -1 where they are not valid. */
  code(bytes: Uint8Array, from: number, to: number): number {
    let hash = this.#basis;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    hash ^= hash >>> 15;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const code = this.#slots[slot]! - 1;
      if (code < 0) break;
      if (this.#hashes[code] === hash && this.#same(code, bytes, from, to)) return code;
      slot = (slot + 1) & mask;
    }
    return this.#insert(bytes, from, to, hash, slot);
  }

  #same(code: number, bytes: Uint8Array, from: number, to: number): boolean {
    const start = code === 0 ? 0 : this.#ends[code - 1]!;
    if (this.#ends[code]! - start !== to - from) return false;
    const shift = start - from;
    for (let i = from; i < to; i++) if (this.#arena[i + shift] !== bytes[i]) return false;
    return true;
  }

  #insert(bytes: Uint8Array, from: number, to: number, hash: number, slot: number): number {
    const code = this.texts.length;
    const start = code === 0 ? 0 : this.#ends[code - 1]!;
    const end = start + to - from;
    if (end > this.#arena.length) this.#arena = grown(this.#arena, end, Uint8Array);
    const arena = this.#arena;
    let all = 0;
    for (let at = start, i = from; i < to; i++) {
      const byte = bytes[i]!;
      arena[at++] = byte;
      all |= byte;
    }
    let text: string;
    try {
      text =
        all < 128 && end - start <= SHORT
          ? asciiOf(arena, start, end)
          : this.#decoder.decode(arena.subarray(start, end));
    } catch {
      return -1;
    }
    if (code === this.#ends.length) {
      this.#ends = grown(this.#ends, code + 1, Int32Array);
      this.#hashes = grown(this.#hashes, code + 1, Int32Array);
    }
    this.#ends[code] = end;
    this.#hashes[code] = hash;
    this.#slots[slot] = code + 1;
    this.texts.push(text);
    if (this.texts.length * 2 > this.#slots.length) this.#rehash();
    return code;
  }

  #rehash(): void {
    const slots = new Int32Array(this.#slots.length * 4);
    const mask = slots.length - 1;
    for (let code = 0; code < this.texts.length; code++) {
      let slot = this.#hashes[code]! & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = code + 1;
    }
    this.#slots = slots;
  }
}

interface TypedArray<A> {
  readonly length: number;
  set(from: A): void;
}

/** Returns a copy with room for at least `length` numbers, and for twice as many as before. */
export function grown<A extends TypedArray<A>>(array: A, length: number, type: new (length: number) => A): A {
  const larger = new type(Math.max(length, array.length * 2));
  larger.set(array);
  return larger;
}

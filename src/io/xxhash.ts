const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;
const P5 = 0x165667b1 | 0;

const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by));

/**
 * XXH32 with seed 0 of bytes that come in pieces. A change within four bytes always changes it: every step is a bijection
 * of the word that goes in. Reads words as the machine has them, which is little-endian wherever WebAssembly runs fast.
 */
export class Xxh32 {
  #a = (P1 + P2) | 0;
  #b = P2;
  #c = 0;
  #d = -P1 | 0;
  #length = 0;
  /** The bytes that do not fill a stripe of 16 yet. */
  readonly #rest = new Uint8Array(16);
  #waiting = 0;

  update(bytes: Uint8Array): this {
    this.#length += bytes.length;
    let from = 0;
    if (this.#waiting > 0) {
      from = Math.min(16 - this.#waiting, bytes.length);
      this.#rest.set(bytes.subarray(0, from), this.#waiting);
      this.#waiting += from;
      if (this.#waiting < 16) return this;
      this.#stripes(new Int32Array(this.#rest.buffer), 4);
      this.#waiting = 0;
    }
    const whole = (bytes.length - from) & ~15;
    if (whole > 0) {
      const aligned = (bytes.byteOffset + from) % 4 === 0;
      const source = aligned ? bytes.subarray(from, from + whole) : bytes.slice(from, from + whole);
      this.#stripes(new Int32Array(source.buffer, source.byteOffset, whole / 4), whole / 4);
    }
    this.#waiting = bytes.length - from - whole;
    this.#rest.set(bytes.subarray(from + whole));
    return this;
  }

  #stripes(words: Int32Array, count: number): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let d = this.#d;
    const p1 = P1;
    const p2 = P2;
    // The calls are written out: as functions they take three times as long, unless the engine happens to inline them.
    for (let i = 0; i < count; i += 4) {
      a = (a + Math.imul(words[i]!, p2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), p1);
      b = (b + Math.imul(words[i + 1]!, p2)) | 0;
      b = Math.imul((b << 13) | (b >>> 19), p1);
      c = (c + Math.imul(words[i + 2]!, p2)) | 0;
      c = Math.imul((c << 13) | (c >>> 19), p1);
      d = (d + Math.imul(words[i + 3]!, p2)) | 0;
      d = Math.imul((d << 13) | (d >>> 19), p1);
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#d = d;
  }

  /** Returns the hash of all that came so far. */
  digest(): number {
    let h =
      this.#length < 16 ? P5 : rotate(this.#a, 1) + rotate(this.#b, 7) + rotate(this.#c, 12) + rotate(this.#d, 18);
    h = (h + this.#length) | 0;
    const rest = this.#rest;
    let i = 0;
    for (; i + 4 <= this.#waiting; i += 4) {
      const word = rest[i]! | (rest[i + 1]! << 8) | (rest[i + 2]! << 16) | (rest[i + 3]! << 24);
      h = Math.imul(rotate((h + Math.imul(word, P3)) | 0, 17), P4);
    }
    for (; i < this.#waiting; i++) h = Math.imul(rotate((h + Math.imul(rest[i]!, P5)) | 0, 11), P1);
    h = Math.imul(h ^ (h >>> 15), P2);
    h = Math.imul(h ^ (h >>> 13), P3);
    return (h ^ (h >>> 16)) >>> 0;
  }
}

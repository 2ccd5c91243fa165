/** High 32 bits of the unsigned product. All of it in int32: uint32 numbers would be float64 until V8 optimizes. */
function multiplyHigh(a: number, b: number): number {
  const al = a & 0xffff;
  const ah = a >>> 16;
  const bl = b & 0xffff;
  const bh = b >>> 16;
  const middle = (Math.imul(ah, bl) + (Math.imul(al, bl) >>> 16)) | 0;
  const carry = ((middle & 0xffff) + Math.imul(al, bh)) | 0;
  return (Math.imul(ah, bh) + (middle >>> 16) + (carry >>> 16)) | 0;
}

/**
 * Computes one block of Philox4x32-10 (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"): four 32-bit words
 * from a 128-bit counter and a 64-bit key, written to `out` from `at` on.
 */
export function philox(
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  key0: number,
  key1: number,
  out: Uint32Array | Int32Array,
  at = 0,
): void {
  for (let round = 0; round < 10; round++) {
    const high0 = multiplyHigh(c0, 0xd2511f53);
    const low0 = Math.imul(c0, 0xd2511f53);
    const high1 = multiplyHigh(c2, 0xcd9e8d57);
    const low1 = Math.imul(c2, 0xcd9e8d57);
    c0 = high1 ^ c1 ^ key0;
    c1 = low1;
    c2 = high0 ^ c3 ^ key1;
    c3 = low0;
    key0 = (key0 + 0x9e3779b9) | 0;
    key1 = (key1 + 0xbb67ae85) | 0;
  }
  out[at] = c0;
  out[at + 1] = c1;
  out[at + 2] = c2;
  out[at + 3] = c3;
}

/** The purpose of a stream of random numbers; the high byte of its number. */
export const PURPOSE = {
  initialization: 1,
  shuffle: 2,
  dropout: 3,
  split: 4,
  noise: 5,
  augmentation: 6,
  slopes: 8,
} as const;

/** Returns the number of a stream: one per purpose and, say, layer or parameter. */
export function stream(purpose: keyof typeof PURPOSE, index = 0): number {
  return ((PURPOSE[purpose] << 24) | index) >>> 0;
}

/** Words that a generator draws at a time. */
const AHEAD = 64;

/** Sequential draws from one stream at one step, for everything that runs outside the kernels. */
export class Generator {
  readonly #words = new Int32Array(AHEAD);
  #next = AHEAD;
  #block = 0;

  /** `seed` is an integer from 0 to 2^53 - 1. */
  constructor(
    private readonly seed: number,
    private readonly stream: number,
    private readonly step = 0,
  ) {}

  #draw(): void {
    const [seed0, seed1] = words(this.seed);
    const [step0, step1] = words(this.step);
    for (let i = 0; i < AHEAD; i += 4) {
      philox(this.#block++, step0, step1, this.stream, seed0, seed1, this.#words, i);
    }
    this.#next = 0;
  }

  /** Returns the next 32 random bits, as a signed integer. */
  #int32(): number {
    if (this.#next === AHEAD) this.#draw();
    return this.#words[this.#next++]!;
  }

  /** Returns the next 32 random bits. */
  uint32(): number {
    return this.#int32() >>> 0;
  }

  /** Returns the next number in [0, 1), a multiple of 2^-53. */
  uniform(): number {
    const high = this.#int32() >>> 5;
    return (high * 2 ** 26 + (this.#int32() >>> 6)) * 2 ** -53;
  }

  /** Returns the next integer in [0, below), without bias. */
  integer(below: number): number {
    for (;;) {
      const draw = this.uint32();
      // The first test holds for nearly all. Remainders of numbers above 31 bits are slow, and a quotient is exact to the integer.
      if (draw < 2 ** 32 - below || draw < 2 ** 32 - (2 ** 32 % below)) return draw - Math.floor(draw / below) * below;
    }
  }
}

/** Returns an integer below 2^53 as two 32-bit words, low one first. */
export function words(value: number): [number, number] {
  return [value >>> 0, Math.floor(value / 2 ** 32)];
}

// Undoes assembly/pack/pack.js. Measured in bench/NOTES.md, "Cleverness that pays"; test/package/cleverness.test.ts counts
// the bytes, test/package/bundle.test.ts takes every module there and back.

/** Characters that stand for a byte by themselves; two more begin a pair. */
const SINGLE = 89;
const CHARACTERS = SINGLE + 2;

/** Returns the bytes of text: 64 hexadecimal digits say which stand alone, then they come. */
function toBytes(text: string): Uint8Array {
  const alone = (byte: number) => (Number.parseInt(text[byte >> 2] as string, 16) >> (byte & 3)) & 1;
  const every = Array.from({ length: 256 }, (_, byte) => byte);
  const ranked = [...every.filter(alone), ...every.filter((byte) => !alone(byte))];
  // The characters are the printable ones, without quotes and backslash.
  const places = new Uint8Array(128);
  for (let c = 32, place = 0; c < 127; c++) if (!'"\'\\`'.includes(String.fromCharCode(c))) places[c] = place++;
  const bytes = new Uint8Array(text.length);
  let size = 0;
  for (let i = 64; i < text.length; i++) {
    let rank = places[text.charCodeAt(i)] as number;
    if (rank >= SINGLE) rank = SINGLE + (rank - SINGLE) * CHARACTERS + (places[text.charCodeAt(++i)] as number);
    bytes[size++] = ranked[rank] as number;
  }
  return bytes;
}

/** Puts a module together again that assembly/pack/pack.js took apart. */
export function unpack(text: string): Uint8Array<ArrayBuffer> {
  const bytes = toBytes(text);
  let head = 0;
  /** The positions at which each stream goes on. */
  const at: number[] = [];
  const number = (): number => {
    const byte = bytes[head++] as number;
    return byte < 128 ? byte : (byte & 127) + 128 * number();
  };
  const module = new Uint8Array(number());
  const lengths = Array.from({ length: number() }, number);
  let end = head;
  for (const length of lengths) {
    at.push(end);
    end += length;
  }
  /** By number: what each operation begins with, and pairs of where an immediate is and how long, 0 for a LEB128. */
  const operations: (readonly [begin: Uint8Array, parts: Uint8Array])[] = [];
  const list = (length: number) => {
    head += length;
    return bytes.subarray(head - length, head);
  };
  while (head < (at[1] as number)) operations.push([list(number()), list(2 * number())]);
  let size = 0;
  const last = at[2] as number;
  for (let i = at[1] as number; i < last; i++) {
    const [begin, parts] = operations[bytes[i] as number] as (typeof operations)[number];
    for (let k = 0; k < begin.length; k++) module[size++] = begin[k] as number;
    for (let k = 0; k < parts.length; k += 2) {
      const stream = parts[k] as number;
      let left = parts[k + 1] as number;
      head = at[stream] as number;
      if (left === 0) while ((bytes[head + left++] as number) > 127);
      else if (left === 255) left = number();
      while (left-- > 0) module[size++] = bytes[head++] as number;
      at[stream] = head;
    }
  }
  return module;
}

// Replaces vector constants of equal lanes by a number and a splat: 4 to 8 bytes of code instead of 18, as fast in V8. The
// compiler has no switch for it: it folds splats of numbers.

/** A place in a module's bytes; numbers are LEB128. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }

  number() {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.bytes[this.at++];
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
  }
}

function unsigned(value) {
  const bytes = [];
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128);
  return [...bytes, value];
}

function signed(value) {
  const bytes = [];
  for (; value < -64 || value > 63; value >>= 7) bytes.push((value & 127) | 128);
  return [...bytes, value & 127];
}

const SIMD = 0xfd;
const V128_CONST = 12;
const I32X4_SPLAT = 17;
const [I32_CONST, F32_CONST, F64_CONST] = [0x41, 0x43, 0x44];

/** Returns a constant whose lanes are the same, as a number in all of them. Not as f32: making that vector is 5% slower. */
function spread(lanes) {
  const view = new DataView(lanes.buffer, lanes.byteOffset, 16);
  const [a, b, c, d] = [0, 4, 8, 12].map((i) => view.getInt32(i, true));
  return a === b && a === c && a === d ? [I32_CONST, ...signed(a), SIMD, I32X4_SPLAT] : undefined;
}

/** Passes over the immediates of the instruction whose opcode was read. */
function skip(reader, opcode) {
  if (opcode === SIMD) skipVector(reader, reader.number());
  else if (opcode >= 0x28 && opcode <= 0x3e) [reader.number(), reader.number()];
  else if (opcode === 0x42) reader.number();
  else if (opcode === I32_CONST || (opcode >= 0x02 && opcode <= 0x04)) reader.number();
  else if (opcode === 0x0c || opcode === 0x0d || opcode === 0x10) reader.number();
  else if (opcode >= 0x20 && opcode <= 0x24) reader.number();
  else if (opcode === F32_CONST) reader.at += 4;
  else if (opcode === F64_CONST) reader.at += 8;
  else if (opcode === 0x0e) for (let n = reader.number() + 1; n > 0; n--) reader.number();
  else if (opcode === 0xfc) skipBulk(reader, reader.number());
  else if (opcode < 0x45 && ![0, 1, 5, 0x0b, 0x0f, 0x1a, 0x1b].includes(opcode)) throw unknown(opcode);
}

function skipVector(reader, opcode) {
  if (opcode <= 11 || opcode === 92 || opcode === 93) [reader.number(), reader.number()];
  else if (opcode === V128_CONST || opcode === 13) reader.at += 16;
  else if (opcode >= 21 && opcode <= 34) reader.at += 1;
  else if (opcode >= 84 && opcode <= 91) [reader.number(), reader.number(), reader.number()];
}

function skipBulk(reader, opcode) {
  if (opcode === 10) reader.at += 2;
  else if (opcode === 11) reader.at += 1;
  else if (opcode > 7) throw unknown(opcode);
}

function unknown(opcode) {
  return new Error(
    `The compiler emits an instruction that assembly/pack/constants.js does not know: 0x${opcode.toString(16)}.`,
  );
}

function rewriteBody(bytes) {
  const reader = new Reader(bytes);
  const parts = [];
  let copied = 0;
  for (let left = reader.number(); left > 0; left--) [reader.number(), reader.at++];
  while (reader.at < bytes.length) {
    const start = reader.at;
    const opcode = bytes[reader.at++];
    skip(reader, opcode);
    if (opcode !== SIMD || bytes[start + 1] !== V128_CONST) continue;
    const shorter = spread(bytes.subarray(start + 2, reader.at));
    if (!shorter) continue;
    parts.push(bytes.subarray(copied, start), Uint8Array.from(shorter));
    copied = reader.at;
  }
  return Buffer.concat([...parts, bytes.subarray(copied)]);
}

/** Returns the module with its vector constants as short as can be. */
export function shortenConstants(module) {
  const reader = new Reader(module);
  reader.at = 8;
  const sections = [module.subarray(0, 8)];
  while (reader.at < module.length) {
    const start = reader.at;
    const id = module[reader.at++];
    const size = reader.number();
    const end = reader.at + size;
    if (id !== 10) {
      sections.push(module.subarray(start, end));
    } else {
      const count = reader.number();
      const bodies = [Uint8Array.from(unsigned(count))];
      for (let i = 0; i < count; i++) {
        const length = reader.number();
        const body = rewriteBody(module.subarray(reader.at, reader.at + length));
        bodies.push(Uint8Array.from(unsigned(body.length)), body);
        reader.at += length;
      }
      const code = Buffer.concat(bodies);
      sections.push(Uint8Array.from([id, ...unsigned(code.length)]), code);
    }
    reader.at = end;
  }
  return Buffer.concat(sections);
}

// Writes a module as text that compresses well: its code is taken apart into streams of similar items (operations, local
// indices, offsets, constants), which repeat more than instructions do, and these are written one after the other in
// characters that need no escape in a JavaScript string. A server's gzip or brotli then compresses it: text that was
// compressed before, as base64, would be a quarter larger. `unpack` in src/backends/unpack.ts reverses it without knowing
// WebAssembly. Measured in bench/NOTES.md, "Cleverness that pays"; test/package/cleverness.test.ts counts the bytes.

/** The streams; the first two say what operations are and which come. */
const STREAMS = [
  'table',
  'operation',
  'chunk',
  'block',
  'branch',
  'call',
  'local',
  'memory',
  'align',
  'lane',
  'i32',
  'float',
];
const at = Object.fromEntries(STREAMS.map((name, i) => [name, i]));

/** Codes for the copy of an immediate: a LEB128, this number of bytes, or as many as a LEB128 before them says. */
const LEB = 0;
const CHUNK = 255;

/** Characters of a string, as `unpack` knows them: printable ASCII without quotes and backslash. */
const CHARACTERS = Array.from({ length: 95 }, (_, i) => i + 32).filter((c) => ![34, 39, 92, 96].includes(c));
/** Characters that begin a pair; all others stand for a byte by themselves. */
const PAIRS = 2;
const SINGLE = CHARACTERS.length - PAIRS;

function leb(value) {
  const bytes = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 128) return [...bytes, rest];
    bytes.push((rest & 127) | 128);
  }
}

const immediates = (operation) => {
  if (operation >= 2 && operation <= 4) return [[at.block, LEB]];
  if (operation === 12 || operation === 13) return [[at.branch, LEB]];
  if (operation === 14) return [[at.branch, CHUNK]];
  if (operation === 16) return [[at.call, LEB]];
  if (operation >= 32 && operation <= 36) return [[at.local, LEB]];
  if (operation >= 40 && operation <= 62)
    return [
      [at.align, LEB],
      [at.memory, LEB],
    ];
  if (operation === 63 || operation === 64) return [[at.branch, LEB]];
  if (operation === 65 || operation === 66) return [[at.i32, LEB]];
  if (operation === 67) return [[at.float, 4]];
  if (operation === 68) return [[at.float, 8]];
  if (
    (operation <= 17 || (operation >= 26 && operation <= 196)) &&
    ![6, 7, 8, 9, 10, 17, 28, 37, 38].includes(operation)
  )
    return [];
  throw new Error(`The operation ${operation} is not known here.`);
};

const simdImmediates = (operation) => {
  const memory = [
    [at.align, LEB],
    [at.memory, LEB],
  ];
  if (operation <= 11 || operation === 92 || operation === 93) return memory;
  if (operation === 12 || operation === 13) return [[at.float, 16]];
  if (operation >= 21 && operation <= 34) return [[at.lane, 1]];
  if (operation >= 84 && operation <= 91) return [...memory, [at.lane, 1]];
  return [];
};

const bulkImmediates = (operation) => {
  if (operation <= 7) return [];
  if (operation === 10)
    return [
      [at.branch, LEB],
      [at.branch, LEB],
    ];
  if (operation === 11) return [[at.branch, LEB]];
  throw new Error(`The operation 252 ${operation} is not known here.`);
};

/** Returns a module as text. */
export function pack(module) {
  const streams = STREAMS.map(() => []);
  const symbols = new Map();
  const table = [];
  let p = 0;
  const number = () => {
    for (let value = 0, shift = 0; ; shift += 7) {
      const byte = module[p++];
      value |= (byte & 127) << shift;
      if (byte < 128) return value;
    }
  };
  /** Says that something comes: the bytes that it begins with, and where the others are. */
  const say = (bytes, parts) => {
    const key = String([bytes, parts]);
    if (!symbols.has(key)) {
      table.push([bytes.length, ...bytes, parts.length, ...parts.flat()]);
      symbols.set(key, symbols.size);
    }
    streams[at.operation].push(symbols.get(key));
    for (const [stream, kind] of parts) {
      const from = p;
      if (kind === LEB) number();
      else if (kind !== CHUNK) p += kind;
      else for (let count = number() + 1; count > 0; count--) number();
      if (kind === CHUNK) streams[stream].push(...leb(p - from));
      streams[stream].push(...module.subarray(from, p));
    }
  };
  /** Says that bytes come as they are: what is no operation. */
  const sayChunk = (from, end) => {
    streams[at.operation].push(0);
    streams[at.chunk].push(...leb(end - from), ...module.subarray(from, end));
  };
  table.push([0, 1, at.chunk, CHUNK]);
  symbols.set('chunk', 0);
  let done = 0;
  p = 8;
  while (p < module.length) {
    const id = module[p++];
    const end = number() + p;
    if (id === 10) {
      for (let functions = number(); functions > 0; functions--) {
        const bodyEnd = number() + p;
        for (let groups = number(); groups > 0; groups--) {
          number();
          p++;
        }
        sayChunk(done, p);
        while (p < bodyEnd) {
          const operation = module[p++];
          if (operation < 252) say([operation], immediates(operation));
          else {
            const from = p;
            const which = number();
            const parts = operation === 253 ? simdImmediates(which) : bulkImmediates(which);
            say([operation, ...module.subarray(from, p)], parts);
          }
        }
        done = p;
      }
    }
    p = end;
  }
  sayChunk(done, module.length);
  if (symbols.size > 256) throw new Error('More than 256 operations.');
  // Frequent operations get small numbers, as items of other streams have, with which they share a code.
  const counts = table.map(() => 0);
  for (const symbol of streams[at.operation]) counts[symbol]++;
  const order = table.map((_, symbol) => symbol).sort((a, b) => counts[b] - counts[a]);
  const numbers = table.map((_, symbol) => order.indexOf(symbol));
  streams[at.table] = order.flatMap((symbol) => table[symbol]);
  streams[at.operation] = streams[at.operation].map((symbol) => numbers[symbol]);
  const lengths = streams.flatMap((stream) => leb(stream.length));
  return toText([...leb(module.length), streams.length, ...lengths, ...streams.flat()]);
}

/** Bytes as characters: 64 hexadecimal digits for the bytes that stand alone, which are the most frequent, then all. */
function toText(bytes) {
  const counts = new Array(256).fill(0);
  for (const byte of bytes) counts[byte]++;
  const every = counts.map((_, byte) => byte);
  const alone = new Set([...every].sort((a, b) => counts[b] - counts[a]).slice(0, SINGLE));
  const ranked = [...every.filter((byte) => alone.has(byte)), ...every.filter((byte) => !alone.has(byte))];
  const rank = every.map((byte) => ranked.indexOf(byte));
  const mask = Array.from({ length: 64 }, (_, i) =>
    [0, 1, 2, 3].reduce((digit, k) => digit | (Number(alone.has(4 * i + k)) << k), 0).toString(16),
  );
  const characters = bytes.flatMap((byte) => {
    const r = rank[byte];
    if (r < SINGLE) return [CHARACTERS[r]];
    const rest = r - SINGLE;
    return [CHARACTERS[SINGLE + Math.floor(rest / CHARACTERS.length)], CHARACTERS[rest % CHARACTERS.length]];
  });
  return mask.join('') + characters.map((c) => String.fromCharCode(c)).join('');
}

import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { FileFormatError, HeapSizeError } from '../../src/errors.js';
import { headerLength, PREFIX } from '../../src/io/layout.js';
import { checksumPlace, withoutChecksum } from '../../src/io/model-file.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { Xxh32 } from '../../src/io/xxhash.js';
import { momentum } from '../../src/kernels/twins/optimizers.js';
import { model, sequential } from '../../src/model/model.js';
import { customActivation, customLoss } from '../../src/nn/expressions/custom.js';
import { add, batchNormalization, dense, dropout, embedding, input } from '../../src/nn/layers/index.js';
import { auc } from '../../src/nn/metrics/index.js';
import { exponentialMovingAverage } from '../../src/nn/optimizers/averaging.js';
import { lbfgs } from '../../src/nn/optimizers/lbfgs.js';
import { Random } from '../support/buffers.js';

// Files that were damaged, or made to do harm.

const backend = typescript();
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Small files that between them hold everything a file can. */
export function samples(): readonly Uint8Array[] {
  const classifier = sequential({
    layers: [
      dense({ units: 5, inputShape: 3, activation: 'relu' }),
      batchNormalization(),
      dropout({ rate: 0.2 }),
      dense({ units: 2, activation: 'softmax' }),
    ],
    backend,
  });
  classifier.compile({
    optimizer: 'adam',
    loss: 'sparseCategoricalCrossentropy',
    metrics: ['accuracy', auc()],
    averaging: exponentialMovingAverage(),
    gradientAccumulationSteps: 2,
  });
  const rows = [
    [1, 2, 3],
    [0, 1, 0],
    [3, 1, 2],
  ];
  for (let i = 0; i < 3; i++) classifier.trainOnBatch(rows, [0, 1, 1]);
  classifier.classNames = ['no', 'yes'];
  classifier.preprocessing = { mean: [0.5, 1, 1.5], names: { a: 'x', b: null } };

  const small = sequential({ layers: [dense({ units: 1, inputShape: 2 })], backend });
  small.compile({ optimizer: lbfgs({ maxIterations: 2 }), loss: 'meanSquaredError' });
  for (let i = 0; i < 2; i++)
    small.trainOnBatch(
      [
        [1, 2],
        [2, 1],
        [0, 3],
      ],
      [1, 3, 2],
    );

  const [a, ids] = [input({ shape: 2, name: 'numbers' }), input({ shape: 1, name: 'ids' })];
  const swish = customActivation((v, { mul, sigmoid }) => mul(v, sigmoid(v)));
  const joined = add().apply([
    dense({ units: 3, activation: swish }).apply(a),
    embedding({ inputDim: 4, outputDim: 3 }).apply(ids),
  ]);
  const graph = model({ inputs: [a, ids], outputs: dense({ units: 1 }).apply(joined), backend });
  graph.compile({ optimizer: 'sgd', loss: customLoss((t, p, { mean, square, sub }) => mean(square(sub(p, t)))) });
  graph.trainOnBatch(
    {
      numbers: [
        [1, 2],
        [3, 4],
      ],
      ids: [1, 3],
    },
    [1, 2],
  );

  const least = sequential({ layers: [dense({ units: 2, inputShape: 1, useBias: false })], backend });
  least.compile({ optimizer: momentum(), loss: 'meanSquaredError' });
  least.trainOnBatch(
    [1, 2],
    [
      [1, 2],
      [2, 3],
    ],
  );
  least.classNames = ['a', 'b'];

  return [least, small, graph, classifier].map((m) => serialize(m));
}

/** The header of a file as text, and the data. */
export function take(bytes: Uint8Array): { header: string; data: Uint8Array } {
  const end = PREFIX + headerLength(bytes.subarray(0, PREFIX), bytes.length);
  return { header: decoder.decode(bytes.subarray(PREFIX, end)), data: bytes.subarray(end) };
}

/** A file of a header and data, with the checksum set right if it has one. */
export function put(header: string, data: Uint8Array): Uint8Array {
  const text = encoder.encode(header);
  const bytes = new Uint8Array(PREFIX + text.length + data.length);
  new DataView(bytes.buffer).setUint32(0, text.length, true);
  bytes.set(text, PREFIX);
  bytes.set(data, PREFIX + text.length);
  return seal(bytes);
}

export function seal(bytes: Uint8Array): Uint8Array {
  const sealed = bytes.slice();
  const place = checksumPlace(sealed);
  if (place === undefined || place + 8 > sealed.length) return sealed;
  const digits = new Xxh32().update(withoutChecksum(sealed, place)).digest().toString(16).padStart(8, '0');
  sealed.set(encoder.encode(digits), place);
  return sealed;
}

/** A file whose header was changed as data. */
export function withHeader(bytes: Uint8Array, change: (header: Record<string, unknown>) => void): Uint8Array {
  const { header, data } = take(bytes);
  const parsed = JSON.parse(header) as Record<string, unknown>;
  change(parsed);
  return put(JSON.stringify(parsed), data);
}

/** A file of whose metadata a part was changed as data. */
export function withPart(bytes: Uint8Array, part: string, change: (value: never) => unknown): Uint8Array {
  return withHeader(bytes, (header) => {
    const metadata = header.__metadata__ as Record<string, string>;
    metadata[part] = JSON.stringify(change(JSON.parse(metadata[part]!) as never));
  });
}

/** The model of a file, or the typed error that it ends in. Other errors are those of the loader. */
export function tryOpen(bytes: Uint8Array): Model | FileFormatError | HeapSizeError {
  try {
    return deserialize(bytes, { backend });
  } catch (error) {
    if (error instanceof FileFormatError || error instanceof HeapSizeError) return error;
    throw error;
  }
}

const NUMBERS = [0, 1, -1, 2, 3, 7, 8, 64, 255, 65536, 1e6, 2 ** 31, 2 ** 32, 2 ** 53, 1e18, 1e308, 0.5, -0.25, 1e-9];
const STRINGS = [
  '',
  'x',
  '__proto__',
  'constructor',
  'toString',
  'F32',
  'F64',
  'I64',
  'dense',
  'adam',
  'custom',
  'layers.0.kernel',
];

function pick<T>(random: Random, items: readonly T[]): T {
  return items[random.integer(items.length)]!;
}

function anything(random: Random, depth = 0): unknown {
  const kind = random.integer(depth > 2 ? 4 : 7);
  if (kind === 0) return pick(random, NUMBERS);
  if (kind === 1) return pick(random, STRINGS);
  if (kind === 2) return random.integer(2) === 1;
  if (kind === 3) return null;
  const size = random.integer(4);
  if (kind === 4) return Array.from({ length: size }, () => anything(random, depth + 1));
  return Object.fromEntries(Array.from({ length: size }, () => [pick(random, STRINGS), anything(random, depth + 1)]));
}

/** Changes something somewhere in plain data. */
function mutateData(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || random.integer(12) === 0) return anything(random);
  const copy = structuredClone(value) as Record<string, unknown>;
  const keys = Object.keys(copy);
  const key = keys.length > 0 ? pick(random, keys) : '0';
  switch (random.integer(10)) {
    case 0:
      if (Array.isArray(copy)) copy.splice(Number(key), 1);
      else delete copy[key];
      return copy;
    case 1:
      if (Array.isArray(copy)) copy.push(anything(random));
      else
        copy[
          pick(
            random,
            [...STRINGS, ...keys].filter((name) => name !== '__proto__'),
          )
        ] = anything(random);
      return copy;
    case 2: {
      const other = keys.length > 0 ? pick(random, keys) : key;
      [copy[key], copy[other]] = [copy[other], copy[key]];
      return copy;
    }
    default:
      copy[key] = mutateData(copy[key], random);
      return copy;
  }
}

/** Changes bytes anywhere. */
export function mutateBytes(bytes: Uint8Array, random: Random): Uint8Array {
  const at = random.integer(bytes.length);
  const length = random.integer(random.integer(4) === 0 ? bytes.length - at : 9);
  const join = (...parts: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
  const copy = bytes.slice();
  switch (random.integer(7)) {
    case 0:
      copy[at] = copy[at]! ^ (1 << random.integer(8));
      return copy;
    case 1:
      copy[at] = random.integer(256);
      return copy;
    case 2:
      return bytes.slice(0, at);
    case 3:
      return join(bytes.subarray(0, at), bytes.subarray(at + length));
    case 4:
      return join(bytes.subarray(0, at), bytes.subarray(at, at + length), bytes.subarray(at));
    case 5:
      return join(
        bytes.subarray(0, at),
        Uint8Array.from({ length }, () => random.integer(256)),
        bytes.subarray(at),
      );
    default:
      copy.copyWithin(at, random.integer(bytes.length), random.integer(bytes.length));
      return copy;
  }
}

/** Changes the header's text: numbers, keys, quotes. */
function mutateText(text: string, random: Random): string {
  const tokens = [...text.matchAll(/-?\d+(?:\.\d+)?|"(?:[^"\\]|\\.)*"|[{}[\],:]/g)];
  const { 0: token, index } = pick(random, tokens);
  const put = (by: string) => text.slice(0, index) + by + text.slice(index + token.length);
  switch (random.integer(6)) {
    case 0:
      return put('');
    case 1:
      return put(`${token}${token}`);
    case 2:
      return put(pick(random, tokens)[0]);
    case 3: {
      const end = text.indexOf('}', index) + 1;
      return put(`${token}:0,${token}${text.slice(index, end).slice(token.length)}`);
    }
    case 4:
      return put(String(pick(random, NUMBERS)));
    default:
      return put(JSON.stringify(pick(random, STRINGS)));
  }
}

const WORDS = [0x7fc00000, 0x7f800000, 0xff800000, 0x7f800001, 0xffffffff, 0x80000000, 1, 0x7f7fffff];

function mutateNumbers(data: Uint8Array, random: Random): Uint8Array {
  const copy = data.slice();
  const view = new DataView(copy.buffer);
  for (let i = random.integer(4); i >= 0; i--) {
    view.setUint32(4 * random.integer(copy.length >> 2), pick(random, WORDS), true);
  }
  return copy;
}

export interface FuzzReport {
  readonly inputs: number;
  readonly refused: number;
  readonly loaded: number;
}

/** Opens mutated files; throws for any that neither loads nor is refused by a typed error, with all that is needed to see it again. */
export function fuzz(count: number, seed: number): FuzzReport {
  const files = samples();
  let refused = 0;
  // Stacks of errors that are expected take longer than the rest.
  const limit = Error.stackTraceLimit;
  for (let i = 0; i < count; i++) {
    // Each input by itself, so that one can be had again without those before.
    const random = new Random(seed * 2 ** 20 + i);
    // Mostly of the smallest, which are as good for most mutations and ten times as fast.
    const whole = files[Math.max(0, random.integer(24) - 20)]!;
    const { header, data } = take(whole);
    const way = random.integer(8);
    let bytes: Uint8Array;
    if (way < 2) {
      bytes = mutateBytes(whole, random);
    } else if (way === 2) {
      bytes = seal(mutateBytes(whole, random));
    } else if (way === 3) {
      bytes = put(mutateText(header, random), data);
    } else if (way === 4) {
      bytes = put(header, mutateNumbers(data, random));
    } else if (way === 5) {
      bytes = put(JSON.stringify(mutateData(JSON.parse(header), random)), data);
    } else {
      const part = pick(random, ['spec', 'compile', 'training', 'training', 'classNames']);
      bytes = withHeader(whole, (parsed) => {
        const metadata = parsed.__metadata__ as Record<string, string>;
        const text = metadata[part];
        metadata[part] = JSON.stringify(mutateData(text === undefined ? {} : JSON.parse(text), random)) ?? 'null';
      });
    }
    Error.stackTraceLimit = 0;
    try {
      const opened = tryOpen(bytes);
      if (opened instanceof Error) {
        refused++;
        continue;
      }
      if (way >= 2 && i % 4 > 0) continue;
      const again = serialize(opened);
      const same = way < 2 ? whole : serialize(deserialize(again, { backend }));
      if (Buffer.compare(again, same) !== 0) throw new Error('another model than the one that was saved');
    } catch (failure) {
      let cause = failure;
      Error.stackTraceLimit = 30;
      try {
        serialize(tryOpen(bytes) as Model);
      } catch (traced) {
        cause = traced;
      }
      throw new Error(`input ${i} of seed ${seed}: ${(cause as Error).stack}`, { cause });
    }
  }
  Error.stackTraceLimit = limit;
  return { inputs: count, refused, loaded: count - refused };
}

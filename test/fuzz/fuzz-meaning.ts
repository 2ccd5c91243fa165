import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { typescript } from '../../src/backends/typescript.js';
import type { Model } from '../../src/callbacks/interfaces.js';
import { curves, metricsText, shown } from '../../src/cli/terminal.js';
import { deserializeTabular } from '../../src/data/tabular/load.js';
import { internalsOf } from '../../src/engine/internals.js';
import { MyelinError } from '../../src/errors.js';
import { deserialize, serialize } from '../../src/io/save.js';
import { makeMatrix } from '../../src/matrix.js';
import { Random } from '../support/buffers.js';
import { put, samples, take } from './hostile.js';

// Files whose description says something else than it did: well-formed, with the right checksum, and opened, used for a
// prediction and a step of training. What comes is a result or a typed error, soon.

const backend = typescript();

interface Source {
  readonly name: string;
  readonly header: Record<string, unknown>;
  readonly parts: Record<string, unknown>;
  readonly data: Uint8Array;
  readonly pipeline: boolean;
}

function sourceOf(name: string, bytes: Uint8Array): Source {
  const { header: text, data } = take(bytes);
  const header = JSON.parse(text) as Record<string, unknown>;
  const metadata = header.__metadata__ as Record<string, string>;
  const parts = Object.fromEntries(
    Object.entries(metadata)
      .filter(([key]) => !['format', 'version', 'checksum'].includes(key))
      .map(([key, value]) => [key, JSON.parse(value)]),
  );
  return { name, header, parts, data, pipeline: name.endsWith('.myelin') };
}

/** Files of an earlier build, which hold every optimizer and pipelines, and those that hold the rest. */
export function sources(folder: string): readonly Source[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(myelin|safetensors)$/.test(name))
    .sort();
  const saved = files.map((name) => sourceOf(name, new Uint8Array(readFileSync(join(folder, name)))));
  // Large ones take longer and say nothing else.
  return [
    ...saved.filter(({ data }) => data.length < 200_000),
    ...samples().map((bytes, i) => sourceOf(`sample ${i}`, bytes)),
  ];
}

const NUMBERS = [
  0,
  -0,
  1,
  -1,
  2,
  3,
  7,
  64,
  255,
  65_537,
  1e6,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e18,
  1e308,
  -1e308,
  5e-324,
  0.5,
  1e-9,
];
const NEAR_ONE = [1 - 2 ** -53, 1 + 2 ** -52, 1 + 1e-9, 1 - 1e-9];
const TEXTS = [
  '',
  'x',
  'constructor',
  'toString',
  'NaN',
  '1',
  'relu',
  'adam',
  'ece',
  'warmup',
  'category',
  '\u001b[2J',
  'a'.repeat(5000),
];
const SCHEDULES = [
  { name: 'warmup', warmupSteps: 3, schedule: 0.1 },
  { name: 'cosineRestarts', initialLearningRate: 0.1, firstDecaySteps: 1, tMul: 1 + 2 ** -52 },
  { name: 'polynomial', initialLearningRate: 0.1, decaySteps: 1e9, power: 1e9, cycle: true },
  { name: 'stepDecay', initialLearningRate: 0.1, decaySteps: 1, decayRate: 1e300 },
  { name: 'oneCycle', maxLearningRate: 1e300, totalSteps: 1 },
];
const METRICS = [{ name: 'ece', bins: 1e15 }, { name: 'ece', bins: 65_536 }, { name: 'topK', k: 1e15 }, 'accuracy'];

const pick = <T>(random: Random, items: readonly T[]): T => items[random.integer(items.length)]!;
const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** Every place in plain data: the object or array, and the key. */
function placesOf(root: unknown): { readonly owner: Record<string, unknown>; readonly key: string }[] {
  const places: { owner: Record<string, unknown>; key: string }[] = [];
  const visit = (value: unknown) => {
    if (!isObject(value)) return;
    for (const key of Object.keys(value)) {
      places.push({ owner: value, key });
      visit(value[key]);
    }
  };
  visit(root);
  return places;
}

/** The value, so many times within itself, under a key of its own. */
function nested(value: unknown, key: string, times: number): unknown {
  let result = value;
  const most = Math.min(times, Math.ceil(500_000 / (JSON.stringify(value).length + 1)));
  for (let i = 0; i < most; i++)
    result = isObject(value) && !Array.isArray(value) ? { ...value, [key]: result } : [result];
  return result;
}

function other(value: unknown, random: Random): unknown {
  const kind = random.integer(isObject(value) ? 9 : 7);
  if (kind === 0) return pick(random, NUMBERS);
  if (kind === 1) return pick(random, NEAR_ONE);
  if (kind === 2) return pick(random, TEXTS);
  if (kind === 3) return pick(random, [null, true, false, [], {}]);
  if (kind === 4) return pick(random, [...SCHEDULES, METRICS]);
  if (kind === 5)
    return typeof value === 'number'
      ? value * pick(random, [-1, 2, 1e3, 1e9, 1e300])
      : JSON.stringify(value).slice(0, 100);
  if (kind === 6) return nested(pick(random, SCHEDULES), 'schedule', pick(random, [2, 20, 60]));
  if (kind === 7)
    return nested(value, pick(random, Object.keys(value as object).concat('schedule')), pick(random, [1, 3, 30, 60]));
  const most = Math.ceil(500_000 / (JSON.stringify(value).length + 1));
  const copies = Array.from({ length: Math.min(most, pick(random, [2, 100, 1000])) }, () => value);
  return Array.isArray(value) ? copies.flat() : copies;
}

/** Changes what a description says in a place or a few. */
function changed(parts: Record<string, unknown>, random: Random): Record<string, unknown> {
  const copy = structuredClone(parts);
  for (let i = random.integer(3); i >= 0; i--) {
    // Mostly of one part, which is drawn first: else nearly all changes would meet the longest.
    const part = pick(random, Object.keys(copy));
    const places = [{ owner: copy, key: part }, ...placesOf(copy[part])];
    const { owner, key } = pick(random, places);
    const twin = pick(random, places);
    switch (random.integer(8)) {
      case 0:
        if (Array.isArray(owner)) owner.splice(Number(key), 1);
        else delete owner[key];
        break;
      case 1:
        owner[key] = structuredClone(twin.owner[twin.key]);
        break;
      case 2:
        // Copies, since one may lie within the other.
        [owner[key], twin.owner[twin.key]] = structuredClone([twin.owner[twin.key], owner[key]]);
        break;
      case 3:
        if (Array.isArray(owner)) owner.push(structuredClone(owner[Number(key)]));
        else owner[pick(random, [...TEXTS, key])] = structuredClone(owner[key]);
        break;
      default:
        owner[key] = structuredClone(other(owner[key], random));
    }
  }
  return copy;
}

function bytesOf({ header, data }: Source, parts: Record<string, unknown>): Uint8Array {
  const { __metadata__: metadata, ...tensors } = header as { __metadata__: Record<string, string> };
  const kept = Object.fromEntries(
    Object.entries(metadata).filter(([key]) => ['format', 'version', 'checksum'].includes(key)),
  );
  const texts = Object.entries(parts).map(([key, value]) => [key, JSON.stringify(value) ?? 'null']);
  return put(JSON.stringify({ __metadata__: { ...kept, ...Object.fromEntries(texts) }, ...tensors }), data);
}

async function usePipeline(bytes: Uint8Array): Promise<void> {
  const pipeline = deserializeTabular(bytes, { backend });
  const { record } = pipeline;
  const row = Object.fromEntries(
    record.inputs.map(({ name, kind, mean, categories }) => [
      name,
      kind === 'category' ? (categories?.[0] ?? 'x') : (mean ?? 0),
    ]),
  );
  const gaps = Object.fromEntries(record.inputs.map(({ name }) => [name, null]));
  const label = record.classes?.[0] ?? 1;
  const uses = [
    () => pipeline.predict([row]),
    () => pipeline.predict([row, gaps]),
    () => pipeline.predictTable([row]),
    () => pipeline.warnings([{ ...row, more: 1 }]),
    () => pipeline.evaluate([{ ...row, [record.target]: label }]),
    () =>
      pipeline.explain(
        [row, row].map((item) => ({ ...item, [record.target]: label })),
        { repeats: 1 },
      ),
    () => pipeline.readOptions,
    () => [
      curves(record),
      metricsText(record.validation, { classes: record.classes, kind: pipeline.kinds[record.target] }),
      String(pipeline.model.summary()),
    ],
    () => record.inputs.map(({ min, max, kind }) => [shown(min, kind), shown(max, kind)]),
    () => pipeline.serialize(),
  ];
  for (const use of uses) typed(use);
}

/** Does something that may be refused, by a typed error. */
function typed(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    if (!(error instanceof MyelinError)) throw error;
  }
}

async function useModel(bytes: Uint8Array): Promise<void> {
  const model: Model = deserialize(bytes, { backend });
  const { network } = internalsOf(model).engine;
  const rows = 2;
  const filled = (width: number, value: number) => makeMatrix(new Float32Array(rows * width).fill(value), rows, width);
  const x = network.inputs.map(({ width }) => filled(width, 1));
  const y = network.outputs.map(({ value }) => {
    const node = network.nodes[value - network.inputs.length];
    return filled(node?.layer.units ?? network.inputs[value]!.width, 1);
  });
  const one = <T>(items: readonly T[]) => (items.length === 1 ? items[0]! : items) as never;
  typed(() => (y.length === 1 ? model.predict(one(x)) : model.predictOutputs(one(x))));
  typed(() => String(model.summary()));
  typed(() => model.trainOnBatch(one(x), one(y)));
  const labels = network.outputs.map(() => [0, 0]);
  typed(() => model.trainOnBatch(one(x), one(labels)));
  typed(() => serialize(model));
  const fitting = { epochs: 1, batchSize: 2, lint: false } as const;
  for (const resume of model.run === undefined ? [false] : [true, false]) {
    const options = resume ? { ...fitting, epochs: undefined as never, resume } : fitting;
    const { epochs: _, ...rest } = options;
    const given = resume ? rest : fitting;
    await model.fit(one(x), one(y), given as never).catch((error: unknown) => {
      if (!(error instanceof MyelinError)) throw error;
    });
  }
}

export interface MeaningReport {
  readonly inputs: number;
  readonly refused: number;
  readonly used: number;
  /** Milliseconds of the one that took longest, and which it was. */
  readonly longest: number;
  readonly input: number;
}

/** @throws for any input that ends in anything but a result or a typed error. */
export async function fuzzMeaning(
  folder: string,
  count: number,
  seed: number,
  { from = 0, tell = () => {} }: { readonly from?: number; readonly tell?: (input: number) => void } = {},
): Promise<MeaningReport> {
  const all = sources(folder);
  const pipelines = all.filter(({ pipeline }) => pipeline);
  let [refused, longest, input] = [0, 0, -1];
  const limit = Error.stackTraceLimit;
  for (let i = from; i < from + count; i++) {
    // Each by itself, so that one can be had again without those before.
    const random = new Random(seed * 2 ** 20 + i);
    const source = pick(random, random.integer(3) === 0 ? pipelines : all);
    const bytes = bytesOf(source, changed(source.parts, random));
    tell(i);
    Error.stackTraceLimit = 10;
    const began = performance.now();
    try {
      await (source.pipeline ? usePipeline(bytes) : useModel(bytes));
    } catch (error) {
      if (!(error instanceof MyelinError)) {
        throw new Error(`input ${i} of seed ${seed}, ${source.name}: ${(error as Error).stack}`, { cause: error });
      }
      refused++;
    } finally {
      Error.stackTraceLimit = limit;
    }
    const took = performance.now() - began;
    if (took > longest) [longest, input] = [took, i];
  }
  return { inputs: count, refused, used: count - refused, longest: Math.round(longest), input };
}

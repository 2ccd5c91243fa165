import * as myelin from '../../src/index.js';
import { Random } from '../support/buffers.js';
import { weightHash } from '../support/nn/models.js';
import { type Draw, draw } from './fuzz-models-draw.js';

// Random models trained on both backends, on two threads, and interrupted, saved and resumed: the same bits, or the same error.

export interface ModelsResult {
  readonly runs: number;
  /** That ended in an error of the library, the same on every path. */
  readonly refused: number;
  readonly resumed: number;
  readonly threaded: number;
}

/** What a run came to: all of it in one text, so that texts compare bits. */
type Outcome = string;

const STOP = new Error('stopped by the fuzzer');

/** A callback that throws after so many batches, across epochs. */
function stopAt(batches: number): myelin.Callback {
  let seen = 0;
  return {
    onBatchEnd() {
      if (++seen === batches) throw STOP;
    },
  };
}

/** Numbers of NaN have one pattern here: which one a computation leaves, engines may choose. */
function bits({ data }: myelin.Matrix): string {
  const plain = Float32Array.from(data, (value) => (Number.isNaN(value) ? Number.NaN : value));
  return Buffer.from(plain.buffer).toString('hex');
}

/** The first part in which two outcomes differ, from where they do. */
function difference(found: Outcome, expected: Outcome): string {
  const [a, b] = [found.split('\n'), expected.split('\n')];
  const part = a.findIndex((line, i) => line !== b[i]);
  const [mine, theirs] = [a[part] ?? '', b[part] ?? ''];
  let at = 0;
  while (at < mine.length && mine[at] === theirs[at]) at++;
  const cut = (line: string) => line.slice(Math.max(0, at - 40), at + 120);
  return `part ${part}, character ${at}: ${cut(mine)}\n  instead of ${cut(theirs)}`;
}

/** A number of JSON, also where JSON has none. */
const exact = (_: string, value: unknown) =>
  typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;

function tell(model: myelin.Model, { x, y }: Draw, history: myelin.History): Outcome {
  const { seconds: _, ...series } = history.history as Record<string, unknown>;
  const parts = [weightHash(model), bits(model.predict(x)), JSON.stringify(series, exact)];
  return [...parts, JSON.stringify(model.evaluate(x, y), exact), model.epochs].join('\n');
}

/** Runs all of it; a typed error is an outcome, too. Others are faults. */
async function outcome(run: () => Promise<Outcome>): Promise<Outcome> {
  try {
    return await run();
  } catch (error) {
    // The likely cause goes by losses of steps before, which files do not keep.
    if (error instanceof myelin.MyelinError) return `${error.name}: ${error.message.replace(/ Likely cause: .*/s, '')}`;
    throw error;
  }
}

function whole(drawn: Draw, backend: myelin.BackendFactory): Promise<Outcome> {
  return outcome(async () => {
    const model = drawn.build(backend);
    return tell(model, drawn, await model.fit(drawn.x, drawn.y, { ...drawn.fit, callbacks: drawn.callbacks() }));
  });
}

/** Stops after so many batches, goes through a file, goes on; undefined where training ends before. */
function inParts(
  drawn: Draw,
  [first, second]: readonly [myelin.BackendFactory, myelin.BackendFactory],
  batches: number,
  onStop: () => void,
) {
  return outcome(async () => {
    const { x, y, fit } = drawn;
    const model = drawn.build(first);
    try {
      const history = await model.fit(x, y, { ...fit, callbacks: [...drawn.callbacks(), stopAt(batches)] });
      return tell(model, drawn, history);
    } catch (error) {
      if (error !== STOP) throw error;
      onStop();
    }
    const loaded = myelin.deserialize(myelin.serialize(model), { backend: second });
    return tell(loaded, drawn, await loaded.fit(x, y, { ...fit, resume: true, callbacks: drawn.callbacks() }));
  });
}

/** Number `index` of a seed, whichever others are run. */
const randomOf = (seed: number, index: number) => new Random(seed * 1_000_003 + index);

/** `count` runs from number `from` on. @throws what differs, with the number of the run and all it was made of. */
export async function fuzzModels(
  count: number,
  seed: number,
  {
    from = 0,
    tell = () => {},
    ...thread
  }: { readonly from?: number; readonly tell?: (input: number) => void; readonly threadUrl?: string } = {},
): Promise<ModelsResult> {
  const [exactOne, twin] = [await myelin.wasm(), myelin.typescript()];
  const two = await myelin.wasm({ threads: 2, ...thread });
  let [refused, resumed, threaded] = [0, 0, 0];
  try {
    for (let i = from; i < from + count; i++) {
      tell(i);
      const random = randomOf(seed, i);
      const drawn = draw(random);
      const paths: [string, () => Promise<Outcome>][] = [['typescript', () => whole(drawn, twin)]];
      const batches = 1 + random.integer(6);
      const pair = random.integer(2) === 0 ? ([exactOne, twin] as const) : ([twin, exactOne] as const);
      const stopped = () => void resumed++;
      paths.push([
        `after ${batches} batches from ${pair[0].name} to ${pair[1].name}`,
        () => inParts(drawn, pair, batches, stopped),
      ]);
      if (drawn.x.columns >= 16 || i % 16 === 0) {
        threaded++;
        paths.push(['two threads', () => whole(drawn, two)]);
      }
      let where = 'wasm';
      try {
        const expected = await whole(drawn, exactOne);
        if (/^\w+Error: /.test(expected)) refused++;
        for (const [path, run] of paths) {
          where = path;
          const found = await run();
          if (found !== expected) throw new Error(difference(found, expected));
        }
      } catch (error) {
        const made = JSON.stringify(drawn.told, exact);
        throw new Error(`seed ${seed}, run ${i}, ${where}: ${(error as Error).stack}\n${made}`);
      }
    }
  } finally {
    two.dispose?.();
  }
  return { runs: count, refused, resumed, threaded };
}

import { Session } from 'node:inspector';
import { setFlagsFromString } from 'node:v8';

// Counts what code of src does, instead of timing it: how often each of its blocks runs, as V8 counts for coverage, and how
// many characters or numbers the built-in functions look at that run over texts and arrays.

type Method = (this: { readonly length: number }, ...args: never[]) => unknown;

/** What a call looks at, by its receiver, arguments and result. */
type Cost = (self: { readonly length: number }, args: readonly unknown[], result: unknown) => number;

const all: Cost = (self) => self.length;
const found: Cost = (self, [, from = 0], result) => {
  const start = Math.max(0, from as number);
  return typeof result === 'number' && result >= 0 ? result - start + 1 : Math.max(0, self.length - start);
};
const foundLast: Cost = (self, _, result) => self.length - Math.max(0, result as number);
const given: Cost = (_, [value]) => (value as { readonly length?: number } | undefined)?.length ?? 0;
const made: Cost = (_, __, result) => (result as { readonly length: number }).length;

const filled: Cost = (self, [, from = 0, to = self.length]) => (to as number) - (from as number);

const typedArray = Object.getPrototypeOf(Uint8Array.prototype) as object;

const counted: readonly (readonly [object, Readonly<Record<string, Cost>>])[] = [
  [typedArray, { set: given, slice: made, indexOf: found, lastIndexOf: foundLast, fill: filled, sort: all }],
  [
    Array.prototype,
    {
      slice: made,
      concat: made,
      includes: all,
      indexOf: found,
      lastIndexOf: foundLast,
      fill: filled,
      join: all,
      sort: all,
      splice: all,
      shift: all,
    },
  ],
  [
    String.prototype,
    {
      indexOf: found,
      split: all,
      replaceAll: all,
      replace: all,
      trim: all,
      trimStart: all,
      trimEnd: all,
      toLowerCase: all,
    },
  ],
  [TextDecoder.prototype, { decode: given }],
  [TextEncoder.prototype, { encode: given }],
  [JSON, { parse: given }],
  [Object, { keys: made, entries: made, fromEntries: given }],
];

// V8 counts the blocks of functions that it compiles while it counts, and of all others only some calls: so counting begins with
// this file, which vitest.config.ts has imported before anything of src. Optimized code does not count the calls that it inlines, and
// when that begins is another moment on every engine: nothing is optimized here.
setFlagsFromString('--no-opt');
setFlagsFromString('--no-maglev');
const session = new Session();
session.connect();
const post = (method: string, parameters: object = {}) =>
  new Promise<unknown>((resolve, reject) => {
    session.post(method, parameters, (error, result) => (error ? reject(error) : resolve(result)));
  });
await post('Profiler.enable');
await post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });

/** Runs `task`, and returns how much it does: the same for the same task. Files whose URL `except` matches do not count. */
export async function workOf(task: () => Promise<unknown>, except?: RegExp): Promise<number> {
  let work = 0;
  const undo: (() => void)[] = [];
  for (const [holder, costs] of counted) {
    for (const [name, cost] of Object.entries(costs)) {
      const methods = holder as Record<string, Method>;
      const method = methods[name]!;
      methods[name] = function (this: { readonly length: number }, ...args: never[]) {
        const result = method.apply(this, args);
        work += cost(this, args, result);
        return result;
      };
      undo.push(() => {
        methods[name] = method;
      });
    }
  }
  try {
    await post('Profiler.takePreciseCoverage');
    work = 0;
    await task();
  } finally {
    for (const back of undo) back();
  }
  const { result } = (await post('Profiler.takePreciseCoverage')) as {
    result: { url: string; functions: { ranges: { count: number }[] }[] }[];
  };
  const functions = result
    .filter(({ url }) => url.includes('/src/') && !except?.test(url))
    .flatMap(({ functions }) => functions);
  if (!functions.some(({ ranges }) => ranges.length > 1)) throw new Error('no blocks of src were counted');
  return functions.flatMap(({ ranges }) => ranges).reduce((sum, { count }) => sum + count, work);
}

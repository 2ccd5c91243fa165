import exact from '../../build/kernels.core.wasm.js';
import { checkBoolean, checkOptions, lookUp, MyelinError } from '../errors.js';
import type { BackendFactory } from '../kernels/contract.js';
import { provideRareParts } from '../rare.js';
import { Extras, partOf, withoutExtras } from './extras.js';
import { instances } from './instance.js';
import type { KernelParts, KernelSource } from './sources.js';
import { unpack } from './unpack.js';

/** Options of threads, for `wasm` and `auto`. */
export interface ThreadOptions {
  /**
   * The number of threads that compute together; 'auto' for one per core up to 8, or 1 where threads are not available,
   * `reason` saying why; default 1. Results are the same to the bit. Needs shared memory: an isolated page, or Node
   * 20.16 or newer, but not 21 or 22.0 to 22.2.
   */
  readonly threads?: number | 'auto';
  /**
   * The address of the script `myelin/thread.js`, for bundlers that move it and do not know where to
   * (docs/runtimes.md): relative ones to the page, or in Node a path. Default: next to this module.
   */
  readonly threadUrl?: string | URL;
}

/** Options of `wasm`. */
export interface WasmOptions extends ThreadOptions {
  /**
   * 'exact' (the default) computes the bits of the TypeScript backend on every engine. 'fast' fuses multiplications and
   * additions (relaxed SIMD: Node 21, Chrome 114, Firefox 145 or newer), so its bits depend on the machine; its errors
   * stay within the same tolerances. Where the engine does not fuse, 'fast' takes exact arithmetic. The backend's `reason`
   * says what it took and why.
   */
  readonly math?: 'exact' | 'fast';
  /**
   * Loads the extra kernels as well, a chunk of 11 KB with gzip; default true. They are compiled at the first model that
   * needs one: without blocking in `fit` and `load`, else at once. The core does without them: dense layers with relu, sigmoid,
   * tanh and softmax, batch normalization and dropout, the crossentropies and the mean squared error, sgd, adam and adamw. With
   * false, using a model that needs one of the others throws a StateError. Not together with `source`.
   */
  readonly extras?: boolean;
  /**
   * The compute kernels: the file `myelin/kernels.wasm`, or `myelin/kernels.core.wasm` and, for models that need them,
   * `myelin/kernels.extras.wasm` and `myelin/kernels.special.wasm` as `{ core, extras, special }`; each as its URL, what `fetch`
   * returns, its bytes or a compiled module. A response of type application/wasm is compiled while it arrives. Default: the
   * embedded ones.
   */
  readonly source?: KernelSource | KernelParts;
}

type Rest = typeof import('./rest.js');
type MathKind = NonNullable<WasmOptions['math']>;

async function compile(source: BufferSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw new Error('this engine has no WebAssembly');
  return WebAssembly.compile(source);
}

const embedded = {
  exact: {
    core: async () => unpack(exact),
    extras: async () => (await import('./embedded/exact.js')).texts,
  },
  fast: {
    core: async () => unpack((await import('../../build/kernels.fast.core.wasm.js')).default),
    extras: async () => (await import('./embedded/fast.js')).texts,
  },
};

/** The modules that have been compiled before, or are being. */
const cores: Partial<Record<MathKind, Promise<WebAssembly.Module>>> = {};
const extras: Partial<Record<MathKind, Promise<Extras>>> = {};

const LEFT_OUT = 'which wasm({ extras: false }) leaves out: open the backend without that option';
const leftOut = withoutExtras(LEFT_OUT);

/** Returns what `make` promised before under this name; what fails is tried again. */
function once<T>(known: Partial<Record<MathKind, Promise<T>>>, math: MathKind, make: () => Promise<T>): Promise<T> {
  const promise = known[math] ?? make();
  known[math] = promise;
  promise.catch(() => delete known[math]);
  return promise;
}

/** Returns what returns the bytes of the module beyond the core that has a kernel. */
async function extraBytes(math: MathKind): Promise<(kernel: string) => Uint8Array<ArrayBuffer>> {
  const texts = await embedded[math].extras();
  return (kernel) => unpack(texts[partOf(kernel)] as string);
}

/** Returns the embedded modules, the extras as bytes. */
async function embeddedModules(math: MathKind, more: boolean): Promise<{ core: WebAssembly.Module; extras: Extras }> {
  const [core, others] = await Promise.all([
    once(cores, math, () => embedded[math].core().then(compile)),
    more ? once(extras, math, async () => new Extras(await extraBytes(math))) : leftOut,
  ]);
  return { core, extras: others };
}

async function start(options: WasmOptions, rest: Promise<Rest>): Promise<BackendFactory> {
  const { math: asked = 'exact', source, threads, extras: more = true } = options;
  lookUp({ exact: true, fast: true }, asked, 'wasm.math');
  checkBoolean(more, 'wasm.extras');
  const plan = asked === 'fast' ? (await import('./fused.js')).planFast() : undefined;
  const { math = asked, tall, reason } = plan ?? {};
  const own =
    source === undefined ? undefined : await (await import('./own-kernels.js')).openOwn(options, instances, tall);
  const reasons = reason ? [reason] : [];
  if (threads !== undefined) {
    // The code for threads is loaded only where threads are asked for.
    const { openThreads } = await import('./threads/pool.js');
    const bytes = { core: embedded[math].core, extras: more ? () => extraBytes(math) : LEFT_OUT };
    const opened = await openThreads({ ...options, math, tall, reason }, instances, compile, () =>
      own ? own.bytes() : bytes,
    );
    if (typeof opened === 'object') return opened;
    if (opened) reasons.push(opened);
  }
  const [modules, { opener }] = await Promise.all([own?.modules() ?? embeddedModules(math, more), rest]);
  return {
    name: 'wasm',
    math,
    threads: 1,
    open: opener(modules, instances, tall),
    prepare: instances.preparing(modules.core, modules.extras),
    ...(reasons[0] ? { reason: reasons.join(' ') } : {}),
  };
}

/**
 * Returns the WebAssembly SIMD backend.
 * @throws BackendError where the engine lacks WebAssembly SIMD (or relaxed SIMD, for `math: 'fast'`), a content policy
 * forbids it, or as many threads are not available; `auto()` does without.
 */
export async function wasm(options: WasmOptions = {}): Promise<BackendFactory> {
  checkOptions(options, ['math', 'extras', 'source', 'threads', 'threadUrl'], 'wasm');
  try {
    const rest = import('./rest.js');
    const [backend, { rareParts }] = await Promise.all([start(options, rest), rest]);
    provideRareParts(rareParts);
    return backend;
  } catch (thrown) {
    if (thrown instanceof MyelinError) throw thrown;
    throw (await import('./refused.js')).cannotStart(thrown);
  }
}

import core from '../../build/kernels.core.wasm.js';
import { instances } from '../backends/instance.js';
import { instantiateSource, openSource } from '../backends/open-source.js';
import type { KernelSource } from '../backends/sources.js';
import { unpack } from '../backends/unpack.js';
import { asError, BackendError, MyelinError, noRoom, ValueError } from '../errors.js';
import { type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';
import type { Store } from './store.js';

/** The build of the kernels. */
export type KernelMath = 'exact' | 'fast';

const texts = {
  exact: async () => [core, ...(await import('../backends/embedded/exact.js')).texts],
  fast: async () => [
    (await import('../../build/kernels.fast.core.wasm.js')).default,
    ...(await import('../backends/embedded/fast.js')).texts,
  ],
};

const compiled: Partial<Record<KernelMath, Promise<readonly WebAssembly.Module[]>>> = {};

/** Returns the embedded kernels, modules for one memory, compiled once. */
function embedded(math: KernelMath): Promise<readonly WebAssembly.Module[]> {
  compiled[math] ??= texts[math]().then((all) => Promise.all(all.map((text) => WebAssembly.compile(unpack(text)))));
  compiled[math].catch(() => delete compiled[math]);
  return compiled[math];
}

const EXPECTED = { argument: 'openKernels.source', file: 'myelin/kernels.wasm' };

/** Refuses a module of something else or of another version. */
function checkExports(exports: WebAssembly.Exports, names: readonly string[]): void {
  const missing = names.filter((name) => typeof exports[name] !== 'function');
  if (missing.length === 0) return;
  throw new ValueError({
    argument: 'openKernels.source',
    given:
      missing.length === names.length ? 'a module without the compute kernels' : `one without ${missing.join(', ')}`,
    expected: "this version's myelin/kernels.wasm",
  });
}

interface WasmStoreOptions {
  readonly elements: number;
  readonly math: KernelMath;
  /** See `FastPlan`. */
  readonly tall: boolean;
  readonly source: KernelSource | undefined;
  /** The names of all kernels. */
  readonly names: readonly string[];
}

async function start({ elements, math, tall, source, names }: WasmStoreOptions): Promise<Store> {
  if (typeof WebAssembly !== 'object') throw new Error('this engine has no WebAssembly');
  const opened = source === undefined ? await embedded(math) : [await openSource(source, EXPECTED)];
  const memory = instances.allocate(elements);
  const instantiated = await Promise.all(opened.map((module) => instantiateSource(module, memory, tall, EXPECTED)));
  const exports: WebAssembly.Exports = Object.assign({}, ...instantiated.map(({ instance }) => instance.exports));
  checkExports(exports, names);
  let heap = new Float32Array(memory.buffer);
  return {
    get heap() {
      return heap;
    },
    kernels: exports as unknown as Kernels,
    grow(needed) {
      const pages = Math.ceil(needed / PAGE_ELEMENTS) - memory.buffer.byteLength / (4 * PAGE_ELEMENTS);
      try {
        memory.grow(pages);
      } catch (thrown) {
        throw noRoom(needed, thrown);
      }
      heap = new Float32Array(memory.buffer);
    },
  };
}

/** Returns the WebAssembly kernels over a memory that can grow. @throws BackendError, ValueError */
export async function wasmStore(options: WasmStoreOptions): Promise<Store> {
  try {
    return await start(options);
  } catch (thrown) {
    if (thrown instanceof MyelinError) throw thrown;
    const cause = asError(thrown);
    throw new BackendError(
      `The WebAssembly kernels cannot start: ${cause.message.replace(/\.$/, '')}. They need WebAssembly SIMD and, on pages ` +
        "with a content policy, script-src 'wasm-unsafe-eval'; openKernels({ backend: 'typescript' }) runs without.",
      { cause },
    );
  }
}

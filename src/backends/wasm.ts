import exact from '../../build/kernels.wasm.js';
import { asError, BackendError, checkOptions, lookUp } from '../errors.js';
import type { Backend, BackendFactory } from '../kernels/contract.js';
import { instances } from './instance.js';
import { unpack } from './unpack.js';

/** A `WebAssembly.Module`, by a name that programs without the DOM's types know. */
export type CompiledModule = object;

export interface ThreadOptions {
  /**
   * How many threads compute together, 'auto' for one per core up to 8; default 1. Results are the same to the bit.
   * Needs shared memory: Node 20.16 or newer, or an isolated page.
   */
  readonly threads?: number | 'auto';
  /** Where the file `thread.js` of this package lies, for bundlers that move it; default beside this module. */
  readonly threadUrl?: string | URL;
}

export interface WasmOptions extends ThreadOptions {
  /**
   * 'exact' (the default) computes the bits of the TypeScript backend on every engine. 'fast' fuses multiplications and
   * additions (relaxed SIMD: Node 21, Chrome 114, Firefox 145 or newer), so its bits depend on the machine; its errors
   * stay within the same tolerances. Where the engine does not fuse, 'fast' takes exact arithmetic. The backend's `reason`
   * says what it took and why.
   */
  readonly math?: 'exact' | 'fast';
  /** The compute kernels, where the embedded ones cannot be used: the file `myelin/kernels.wasm` or its compiled module. */
  readonly source?: ArrayBuffer | ArrayBufferView<ArrayBuffer> | CompiledModule;
}

type MathKind = NonNullable<WasmOptions['math']>;

const embedded: Partial<Record<MathKind, Promise<WebAssembly.Module>>> = {};

async function compile(source: BufferSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw new Error('this engine has no WebAssembly');
  return WebAssembly.compile(source);
}

async function embeddedBytes(math: MathKind): Promise<Uint8Array<ArrayBuffer>> {
  return unpack(math === 'exact' ? exact : (await import('../on-demand/fast.js')).default);
}

function open(module: WebAssembly.Module, elements: number, tall?: boolean): Backend {
  const memory = instances.allocate(elements);
  const kernels = instances.instantiate(module, memory, tall);
  return { heap: new Float32Array(memory.buffer), kernels, longestCall: instances.longestCall };
}

/**
 * The WebAssembly SIMD backend.
 * @throws BackendError where the engine lacks WebAssembly SIMD (or relaxed SIMD, for `math: 'fast'`) or a content policy
 * forbids compiling; `auto()` falls back instead.
 */
export async function wasm(options: WasmOptions = {}): Promise<BackendFactory> {
  checkOptions(options, ['math', 'source', 'threads', 'threadUrl'], 'wasm');
  // Code for threads is loaded by those who ask for them.
  const pools = options.threads === undefined ? undefined : await import('../on-demand/threads.js');
  const threads = pools ? pools.checkThreads(options.threads) : 1;
  const { math: asked = 'exact', source } = options;
  lookUp({ exact: true, fast: true }, asked, 'wasm.math');
  const plan = asked === 'fast' ? (await import('../on-demand/relaxed.js')).planFast() : undefined;
  const { math = asked, tall } = plan ?? {};
  const described = { name: 'wasm', math, threads, ...(plan && { reason: plan.reason }) } as const;
  const given = source === undefined ? undefined : await import('../on-demand/own-kernels.js');
  given?.checkSource(source);
  const shareable = pools && threads > 1 ? (pools.bytesOf(source) ?? (await embeddedBytes(math))) : undefined;
  let module: WebAssembly.Module;
  try {
    if (pools && shareable) {
      module = await compile(pools.withSharedMemory(shareable));
    } else if (source === undefined) {
      embedded[math] ??= embeddedBytes(math).then(compile);
      module = await embedded[math];
    } else {
      module = source instanceof WebAssembly.Module ? source : await compile(source as BufferSource);
    }
  } catch (thrown) {
    if (source === undefined) delete embedded[math];
    const cause = asError(thrown);
    const why = cause.message;
    throw new BackendError(
      `The WebAssembly backend cannot start: ${why}. It needs WebAssembly SIMD (Node 20, Chrome 91, Firefox 89, ` +
        "Safari 16.4 or newer) and, on pages with a content policy, script-src 'wasm-unsafe-eval'. " +
        'auto() and typescript() run without.',
      { cause },
    );
  }
  given?.checkModule(module);
  if (pools && threads > 1) {
    const pool = await pools.openPool(instances, module, threads, options.threadUrl, tall);
    return { ...described, open: (elements) => pool.open(elements), dispose: () => pool.terminate() };
  }
  return { ...described, open: (elements) => open(module, elements, tall) };
}

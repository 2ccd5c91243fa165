import exact from '../../build/kernels.wasm.js';
import { asError, BackendError, checkOptions, lookUp, MyelinError } from '../errors.js';
import type { Backend, BackendFactory } from '../kernels/contract.js';
import { instances } from './instance.js';
import { noRoom } from './no-room.js';
import { unpack } from './unpack.js';

/** A `WebAssembly.Module`, by a name that programs without the DOM's types know. */
export type CompiledModule = object;

/** Options of threads, for `wasm` and `auto`. */
export interface ThreadOptions {
  /**
   * The number of threads that compute together; 'auto' for one per core up to 8, or 1 where threads cannot be had,
   * `reason` saying why; default 1. Results are the same to the bit. Needs shared memory: an isolated page, or Node
   * 20.16 or newer, but not 21 or 22.0 to 22.2.
   */
  readonly threads?: number | 'auto';
  /**
   * The address of the script `myelin/thread.js`, for bundlers that move it and do not know where to
   * (docs/runtimes.md): relative ones to the page, or in Node a path. Default: beside this module.
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
   * The compute kernels: the file `myelin/kernels.wasm` or its compiled module. Default: those embedded in this
   * package; give them where they cannot be used.
   */
  readonly source?: ArrayBuffer | ArrayBufferView<ArrayBuffer> | CompiledModule;
}

type MathKind = NonNullable<WasmOptions['math']>;

const embedded: Partial<Record<MathKind, Promise<WebAssembly.Module>>> = {};

async function compile(source: BufferSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') throw new Error('this engine has no WebAssembly');
  return WebAssembly.compile(source);
}

async function embeddedBytes(math: MathKind): Promise<Uint8Array<ArrayBuffer>> {
  return unpack(math === 'exact' ? exact : (await import('../../build/kernels.fast.wasm.js')).default);
}

function open(module: WebAssembly.Module, elements: number, tall?: boolean): Backend {
  const memory = instances.allocate(elements);
  const kernels = instances.instantiate(module, memory, tall);
  return { heap: new Float32Array(memory.buffer), kernels, longestCall: instances.longestCall };
}

/** Some engines refuse only here, for a content policy or for want of address space. */
function tryOut(module: WebAssembly.Module): WebAssembly.Module {
  open(module, 1);
  return module;
}

function embeddedModule(math: MathKind): Promise<WebAssembly.Module> {
  embedded[math] ??= embeddedBytes(math).then(compile).then(tryOut);
  embedded[math].catch(() => delete embedded[math]);
  return embedded[math];
}

async function moduleOf(source: object): Promise<WebAssembly.Module> {
  const { checkModule } = await import('./own-kernels.js');
  const module = source instanceof WebAssembly.Module ? source : await compile(source as BufferSource);
  checkModule(module);
  return tryOut(module);
}

async function start(options: WasmOptions): Promise<BackendFactory> {
  const { math: asked = 'exact', source, threads } = options;
  lookUp({ exact: true, fast: true }, asked, 'wasm.math');
  const plan = asked === 'fast' ? (await import('./fused.js')).planFast() : undefined;
  const { math = asked, tall, reason } = plan ?? {};
  if (source !== undefined) (await import('./own-kernels.js')).checkSource(source);
  const reasons = reason === undefined ? [] : [reason];
  if (threads !== undefined) {
    // Code for threads is loaded by those who ask for them.
    const { openThreads } = await import('./threads/pool.js');
    const opened = await openThreads({ ...options, math, tall }, instances, compile, () => embeddedBytes(math));
    if (typeof opened === 'object') return plan ? { ...opened, reason: plan.reason } : opened;
    if (opened) reasons.push(opened);
  }
  const module = await (source === undefined ? embeddedModule(math) : moduleOf(source));
  return {
    name: 'wasm',
    math,
    threads: 1,
    open(elements) {
      try {
        return open(module, elements, tall);
      } catch (thrown) {
        // It has been instantiated before, so that room is what lacks.
        throw thrown instanceof MyelinError ? thrown : noRoom(elements, thrown);
      }
    },
    ...(reasons[0] === undefined ? {} : { reason: reasons.join(' ') }),
  };
}

/**
 * The WebAssembly SIMD backend.
 * @throws BackendError where the engine lacks WebAssembly SIMD (or relaxed SIMD, for `math: 'fast'`), a content policy
 * forbids it, or as many threads cannot be had; `auto()` does without.
 */
export async function wasm(options: WasmOptions = {}): Promise<BackendFactory> {
  checkOptions(options, ['math', 'source', 'threads', 'threadUrl'], 'wasm');
  try {
    return await start(options);
  } catch (thrown) {
    if (thrown instanceof MyelinError) throw thrown;
    const cause = asError(thrown);
    const why = cause.message;
    throw new BackendError(
      `The WebAssembly backend cannot start: ${why.split('\n', 1).join('').replace(/\.$/, '')}. It needs WebAssembly SIMD (Node 20, Chrome 97, ` +
        "Firefox 104, Safari 16.4 or newer) and, on pages with a content policy, script-src 'wasm-unsafe-eval'. " +
        'Where nothing may be compiled (workerd), wasm({ source }) takes a compiled module; auto() and typescript() run without.',
      { cause },
    );
  }
}

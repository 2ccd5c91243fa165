import { instantiateSync } from '@assemblyscript/loader';
import bytes from '../../build/kernels.wasm';
import { BackendError } from '../errors.js';
import { type Backend, type BackendFactory, type Kernels, PAGE_ELEMENTS } from '../kernels/contract.js';

export interface WasmOptions {
  /** The compute kernels, where the embedded ones cannot be used: the file `myelin/kernels.wasm` or its compiled module. */
  readonly source?: BufferSource | WebAssembly.Module;
}

let embedded: Promise<WebAssembly.Module> | undefined;

function compile(source: BufferSource): Promise<WebAssembly.Module> {
  if (typeof WebAssembly !== 'object') return Promise.reject(new Error('this engine has no WebAssembly'));
  return WebAssembly.compile(source);
}

function open(module: WebAssembly.Module, elements: number): Backend {
  const memory = new WebAssembly.Memory({ initial: Math.ceil(elements / PAGE_ELEMENTS) });
  // The loader's own exports are wrapped; hot calls are linked to the instance's.
  const { instance } = instantiateSync(module, { env: { memory } });
  return { heap: new Float32Array(memory.buffer), kernels: instance.exports as unknown as Kernels, longestCall: 2e8 };
}

/**
 * The WebAssembly SIMD backend.
 * @throws BackendError where the engine lacks WebAssembly SIMD or a content policy forbids compiling; `auto()` falls
 * back instead.
 */
export async function wasm(options: WasmOptions = {}): Promise<BackendFactory> {
  const { source } = options;
  try {
    let module: WebAssembly.Module;
    if (source === undefined) {
      embedded ??= compile(bytes);
      module = await embedded;
    } else {
      module = source instanceof WebAssembly.Module ? source : await compile(source);
    }
    return { name: 'wasm', open: (elements) => open(module, elements) };
  } catch (cause) {
    if (source === undefined) embedded = undefined;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BackendError(
      `The WebAssembly backend cannot start: ${why}. It needs WebAssembly SIMD (Node 16.4, Chrome 91, Firefox 89, ` +
        "Safari 16.4 or newer) and, on pages with a content policy, script-src 'wasm-unsafe-eval'. " +
        'auto() and typescript() run without.',
      { cause },
    );
  }
}

import { show, ValueError } from '../errors.js';
import { isA, isPromise } from '../realms.js';
import type { Extras } from './extras.js';
import type { instances } from './instance.js';
import type { KernelBytes, KernelParts, KernelSource } from './sources.js';

const isModule = (source: unknown): source is KernelSource =>
  isA(source, 'ArrayBuffer', 'WebAssembly.Module') || ArrayBuffer.isView(source);

function checkPart(source: unknown, argument: string, expected: string): asserts source is KernelSource {
  if (isModule(source)) return;
  throw new ValueError({ argument, given: isPromise(source) ? 'a promise' : show(source), expected });
}

/** Reads the kernels that users bring, one module or two. @throws ValueError for what is no module */
export function readSource(source: unknown, extras: unknown): KernelParts {
  if (extras !== undefined) {
    const hint = 'A whole module has the extras within; of two, leave out source.extras.';
    throw new ValueError({
      argument: 'wasm.extras',
      given: `${show(extras)} beside source`,
      expected: 'nothing',
      hint,
    });
  }
  const parts = source as Partial<KernelParts> | undefined;
  if (isModule(source) || typeof parts?.core !== 'object') {
    const bytes = 'the bytes of myelin/kernels.wasm, or a WebAssembly.Module of them';
    checkPart(source, 'wasm.source', bytes);
    return { core: source };
  }
  const file = (part: string) => `the bytes of myelin/kernels.${part}.wasm, or a WebAssembly.Module of them`;
  checkPart(parts.core, 'wasm.source.core', file('core'));
  if (parts.extras !== undefined) checkPart(parts.extras, 'wasm.source.extras', file('extras'));
  return { core: parts.core, extras: parts.extras };
}

/** Why users that bring only one module have no extras, should it lack some. */
export const NOT_BROUGHT = 'which wasm({ source }) was not given: pass { core, extras }, or all of myelin/kernels.wasm';

/** Returns the bytes that users bring, to be rewritten for shared memory; a compiled module no longer has any. */
function bytesOf(source: unknown): Uint8Array {
  if (isA<ArrayBuffer>(source, 'ArrayBuffer')) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  throw new ValueError({
    argument: 'wasm.source',
    given: 'a compiled module',
    expected: 'the bytes of myelin/kernels.wasm',
    hint: 'With threads the module is rewritten for shared memory before it is compiled.',
  });
}

/** Returns the bytes of what users bring, for threads. @throws ValueError for compiled modules */
export function broughtBytes({ core, extras }: KernelParts): KernelBytes {
  const [own, others] = [bytesOf(core), extras === undefined ? undefined : bytesOf(extras)];
  return { core: async () => own, extras: others === undefined ? NOT_BROUGHT : async () => () => others };
}

/** @throws ValueError for modules that are not the kernels */
export async function compileOwn(
  { core, extras }: KernelParts,
  { Extras, withoutExtras }: typeof instances,
  compile: (bytes: BufferSource) => Promise<WebAssembly.Module>,
): Promise<{ readonly core: WebAssembly.Module; readonly extras: Extras }> {
  const moduleOf = async (source: KernelSource, part: 'core' | 'extras', kernel: string) => {
    const module = source instanceof WebAssembly.Module ? source : await compile(source as BufferSource);
    if (WebAssembly.Module.exports(module).some(({ name }) => name === kernel)) return module;
    throw new ValueError({
      argument: extras === undefined ? 'wasm.source' : `wasm.source.${part}`,
      given: 'a module without the compute kernels',
      expected: `this version's myelin/${extras === undefined ? 'kernels' : `kernels.${part}`}.wasm`,
    });
  };
  const module = await moduleOf(core, 'core', 'denseForward');
  if (extras === undefined) return { core: module, extras: withoutExtras(NOT_BROUGHT) };
  const brought = new Extras(() => extras as BufferSource);
  brought.module = await moduleOf(extras, 'extras', 'geluForward');
  return { core: module, extras: brought };
}
